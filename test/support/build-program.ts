import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

const programParts = ['scripts/build.mjs', 'scripts/compile-program.mjs', 'bin/program.js']

/** Tests that run the program run `dist/`: it is built once before all tests, when a source is newer. */
export function setup(): void {
  const sources = ['package.json', 'package-lock.json', ...programParts, ...filesBelow('src')]
  const newest = Math.max(...sources.map(path => statSync(join(root, path)).mtimeMs))
  if (builtMilliseconds() > newest) return
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' })
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).flatMap(entry =>
    // Folders count as well: a file that was removed leaves no other trace.
    [join(folder, join(entry.parentPath, entry.name).slice(join(root, folder).length + 1))],
  )
}

/** The manifest of commands is written last. */
function builtMilliseconds(): number {
  return statSync(join(root, 'oclif.manifest.json'), { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY
}
