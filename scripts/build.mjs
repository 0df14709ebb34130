#!/usr/bin/env node
// Bundles each entry with its dependencies into dist/: the published package installs nothing, and oclif starts
// in half the time it needs unbundled.
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const checked = process.argv.includes('--checked')

async function filesBelow(folder) {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/** Command files, without what they share. */
async function commandEntries() {
  return (await filesBelow('src/commands')).filter(path => !path.startsWith('src/commands/base/'))
}

/** Worker threads are named `*.worker.ts` and land in dist/workers. */
async function workerEntries() {
  return (await filesBelow('src')).filter(path => path.endsWith('.worker.ts'))
}

if (checked)
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit'], {
    cwd: root,
    stdio: 'inherit',
  })

await rm(join(root, 'dist'), { recursive: true, force: true })
// oclif hands `ignoreManifest` to no plugin, so an old manifest would be read and written back.
await rm(join(root, 'oclif.manifest.json'), { force: true })
const entryPoints = [
  { in: 'src/main.ts', out: 'main' },
  ...(await commandEntries()).map(path => ({ in: path, out: path.replace(/^src\//, '').replace(/\.ts$/, '') })),
  ...(await workerEntries()).map(path => ({
    in: path,
    out: `workers/${path.replace(/^.*\//, '').replace(/\.worker\.ts$/, '')}`,
  })),
]
/** Commands define and read flags without oclif, which is loaded when it is needed (src/commands/base/light-oclif.ts). */
const lightOclif = {
  name: 'light-oclif',
  setup(bundler) {
    bundler.onResolve({ filter: /^@oclif\/core$/ }, ({ importer, kind }) => {
      if (kind !== 'import-statement' || !importer.startsWith(join(root, 'src/commands/'))) return undefined
      if (importer.endsWith('/base/whole-oclif.ts')) return undefined
      return { path: join(root, 'src/commands/base/light-oclif.ts') }
    })
  },
}
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [lightOclif],
}
const result = await build({
  ...shared,
  entryPoints,
  outdir: 'dist',
  splitting: true,
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
  metafile: true,
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
await writeLicenses(result.metafile)
await buildScript('program', await commandEntries())
await buildScript('lock-update', ['src/commands/lock/update.ts'])
for (const name of ['program', 'lock-update'])
  execFileSync(process.execPath, [join(root, 'scripts/compile-program.mjs'), name], { cwd: root, stdio: 'inherit' })
await writeCommandManifest()

/**
 * The program with these commands once more as one script, for which V8 can keep compiled code; Node 20 keeps none for modules. bin/program.js runs it where
 * such code lies beside it.
 */
async function buildScript(name, entries) {
  const commands = entries.map(path => {
    const id = path
      .replace(/^src\/commands\//, '')
      .replace(/\.ts$/, '')
      .replaceAll('/', ':')
    return `  ${JSON.stringify(id)}: () => import('./${path}'),`
  })
  const contents = `import { main as start } from './src/main.ts'
const commands = {
${commands.join('\n')}
}
export const main = (entry: string) => start(entry, commands)
`
  const outfile = `dist/${name}.cjs`
  const { outputFiles } = await build({
    ...shared,
    write: false,
    stdin: { contents, resolveDir: root, sourcefile: 'program.ts', loader: 'ts' },
    outfile,
    format: 'cjs',
    // V8 forgets how a script imports once its code comes from a file (Node 20): Node's own modules are required instead.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__moduleUrl' },
    banner: {
      js: `(function (exports, require, module) { const __moduleUrl = require('node:url').pathToFileURL(require.resolve('./${name}.cjs')).href;`,
    },
    footer: { js: '})' },
  })
  // esbuild escapes texts and names, but neither regular expressions nor comments: bin/program.js reads the script as latin1.
  const code = outputFiles[0].text.replaceAll(
    /[^\0-\x7f]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  await writeFile(join(root, outfile), code)
}

/** The licences of what was bundled travel with it. */
async function writeLicenses(metafile) {
  const names = new Set()
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match?.[1] !== undefined) names.add(match[1])
  }
  let text = 'aptroot contains these packages.\n'
  for (const name of [...names].sort()) {
    const folder = join(root, 'node_modules', name)
    const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find(entry => /^licen[cs]e/i.test(entry))
    const licence =
      file === undefined ? `Licence: ${about.license}` : (await readFile(join(folder, file), 'utf8')).trim()
    text += `\n---- ${name} ${about.version}\n\n${licence}\n`
  }
  await writeFile(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), text)
}

/** oclif reads this instead of loading every command for `--help`. */
async function writeCommandManifest() {
  await mkdir(join(root, 'dist/commands'), { recursive: true })
  const { Config } = await import(pathToFileURL(join(root, 'node_modules/@oclif/core/lib/index.js')).href)
  const config = await Config.load({ root, ignoreManifest: true })
  const plugin = config.plugins.get('aptroot')
  const commands = {}
  for (const command of [...(plugin.manifest ? Object.values(plugin.manifest.commands) : [])].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  )) {
    commands[command.id] = command
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await writeFile(join(root, 'oclif.manifest.json'), `${JSON.stringify({ commands, version }, undefined, 1)}\n`)
}
