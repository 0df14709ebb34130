import { displayByteString } from '../codec/index.ts'
import { Fault, sortedByBytes } from '../kernel/index.ts'
import type { MergedRoot, MergeRequest, MergeWarning } from './merge-request.ts'
import { orderOfUnpacking } from './order-of-unpacking.ts'
import { nameOf, type PackageFacts, readPackageFacts } from './package-facts.ts'
import { emptyRoot, RootMerge } from './root-merge.ts'

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

  const merge = new RootMerge({ ...request, configure: 'none' })
  const { generated } = merge.unpack(order, 'in-place', emptyRoot)
  return { entries: merge.tree.finish(), generated, warnings: warningsOf(merge) }
}

/** dpkg has one instance of a name, and several only where all are Multi-Arch: same. */
export function checkInstances(packages: readonly PackageFacts[]): void {
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

function warningsOf(merge: RootMerge): readonly MergeWarning[] {
  const warnings = contentWarnings(merge)
  const withPreinst = merge.installed.filter(({ facts }) => facts.controlFiles.has('preinst'))
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

/** What was taken over from packages without anybody's asking; the same with scripts and without. */
export function contentWarnings({ aliases, installed }: RootMerge): MergeWarning[] {
  const warnings: MergeWarning[] = aliases.map(({ first, firstPath, second, secondPath }) => ({
    message: `${display(secondPath)} of ${nameOf(second.deb)} overwrites ${display(firstPath)} of ${nameOf(first.deb)}: they are one file`,
    hint: 'dpkg does not notice this either; the package unpacked last wins.',
  }))
  for (const { facts, files } of installed) {
    const kept = facts.deb.entries.some(({ path, entry }) => entry.kind !== 'directory' && files.has(path))
    if (!kept && facts.deb.entries.some(({ entry }) => entry.kind !== 'directory'))
      warnings.push({ message: `every file of ${nameOf(facts.deb)} is replaced by those of other packages` })
  }
  return warnings
}

function display(path: string): string {
  return displayByteString(`/${path}`).slice(1, -1)
}
