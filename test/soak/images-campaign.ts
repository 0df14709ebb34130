import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { presetOf } from '../../src/manifest/index.ts'
import { runAptroot } from '../support/aptroot-program.ts'
import { type FirstBootCheck, firstBootChecks, firstBootCommand } from '../support/first-boot.ts'
import type { Campaign } from './campaign.ts'

interface ImageCase {
  readonly architecture: string
  /** Lines of the manifest. */
  readonly sources: readonly string[]
  readonly packages: readonly string[]
  /** What is run in the built image. */
  readonly command: readonly string[]
  readonly expected: RegExp
}

const base = ['usr-is-merged', 'apt']

function firstBoot(...checks: readonly FirstBootCheck[]): ImageCase {
  const all = [firstBootChecks.unit, ...checks]
  return {
    architecture: 'amd64',
    sources: ['distribution: debian/bookworm'],
    packages: [...new Set([...base, ...all.flatMap(({ packages }) => packages)])],
    command: firstBootCommand(all),
    expected: /^first boot: good$/m,
  }
}

/** Without updates: mirrors of single architectures are often in the middle of one. */
function foreign(architecture: string): ImageCase {
  const command = [
    'sh',
    '-c',
    'dpkg --audit; dpkg --verify; dpkg --print-architecture; perl -e "print qq(perl runs\\n)"',
  ]
  const uri = presetOf('debian/bookworm').archives.find(each => each.id === 'debian')?.uri
  const archive = `{id: debian, uri: "${uri}", suites: [bookworm], components: [main], signed-by: debian-archive}`
  return {
    architecture,
    sources: [`archives: [${archive}]`],
    packages: base,
    command,
    expected: new RegExp(`^${architecture}\\nperl runs\\n$`),
  }
}

const { unit: _, ...checks } = firstBootChecks
const cases: Readonly<Record<string, ImageCase>> = {
  ...Object.fromEntries(Object.entries(checks).map(([name, check]) => [`first boot of ${name}`, firstBoot(check)])),
  'first boot of all': firstBoot(...Object.values(checks)),
  'minbase of armhf': foreign('armhf'),
  'minbase of arm64': foreign('arm64'),
}

/** Real bookworm from the mirror that this host's apt uses: images are built and used. `match` names a case. */
export const imagesCampaign: Campaign = async place => {
  if (process.getuid?.() !== 0)
    return { cases: 0, table: ['SKIPPED: daemons want to become other users'], complaints: [] }
  const complaints: string[] = []
  let count = 0
  for (const [name, image] of Object.entries(cases)) {
    if (!name.includes(place.match)) continue
    count++
    const start = performance.now()
    const complaint = await complaintOf(image, join(place.scratch, name.replaceAll(' ', '-')), place.scratch)
    place.say(
      `${name.padEnd(30)} ${complaint === undefined ? 'good' : 'BAD'} ${Math.round((performance.now() - start) / 1000)} s`,
    )
    if (complaint !== undefined) complaints.push(`${name}: ${complaint}`)
  }
  return { cases: count, table: [], complaints }
}

async function complaintOf(image: ImageCase, folder: string, scratch: string): Promise<string | undefined> {
  await mkdir(folder)
  const manifest = [
    'manifest: 1',
    ...image.sources,
    `architectures: [${image.architecture}]`,
    'base: required',
    `packages: [${image.packages.join(', ')}]`,
    'exclude: [usrmerge]',
  ]
  await writeFile(join(folder, 'aptroot.yaml'), `${manifest.join('\n')}\n`)
  const environment = { APTROOT_STORE: join(scratch, 'images-store') }
  for (const line of [
    ['lock', 'update'],
    ['shell', '--quiet', '--', ...image.command],
  ]) {
    const { exitCode, output, errorOutput } = await runAptroot(line, { folder, environment })
    if (exitCode !== 0) return `exit code ${exitCode}: ${(output + errorOutput).slice(-1000)}`
    if (line[0] === 'shell' && !image.expected.test(output)) return `it said ${output.slice(-1000)}`
  }
  return undefined
}
