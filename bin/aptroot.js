#!/usr/bin/env node
// CommonJS, since Node's loader of modules need not be there at all then: 5 ms less for every command.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

// Answered before oclif loads: 23 ms instead of 76.
if (process.argv.length === 3 && process.argv[2] === '--version') {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'))
  process.stdout.write(`aptroot/${version}\n`)
} else {
  const { pathToFileURL } = require('node:url')
  const { compileProgram, holdMemory, readCompiledCode, scriptFor, tuneEngine } = require('./program.js')
  const script = scriptFor(process.argv.slice(2))
  const code = readCompiledCode(script)
  if (process.argv[2] === 'lock' && process.argv[3] === 'install') holdMemory()
  const program = code === undefined ? import('../dist/main.js') : compileProgram(script, code)
  tuneEngine()
  // A command ends the process itself. Where nothing is left to wait for and it has not, it must not look like a success.
  process.exitCode = 70
  Promise.resolve(program).then(({ main }) => main(pathToFileURL(__filename).href))
}
