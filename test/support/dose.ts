import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BinaryPackage } from '../../src/debian/index.ts'
import { scratchFolder } from './scratch.ts'

const run = promisify(execFile)
const program = '/usr/bin/dose-debcheck'

/** Why dose's verdicts cannot be had here, or undefined. */
export function missingForDose(): string | undefined {
  return existsSync(program) ? undefined : 'dose-debcheck (package dose-distcheck) is not installed'
}

/** Every package of a Packages file that cannot be installed on amd64, as `name:architecture=version`. */
export async function uninstallable(packagesPath: string): Promise<ReadonlySet<string>> {
  const report = await debcheck([packagesPath])
  const found = report.matchAll(/^ {2}package: (\S+)\n {2}version: (\S+)\n {2}architecture: (\S+)$/gm)
  return new Set([...found].map(([, name, version, architecture]) => `${name}:${architecture}=${version}`))
}

/**
 * Whether each group of debs can be installed together. Asked as one invented package per group that depends on all of
 * it, because a run with `--coinst` reads the whole archive for every single group.
 */
export async function areCoinstallable(
  packagesPath: string,
  groups: readonly (readonly BinaryPackage[])[],
): Promise<readonly boolean[]> {
  const questions = join(await scratchFolder(), 'questions')
  const stanzas = groups.map((debs, at) => {
    const depends = debs.map(({ name, version }) => `${name} (= ${version})`).join(', ')
    return `Package: ${questionName(at)}\nVersion: 1\nArchitecture: amd64\nDepends: ${depends}\n\n`
  })
  await writeFile(questions, stanzas.join(''))
  const broken = new Set(
    [...(await debcheck(['--fg', questions, '--bg', packagesPath])).matchAll(/^ {2}package: (\S+)$/gm)].map(
      ([, name]) => name,
    ),
  )
  return groups.map((_, at) => !broken.has(questionName(at)))
}

function questionName(at: number): string {
  return `aptroot-question-${at}`
}

/** `--deb-ignore-essential`: our roots hold what is asked for, Essential packages only where the manifest says so. */
async function debcheck(programArguments: readonly string[]): Promise<string> {
  const all = ['--deb-native-arch=amd64', '--deb-ignore-essential', '--failures', ...programArguments]
  // It exits with 1 to 63 when it found something broken.
  const outcome = await run(program, all, { maxBuffer: 2 ** 28 }).catch(error => {
    if (typeof error.code !== 'number' || error.code >= 64) throw error
    return error as { readonly stdout: string }
  })
  if (!outcome.stdout.includes('total-packages:'))
    throw new Error(`dose-debcheck said nothing about ${programArguments.map(String).join(' ')}`)
  return outcome.stdout
}
