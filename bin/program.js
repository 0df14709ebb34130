const { readFileSync } = require('node:fs')
const { createRequire, isBuiltin } = require('node:module')
const { join } = require('node:path')
const { setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')

/**
 * The script that has the command of this command line: the whole program, or what `lock update` alone needs of it. Loading that takes 12 ms
 * instead of 20.
 */
function scriptFor([topic, command]) {
  return topic === 'lock' && command === 'update' ? 'lock-update' : 'program'
}

function scriptFileOf(name) {
  return join(__dirname, `../dist/${name}.cjs`)
}

/** What V8 of this version compiled a script to when it was built. */
function codeFileOf(name) {
  return join(__dirname, `../dist/${name}-${process.versions.v8}-${process.arch}.code`)
}

/** Of Node 20: other versions keep their own settings. */
const isTuned = process.versions.v8.startsWith('11.3.')

let growthFactor = 16

/**
 * What a build makes is used at once or kept: with a young generation that never grows it takes 25 MB less, and the same processor time. To be
 * called before `compileProgram`, which tunes after each module of Node's.
 */
function holdMemory() {
  growthFactor = 1
  // Whoever makes another heap in this process, as a thread does, sets a factor below 2 to 2: of ten builds, four had a young generation of 33 MB.
  process.on('worker', worker => worker.once('online', tuneEngine))
}

/**
 * A command lives for less than a second: compiling functions again, optimised, costs more than it gains until they are
 * really hot. `lock update` of kde-full with Recommends: 1.1 s of processor time instead of 1.7; cold, with its decompression, the same 1.8.
 */
function tuneEngine() {
  if (!isTuned) return
  setFlagsFromString('--interrupt-budget=700000')
  // Nearly all that is built lives until the end. A young generation that grows at once copies it less often: `lock update` of gnome
  // takes 0.77 s of processor time instead of 0.80.
  setFlagsFromString(`--semi-space-growth-factor=${growthFactor}`)
}

/** The engine as Node started it: V8 takes kept code only under the very flags that it was made with. */
function untuneEngine() {
  if (!isTuned) return
  setFlagsFromString('--interrupt-budget=67584')
  setFlagsFromString('--semi-space-growth-factor=2')
}

/**
 * The code that was compiled at build time; undefined when this V8 is another one. Loading and compiling sixty modules takes 0.06 s of
 * processor time otherwise. It lies beside the program, where only those can write who can change the program itself; nothing ever
 * writes it but the build.
 */
function readCompiledCode(name) {
  try {
    return readFileSync(codeFileOf(name))
  } catch {
    return undefined
  }
}

/**
 * @param name of the script
 * @param cachedData V8 checks that it is of this version, these flags and this source; what it refuses it compiles again
 * @returns the script, and the function that it defines
 */
function compileProgram(name, cachedData) {
  const scriptFile = scriptFileOf(name)
  // The build writes ASCII alone: read as latin1 it needs no decoding, and one byte per character.
  const script = new Script(readFileSync(scriptFile, 'latin1'), {
    filename: scriptFile,
    ...(cachedData === undefined ? {} : { cachedData }),
  })
  const define = script.runInThisContext()
  const module = { exports: {} }
  define(module.exports, requireUntuned(createRequire(scriptFile)), module)
  return { script, main: module.exports.main }
}

/**
 * Loads Node's own modules untuned, since Node brings V8's code of them, made under the flags of its start: `lock update` of bash takes
 * 13 ms less processor time.
 */
function requireUntuned(require) {
  const loaded = new Map()
  const load = id => {
    if (!isBuiltin(id)) return require(id)
    if (loaded.has(id)) return loaded.get(id)
    untuneEngine()
    const module = require(id)
    tuneEngine()
    loaded.set(id, module)
    return module
  }
  return Object.assign(load, require)
}

module.exports = {
  codeFileOf,
  compileProgram,
  holdMemory,
  readCompiledCode,
  scriptFor,
  tuneEngine,
  untuneEngine,
}
