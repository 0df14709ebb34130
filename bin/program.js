import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

/** The whole program as one script, and what V8 of this version compiled it to when it was built. */
const scriptFile = new URL('../dist/program.cjs', import.meta.url)
export const cacheFile = new URL(`../dist/program-${process.versions.v8}-${process.arch}.code`, import.meta.url)

/**
 * A command lives for less than a second: compiling functions again, optimised, costs more than it gains until they are
 * really hot. `lock update` of kde-full with Recommends: 1.1 s of processor time instead of 1.7; cold, with its decompression, the same 1.8.
 * Measured with the V8 of Node 20; other versions keep their own budgets.
 */
export function tuneEngine() {
  if (!process.versions.v8.startsWith('11.3.')) return
  setFlagsFromString('--interrupt-budget=700000')
  // Nearly all that is built lives until the end. A young generation that grows at once copies it less often: `lock update` of gnome
  // takes 0.77 s of processor time instead of 0.80.
  setFlagsFromString('--semi-space-growth-factor=16')
}

/**
 * The code that was compiled at build time; undefined when this V8 is another one. Loading and compiling sixty modules takes 0.06 s of
 * processor time otherwise. It lies beside the program, where only those can write who can change the program itself; nothing ever
 * writes it but the build.
 */
export function readCompiledCode() {
  try {
    return readFileSync(cacheFile)
  } catch {
    return undefined
  }
}

/**
 * @param cachedData V8 checks that it is of this version, these flags and this source; what it refuses it compiles again
 * @returns the script, and the function that it defines
 */
export function compileProgram(cachedData) {
  // The build writes ASCII alone: read as latin1 it needs no decoding, and one byte per character.
  const script = new Script(readFileSync(scriptFile, 'latin1'), {
    filename: scriptFile.pathname,
    ...(cachedData === undefined ? {} : { cachedData }),
  })
  const define = script.runInThisContext()
  const module = { exports: {} }
  define(module.exports, createRequire(scriptFile), module)
  return { script, main: module.exports.main }
}
