import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readStanzas } from '../../src/debian-control-parser/index.ts'
import { type Contender, type Row, resultOf } from './measure.ts'
import { chosenIn, comparison, lockOf, lockUpdate, projectIn } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

const bookworm: Indexes = {
  name: 'bash',
  wanted: 'bash',
  files: ['debian/dists/bookworm', 'debian/dists/bookworm-updates', 'debian-security/dists/bookworm-security'].map(
    suite => join(suite, 'main/binary-amd64/Packages.xz'),
  ),
}

/** From small to large, so that growth is visible. */
const requests = [
  { set: 'nginx', recommends: 'skip' },
  { set: 'gnome', recommends: 'skip' },
  { set: 'kde-full', recommends: 'skip' },
  { set: 'kde-full', recommends: 'install' },
] as const

/** What is read, and what of it is asked for. */
interface Indexes {
  /** For the row. */
  readonly name: string
  readonly wanted: string
  /** Below the served folder; the last part of the path is `Packages.xz`. */
  readonly files: readonly string[]
  /** Lines of the manifest, where they are not bookworm's. */
  readonly archives?: readonly string[]
}

/** libsolv's tools with indexes in a folder: as Packages, and as what deb2solv makes of them. */
interface LibsolvPlace {
  readonly folder: string
  readonly indexes: Indexes
  /** `name-version.architecture`, as testsolv prints packages → `name=version`. */
  readonly names: ReadonlyMap<string, string>
}

/** Reading indexes and resolving beside libsolv, which chooses otherwise than apt: the results say by how much. */
export async function libsolvRows(scratch: string, served: ServedArchive): Promise<readonly Row[]> {
  // Whoever runs the table says that a peer is missing.
  if (spawnSync('deb2solv', ['-h']).error !== undefined || spawnSync('testsolv', ['-h']).error !== undefined) return []
  const place = await libsolvPlace(join(scratch, 'libsolv'), bookworm, served)
  const rows: Row[] = []
  for (const every of [10, 3]) {
    const folder = join(scratch, `libsolv-${every}`)
    rows.push(await readingRow(await libsolvPlace(folder, await partOfMain(every, served), served), folder, served))
  }
  rows.push(await readingRow(place, scratch, served))
  for (const { set, recommends } of requests) {
    const name = `lock update warm beside libsolv, ${set}${recommends === 'install' ? ' with Recommends' : ''}`
    const project = await projectIn(
      { folder: join(scratch, `beside-libsolv-${set}-${recommends}`), storeFolder: join(scratch, 'store'), served },
      ['base: none', `packages: [${set}]`, `recommends: ${recommends === 'install'}`],
    )
    const peer = await solving(place, { set, recommends })
    rows.push(
      rowOf(name, { ours: lockUpdate(project), peer, place, chosen: async () => chosenIn(await lockOf(project)) }),
    )
  }
  return rows
}

/** Verified indexes are at hand, and nothing that was made of them. */
async function readingRow(place: LibsolvPlace, scratch: string, served: ServedArchive): Promise<Row> {
  const { name, wanted, archives } = place.indexes
  const storeFolder = join(scratch, 'reading-store')
  const where = {
    folder: join(scratch, 'reading'),
    storeFolder,
    served,
    ...(archives === undefined ? {} : { archives }),
  }
  const project = await projectIn(where, ['base: none', `packages: [${wanted}]`])
  const update = lockUpdate(project)
  const ours: Contender = {
    ...update,
    prepare: async () => {
      await update.prepare?.()
      await rm(join(storeFolder, 'store-v1/objects'), { recursive: true, force: true })
    },
  }
  await resultOf(ours)
  const solve = await solving(place, { set: wanted, recommends: 'skip' })
  const convert = place.indexes.files.map((_, at) => `xz -dc ${at}.xz | deb2solv -r > ${at}.solv`).join(' && ')
  const peer: Contender = {
    ...solve,
    label: 'xz -d, deb2solv, testsolv',
    commandLine: ['sh', '-c', `${convert} && ${solve.commandLine.join(' ')}`],
  }
  const chosen = async () => chosenIn(await lockOf(project))
  return rowOf(`lock update with indexes to read, ${name}`, { ours, peer, place, chosen })
}

interface Pairing {
  readonly ours: Contender
  readonly peer: Contender
  readonly place: LibsolvPlace
  readonly chosen: () => Promise<ReadonlySet<string>>
}

function rowOf(name: string, { ours, peer, place, chosen }: Pairing): Row {
  const compare = async (present: readonly Contender[]): Promise<string> => {
    await resultOf(ours)
    if (present.length === 0) return 'no peer'
    const printed = [...(await resultOf(peer)).matchAll(/^ {2}- (\S+)$/gm)].map(([, text = '']) => text)
    return comparison(await chosen(), new Set(printed.map(text => place.names.get(text) ?? text)))
  }
  return { name, ours, peers: [peer], compare }
}

/** Every so many stanzas of bookworm's main, as an archive that the manifest trusts: nobody signed it. */
async function partOfMain(every: number, served: ServedArchive): Promise<Indexes> {
  const [main = ''] = bookworm.files
  const packages = execFileSync('xz', ['-dc', join(served.folder, main)], { maxBuffer: 2 ** 28 })
  const stanzas = readStanzas(packages).filter((_, at) => at % every === 0)
  const wanted = stanzas.find(each => !each.has('Depends') && !each.has('Pre-Depends'))?.field('Package') ?? ''
  const plain = Buffer.concat(stanzas.flatMap(each => [each.bytes, Buffer.from('\n')]))
  const compressed = execFileSync('xz', ['-c'], { input: plain, maxBuffer: 2 ** 28 })
  const top = `part-${every}/dists/part`
  const file = 'main/binary-amd64/Packages'
  await mkdir(join(served.folder, top, dirname(file)), { recursive: true })
  await writeFile(join(served.folder, top, `${file}.xz`), compressed)
  const listed = [
    [file, plain],
    [`${file}.xz`, compressed],
  ] as const
  const sums = listed.map(
    ([path, bytes]) => ` ${createHash('sha256').update(bytes).digest('hex')} ${bytes.length} ${path}`,
  )
  const release = [
    'Suite: part',
    'Date: Sat, 10 Oct 2026 10:00:00 UTC',
    'Architectures: amd64',
    'Components: main',
    'SHA256:',
  ]
  await writeFile(join(served.folder, top, 'Release'), `${[...release, ...sums].join('\n')}\n`)
  return {
    name: `${stanzas.length} stanzas`,
    wanted,
    files: [join(top, `${file}.xz`)],
    archives: [
      'archives:',
      `  - {id: part, uri: "${served.url}/part-${every}", suites: [part], components: [main], trusted: {reason: a part of a signed index}}`,
    ],
  }
}

async function libsolvPlace(folder: string, indexes: Indexes, served: ServedArchive): Promise<LibsolvPlace> {
  await mkdir(folder, { recursive: true })
  const names = new Map<string, string>()
  for (const [at, file] of indexes.files.entries()) {
    const compressed = await readFile(join(served.folder, file))
    await writeFile(join(folder, `${at}.xz`), compressed)
    const packages = execFileSync('xz', ['-dc'], { input: compressed, maxBuffer: 2 ** 28 })
    await writeFile(
      join(folder, `${at}.solv`),
      execFileSync('deb2solv', ['-r'], { input: packages, maxBuffer: 2 ** 28 }),
    )
    for (const stanza of readStanzas(packages)) {
      const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(field => stanza.field(field))
      names.set(`${name}-${version}.${architecture}`, `${name}=${version}`)
    }
  }
  return { folder, indexes, names }
}

/** Writes the question as libsolv's test cases are written. @see libsolv's ext/testcase.c */
async function solving(
  { folder, indexes }: LibsolvPlace,
  { set, recommends }: { readonly set: string; readonly recommends: 'skip' | 'install' },
): Promise<Contender> {
  const file = `${set}-${recommends}.t`
  const lines = [
    ...indexes.files.map((_, at) => `repo ${at} 0.0 solv ${at}.solv`),
    'system amd64 deb',
    ...(recommends === 'skip' ? ['solverflags ignorerecommended'] : []),
    `job install name ${set}`,
  ]
  await writeFile(join(folder, file), `${lines.join('\n')}\n`)
  return {
    label: 'testsolv',
    commandLine: ['testsolv', file],
    folder,
    environment: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH },
  }
}
