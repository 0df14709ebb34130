// Bundled, a dynamic import of a CommonJS package has a default export only; named exports survive through a module of our own.
export { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
