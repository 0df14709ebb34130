import { byteStringOf, displayByteString } from '../codec/index.ts'
import { encodeUtf8, Fault, sortedByBytes } from '../kernel/index.ts'
import { describeClash } from './clash.ts'
import { databaseFiles, makeDatabaseFolders, placeDatabaseFile } from './database.ts'
import { pathFilter } from './exclude-paths.ts'
import type { MergedRoot, MergeRequest, MergeWarning } from './merge-request.ts'
import { placeMergedUsr } from './merged-usr.ts'
import { orderOfUnpacking } from './order-of-unpacking.ts'
import { nameOf, type PackageFacts, readPackageFacts } from './package-facts.ts'
import { RootTree } from './root-tree.ts'
import { type InstalledPackage, startUnpacking, type Unpacking, unpackDeb } from './unpack.ts'

/** More clashes than anybody reads; a hostile deb could make a million. */
const maximumClashes = 1000

/**
 * Makes one root file system of the debs, with the rules of `dpkg --unpack` 1.21 on an empty database: the same tree and
 * the same `/var/lib/dpkg`. What differs, because nothing is configured afterwards: conffiles are in place with their
 * checksums, packages with nothing to run are `installed`, and no preinst has run.
 *
 * A package all of whose files another one takes over stays in the database, where dpkg would let it disappear: the lock
 * says that it is there.
 *
 * @throws {Fault} `ROOTFS_CLASH` with all clashes, `DEB_MALFORMED` for debs that dpkg refuses too, `RELATION_MALFORMED`
 */
export function mergePackages(request: MergeRequest): MergedRoot {
  const packages = request.debs.map(readPackageFacts)
  checkInstances(packages)
  const order = orderOfUnpacking(packages, request.nativeArchitecture)

  const tree = new RootTree(request.modifiedSeconds)
  placeMergedUsr(tree, request.mergedUsr, request.modifiedSeconds)
  makeDatabaseFolders(tree)
  // Patterns of the manifest are text, paths are bytes.
  const patterns = request.excludePaths.map(pattern => byteStringOf(encodeUtf8(pattern)))
  const state = startUnpacking(tree, pathFilter(patterns))
  const installed = order.map(facts => unpackDeb(state, facts))
  refuseClashes(state)

  const generated = new Map<string, Uint8Array>()
  for (const file of databaseFiles(installed, request)) {
    const place = tree.locate(file.path)
    if (place === undefined || tree.at(place)?.kind === 'directory')
      throw new Fault('ROOTFS_CLASH', {
        message: `${displayByteString(`/${file.path}`)} belongs to the database of dpkg, but a deb brings something else there`,
        hint: 'No deb may bring files of /var/lib/dpkg; leave the package out that does.',
        context: { path: file.path },
      })
    generated.set(placeDatabaseFile(tree, place, file), file.bytes)
  }
  return { entries: tree.finish(), generated, warnings: warningsOf(state, installed) }
}

/** dpkg has one instance of a name, and several only where all are Multi-Arch: same. */
function checkInstances(packages: readonly PackageFacts[]): void {
  const seen = new Map<string, PackageFacts>()
  for (const facts of packages) {
    const { name } = facts
    const { architecture, multiArch } = facts.deb
    const other =
      seen.get(`${name}:${architecture}`) ?? (multiArch === 'same' ? seen.get(`${name} alone`) : seen.get(name))
    seen.set(`${name}:${architecture}`, facts)
    seen.set(name, facts)
    if (multiArch !== 'same') seen.set(`${name} alone`, facts)
    if (other === undefined) continue
    throw new Fault('ROOTFS_CLASH', {
      message: `${nameOf(other.deb)} and ${nameOf(facts.deb)} cannot both be installed: they are one package`,
      hint: 'Run `aptroot lock update`; only Multi-Arch: same packages can be locked for several architectures.',
      context: { packages: [nameOf(other.deb), nameOf(facts.deb)] },
    })
  }
}

function refuseClashes({ clashes }: Unpacking): void {
  const [first, ...more] = clashes
  if (first === undefined) return
  throw new Fault('ROOTFS_CLASH', {
    message: `${describeClash(first)}${more.length === 0 ? '' : ` (and ${more.length} more)`}`,
    hint: 'Leave one of the packages out of the manifest; dpkg allows this only where one declares Replaces on the other.',
    context: {
      path: first.path,
      packages: [first.first, first.second].flatMap(each => (each === undefined ? [] : [nameOf(each.deb)])),
      clashes: clashes.slice(0, maximumClashes).map(describeClash),
    },
  })
}

function warningsOf(state: Unpacking, installed: readonly InstalledPackage[]): readonly MergeWarning[] {
  const warnings: MergeWarning[] = state.aliases.map(({ first, firstPath, second, secondPath }) => ({
    message: `${display(secondPath)} of ${nameOf(second.deb)} overwrites ${display(firstPath)} of ${nameOf(first.deb)}: they are one file`,
    hint: 'dpkg does not notice this either; the package unpacked last wins.',
  }))
  for (const { facts, files } of installed) {
    const kept = facts.deb.entries.some(({ path, entry }) => entry.kind !== 'directory' && files.has(path))
    if (!kept && facts.deb.entries.some(({ entry }) => entry.kind !== 'directory'))
      warnings.push({ message: `every file of ${nameOf(facts.deb)} is replaced by those of other packages` })
  }
  const withPreinst = installed.filter(({ facts }) => facts.controlFiles.has('preinst'))
  if (withPreinst.length > 0) {
    const names = sortedByBytes(withPreinst.map(({ facts }) => facts.instanceName)).join(', ')
    const count = withPreinst.length === 1 ? '1 package has' : `${withPreinst.length} packages have`
    warnings.push({
      message: `${count} a preinst script, which did not run: ${names}`,
      hint: 'With `configure: none` no script runs; what these would have prepared is not there.',
    })
  }
  return warnings
}

function display(path: string): string {
  return displayByteString(`/${path}`).slice(1, -1)
}
