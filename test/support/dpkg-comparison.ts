import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type MergedRoot, mergedUsrDirectories, mergePackages, type UnpackedDeb } from '../../src/dpkg/index.ts'
import { orderOfUnpacking } from '../../src/dpkg/order-of-unpacking.ts'
import { readPackageFacts } from '../../src/dpkg/package-facts.ts'
import type { TreeEntry } from '../../src/tree/index.ts'
import { withoutPreinst } from './debs-without-preinst.ts'
import { readFolder } from './folder-entries.ts'

const run = promisify(execFile)

/** The time that counts as now in our root: whatever dpkg stamps with the time of its run has to have it there. */
const nowSeconds = 1_700_000_000

/** What dpkg leaves and we do not: the backup of the empty status file it began with. */
const dpkgAlone = ['var/lib/dpkg/status-old']

/** Why dpkg cannot be compared with here, or undefined. */
export function missingForDpkg(): string | undefined {
  if (process.getuid?.() !== 0) return 'dpkg sets owners, so this comparison needs root'
  if (!existsSync('/usr/bin/dpkg')) return 'dpkg is not installed'
  return undefined
}

export interface DpkgComparison {
  readonly debs: readonly UnpackedDeb[]
  readonly bytesOf: (deb: UnpackedDeb) => Promise<Uint8Array>
  readonly excludePaths: readonly string[]
  readonly foreignArchitectures: readonly string[]
  /** A folder for this comparison alone. */
  readonly folder: string
}

export function mergeForComparison({ debs, excludePaths, foreignArchitectures }: DpkgComparison): MergedRoot {
  return mergePackages({
    debs,
    mergedUsr: { kind: 'merged', directories: mergedUsrDirectories('amd64') },
    nativeArchitecture: 'amd64',
    foreignArchitectures,
    excludePaths,
    configure: 'none',
    modifiedSeconds: nowSeconds,
  })
}

/** Unpacks the same debs with dpkg and compares every path, every attribute, every byte, but for what the functions below name. */
export async function assertEqualsDpkg(root: MergedRoot, comparison: DpkgComparison): Promise<void> {
  const { debs } = comparison
  const startedSeconds = Math.floor(Date.now() / 1000)
  const folder = await unpackWithDpkg(comparison)
  const theirs = readFolder(folder)
  assert.deepEqual(differences(asUnpacked(root, debs), theirs, startedSeconds), [])
  assert.equal(statusAsUnpacked(root), await readFile(join(folder, 'var/lib/dpkg/status'), 'latin1'))
  checkConffileSums(root, debs)
}

/**
 * An empty database, our links of merged /usr, one run over all debs in our order; without preinst scripts.
 *
 * @returns the root; rejects when dpkg refuses
 */
export async function unpackWithDpkg(comparison: DpkgComparison): Promise<string> {
  const { debs, bytesOf, excludePaths, foreignArchitectures } = comparison
  const folder = join(comparison.folder, 'root')
  const debFolder = join(comparison.folder, 'debs')
  await mkdir(debFolder)
  const files: string[] = []
  for (const { deb } of orderOfUnpacking(debs.map(readPackageFacts), 'amd64')) {
    const file = join(debFolder, `${deb.name}_${deb.architecture}.deb`)
    await writeFile(file, await withoutPreinst(await bytesOf(deb), deb.name))
    files.push(file)
  }
  const database = join(folder, 'var/lib/dpkg')
  await mkdir(database, { recursive: true })
  for (const name of ['status', 'available']) await writeFile(join(database, name), '')
  if (foreignArchitectures.length > 0)
    await writeFile(join(database, 'arch'), ['amd64', ...foreignArchitectures].map(each => `${each}\n`).join(''))
  for (const name of mergedUsrDirectories('amd64')) {
    await mkdir(join(folder, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(folder, name))
  }
  const filters = excludePaths.map(pattern => `--path-exclude=${pattern}`)
  await run(
    'dpkg',
    [`--root=${folder}`, '--log=/dev/null', '--force-depends', '--force-unsafe-io', ...filters, '--unpack', ...files],
    { env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, maxBuffer: 2 ** 26 },
  )
  return folder
}

/** Our root as it was before configuring: conffiles beside their place, and no preinst in the database. */
function asUnpacked(root: MergedRoot, debs: readonly UnpackedDeb[]): ReadonlyMap<string, TreeEntry> {
  const conffiles = new Set([...statusOf(root).matchAll(/^ \/(.*) [0-9a-f]{32}$/gm)].map(match => match[1] ?? ''))
  const preinsts = debs.filter(deb => deb.controlFiles.some(each => each.name === 'preinst'))
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
