import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'
import { type MergedRoot, mergedUsrDirectories, mergePackages, type UnpackedDeb } from '../../src/dpkg/index.ts'
import { orderOfUnpacking } from '../../src/dpkg/order-of-unpacking.ts'
import { readPackageFacts } from '../../src/dpkg/package-facts.ts'
import type { BaseSet } from '../../src/manifest/index.ts'
import { unpackDeb } from '../../src/rootfs/index.ts'
import type { TreeEntry } from '../../src/tree/index.ts'
import { withoutPreinst } from '../support/debs-without-preinst.ts'
import { readFolder } from '../support/folder-entries.ts'
import {
  fetchRealDebs,
  frozenArchive,
  missingForRealData,
  skippedForWantOf,
  type WantedDeb,
} from '../support/real-archive.ts'
import { frozenUniverse } from '../support/real-universe.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'
import { resolution } from '../support/universe.ts'

const run = promisify(execFile)

/** The time that counts as now in our root: whatever dpkg stamps with the time of its run has to have it there. */
const nowSeconds = 1_700_000_000

/** What dpkg leaves and we do not: the backup of the empty status file it began with. */
const dpkgAlone = ['var/lib/dpkg/status-old']

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'dpkg sets owners, so this comparison needs root'
  if (!existsSync('/usr/bin/dpkg')) return 'dpkg is not installed'
  return missingForRealData()
}

const sets: readonly { readonly wanted: string; readonly base: BaseSet; readonly excludePaths: readonly string[] }[] = [
  { wanted: 'bash', base: 'none', excludePaths: [] },
  { wanted: 'nginx', base: 'required', excludePaths: [] },
  { wanted: 'nginx', base: 'required', excludePaths: ['/usr/share/doc/*', '/usr/share/locale/[a-m]*/LC_MESSAGES/?*'] },
]

describe.skipIf(skippedForWantOf(missing()))('the merged root equals what dpkg --unpack leaves', () => {
  for (const { wanted, base, excludePaths } of sets) {
    test(`for ${wanted} on base ${base}${excludePaths.length === 0 ? '' : ` without ${excludePaths.join(', ')}`}`, async () => {
      const { debs, fileOf } = await realDebs(wanted, base)
      const directories = mergedUsrDirectories('amd64')
      const start = performance.now()
      const root = mergePackages({
        debs,
        mergedUsr: { kind: 'merged', directories },
        nativeArchitecture: 'amd64',
        foreignArchitectures: [],
        excludePaths,
        configure: 'none',
        modifiedSeconds: nowSeconds,
      })
      const milliseconds = performance.now() - start
      const folder = join(await scratchFolder(), 'root')
      const startedSeconds = Math.floor(Date.now() / 1000)
      await unpackWithDpkg(folder, debs, fileOf, { directories, excludePaths })

      const theirs = readFolder(folder)
      const preinsts = debs.filter(deb => deb.controlFiles.some(each => each.name === 'preinst'))
      assert.deepEqual(differences(asUnpacked(root, preinsts), theirs, startedSeconds), [])
      assert.equal(statusAsUnpacked(root), await readFile(join(folder, 'var/lib/dpkg/status'), 'latin1'))
      checkConffileSums(root, debs)
      process.stderr.write(
        `${debs.length} debs, ${root.entries.size} paths merged in ${milliseconds.toFixed(0)} ms, ${preinsts.length} with preinst\n`,
      )
    })
  }
})

interface RealDebs {
  readonly debs: readonly UnpackedDeb[]
  readonly fileOf: (deb: UnpackedDeb) => string
}

async function realDebs(text: string, base: BaseSet): Promise<RealDebs> {
  const found = await resolution(await frozenUniverse('amd64'), [text], { base, recommends: { kind: 'skip' } })
  assert.ok(found.kind === 'solved')
  const wanted: WantedDeb[] = found.packages.map(({ package: deb }) => {
    const { archive, fileName } = deb.listings[0]
    const { name, version, architecture, sha256 } = deb
    return { name, version, architecture, sha256, path: `${archive}/${fileName}` }
  })
  const archive = await frozenArchive(join(await scratchFolder(), 'archive'))
  const gone = await fetchRealDebs(archive, wanted)
  // Any set of debs is good for this comparison: dpkg is told to ignore dependencies.
  if (gone.length > 0)
    process.stderr.write(`\n*** LEFT OUT, gone from the pool: ${gone.map(each => each.name).join(', ')}\n`)
  const store = await scratchStore()
  const files = new Map<string, string>()
  const debs: UnpackedDeb[] = []
  for (const deb of wanted.filter(each => !gone.includes(each))) {
    const file = join(archive.folder, deb.path)
    const blob = await store.putBytes(await readFile(file), quietSession())
    assert.equal(blob.sha256, deb.sha256)
    const { name, version, architecture } = deb
    const pack = await unpackDeb({ name, version, architecture, ...blob }, store, quietSession())
    debs.push(pack.deb)
    files.set(`${name}:${architecture}`, file)
  }
  assert.ok(debs.length > 5, 'hardly any deb is left to compare')
  return { debs, fileOf: deb => files.get(`${deb.name}:${deb.architecture}`) ?? '' }
}

interface DpkgSettings {
  readonly directories: readonly string[]
  readonly excludePaths: readonly string[]
}

/** An empty database, our links of merged /usr, one run over all debs in our order; without preinst scripts. */
async function unpackWithDpkg(
  folder: string,
  debs: readonly UnpackedDeb[],
  fileOf: RealDebs['fileOf'],
  { directories, excludePaths }: DpkgSettings,
): Promise<void> {
  const debFolder = `${folder}.debs`
  await mkdir(debFolder)
  const files: string[] = []
  for (const { deb } of orderOfUnpacking(debs.map(readPackageFacts), 'amd64')) {
    const file = join(debFolder, `${deb.name}_${deb.architecture}.deb`)
    await writeFile(file, await withoutPreinst(await readFile(fileOf(deb)), deb.name))
    files.push(file)
  }
  await mkdir(join(folder, 'var/lib/dpkg'), { recursive: true })
  for (const name of ['status', 'available']) await writeFile(join(folder, 'var/lib/dpkg', name), '')
  for (const name of directories) {
    await mkdir(join(folder, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(folder, name))
  }
  const filters = excludePaths.map(pattern => `--path-exclude=${pattern}`)
  await run(
    'dpkg',
    [`--root=${folder}`, '--log=/dev/null', '--force-depends', '--force-unsafe-io', ...filters, '--unpack', ...files],
    { env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, maxBuffer: 2 ** 26 },
  )
}

/** Our root as it was before configuring: conffiles beside their place, and no preinst in the database. */
function asUnpacked(root: MergedRoot, preinsts: readonly UnpackedDeb[]): ReadonlyMap<string, TreeEntry> {
  const conffiles = new Set([...statusOf(root).matchAll(/^ \/(.*) [0-9a-f]{32}$/gm)].map(match => match[1] ?? ''))
  const scripts = new Set(preinsts.map(deb => `var/lib/dpkg/info/${readPackageFacts(deb).instanceName}.preinst`))
  const entries = new Map<string, TreeEntry>()
  for (const [path, entry] of root.entries)
    if (!scripts.has(path)) entries.set(conffiles.has(path) ? `${path}.dpkg-new` : path, entry)
  for (const path of scripts) assert.ok(root.entries.has(path), `/${path}`)
  return entries
}

function statusOf(root: MergedRoot): string {
  const entry = root.entries.get('var/lib/dpkg/status')
  assert.ok(entry?.kind === 'file')
  return Buffer.from(root.generated.get(entry.content.sha256) ?? []).toString('latin1')
}

/** What follows from not configuring: nothing is `installed`, and conffiles are new. */
function statusAsUnpacked(root: MergedRoot): string {
  return statusOf(root)
    .replace(/^Status: install ok installed$/gm, 'Status: install ok unpacked')
    .replace(/^( \/.*) [0-9a-f]{32}$/gm, '$1 newconffile')
}

/** The checksums that configuring would have written, computed from the contents that dpkg unpacked. */
function checkConffileSums(root: MergedRoot, debs: readonly UnpackedDeb[]): void {
  const sums = new Map(debs.flatMap(deb => [...deb.md5BySha256]))
  const lines = [...statusOf(root).matchAll(/^ \/(.*) ([0-9a-f]{32})$/gm)]
  assert.ok(lines.length > 0, 'no conffile has a checksum')
  for (const [, path = '', md5] of lines) {
    const entry = root.entries.get(path)
    assert.ok(entry?.kind === 'file', `/${path}`)
    assert.equal(sums.get(entry.content.sha256), md5, `/${path}`)
  }
}

/** One line for each difference in path, type, owner, mode, time, target, content or hard links. */
function differences(
  ours: ReadonlyMap<string, TreeEntry>,
  theirs: ReadonlyMap<string, TreeEntry>,
  startedSeconds: number,
): readonly string[] {
  const ourLinks = hardLinks(ours)
  const theirLinks = hardLinks(theirs)
  const lines: string[] = []
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    if (dpkgAlone.includes(path)) {
      assert.ok(!ours.has(path), `/${path}`)
      continue
    }
    // Its text is compared by itself, after the changes that are told above.
    const skipContent = path === 'var/lib/dpkg/status'
    const our = describeEntry(ours.get(path), ourLinks, { skipContent, startedSeconds: Number.POSITIVE_INFINITY })
    const their = describeEntry(theirs.get(path), theirLinks, { skipContent, startedSeconds })
    if (our !== their) lines.push(`/${path}: ours ${our}, dpkg's ${their}`)
  }
  return lines
}

interface Describing {
  readonly skipContent: boolean
  readonly startedSeconds: number
}

function describeEntry(
  entry: TreeEntry | undefined,
  links: ReadonlyMap<number, string>,
  { skipContent, startedSeconds }: Describing,
): string {
  if (entry === undefined) return 'absent'
  const { kind, mode, userId, groupId } = entry
  const time = entry.modifiedSeconds >= startedSeconds ? nowSeconds : entry.modifiedSeconds
  const common = `${kind} ${mode.toString(8)} ${userId}:${groupId} ${time}`
  switch (kind) {
    case 'file': {
      const shared = entry.inode === undefined ? '' : ` linked as ${links.get(entry.inode)}`
      return skipContent ? common : `${common} ${entry.content.sha256}${shared}`
    }
    case 'symlink':
      return `${common} -> ${entry.target}`
    default:
      return common
  }
}

/** All names of each file that has several, sorted, as one text. */
function hardLinks(entries: ReadonlyMap<string, TreeEntry>): ReadonlyMap<number, string> {
  const names = new Map<number, string[]>()
  for (const [path, entry] of entries) {
    if (entry.kind !== 'file' || entry.inode === undefined) continue
    const list = names.get(entry.inode) ?? []
    names.set(entry.inode, list)
    list.push(path)
  }
  return new Map([...names].map(([inode, list]) => [inode, list.sort().join(' ')]))
}
