import { createHash } from 'node:crypto'
import { openDeb } from '../deb/index.ts'
import { quoted, type Session } from '../kernel/index.ts'
import { type BuildOutput, outputInvalid } from '../package-build/index.ts'
import { describeDeb } from '../repository/index.ts'
import type { Store } from '../store/index.ts'

const isDeb = ({ name }: BuildOutput) => /\.[ud]?deb$/.test(name)

/**
 * Reads each deb of a build to its end: it is sound, and called after what its control file says, as dpkg-deb names it.
 *
 * @param version what each has to have; undefined: the build may choose (a source can make debs of other versions)
 * @throws {Fault} `PACKAGE_OUTPUT_INVALID`, and as `describeDeb`
 */
export async function checkDebs(
  outputs: readonly BuildOutput[],
  {
    version,
    store,
    session,
  }: { readonly version: string | undefined; readonly store: Store; readonly session: Session },
): Promise<void> {
  for (const output of outputs.filter(isDeb)) {
    session.signal.throwIfAborted()
    const { deb } = await describeDeb({ name: output.name, content: () => store.stream(output) })
    const expected = `${deb.name}_${deb.version.replace(/^\d+:/, '')}_${deb.architecture}`
    if (output.name.replace(/\.[ud]?deb$/, '') !== expected)
      throw outputInvalid(output.name, `is the deb ${quoted(expected)} by its control file`)
    if (version !== undefined && deb.version !== version)
      throw outputInvalid(
        output.name,
        `has version ${quoted(deb.version)}, but the revision makes it ${quoted(version)}`,
      )
  }
}

/**
 * How two builds of the same inputs differ, a line for each output. What the build tools write about the build itself (`.buildinfo` with its
 * date, `.changes` with the digest of that) differs each time and is no difference.
 */
export async function differencesOf(
  first: readonly BuildOutput[],
  second: readonly BuildOutput[],
  store: Store,
): Promise<readonly string[]> {
  const compared = (outputs: readonly BuildOutput[]) =>
    new Map(outputs.filter(({ name }) => !/\.(buildinfo|changes)$/.test(name)).map(each => [each.name, each]))
  const [had, has] = [compared(first), compared(second)]
  const lines: string[] = []
  for (const name of [...new Set([...had.keys(), ...has.keys()])].sort()) {
    const [before, after] = [had.get(name), has.get(name)]
    if (before === undefined || after === undefined)
      lines.push(`${name}: only in the ${before ? 'first' : 'second'} build`)
    else if (before.sha256 !== after.sha256)
      lines.push(`${name}: ${(await pathsThatDiffer(before, after, store)).join(', ')}`)
  }
  return lines
}

/** More than anybody reads at once. */
const maximumPaths = 20

async function pathsThatDiffer(before: BuildOutput, after: BuildOutput, store: Store): Promise<readonly string[]> {
  if (!isDeb(before)) return ['content']
  const [had, has] = [await membersOf(before, store), await membersOf(after, store)]
  const paths = [...new Set([...had.keys(), ...has.keys()])].sort()
  const differing = paths.filter(path => had.get(path) !== has.get(path))
  if (differing.length === 0) return ['order, compression or times of its members']
  const more = differing.length - maximumPaths
  return [...differing.slice(0, maximumPaths).map(quoted), ...(more > 0 ? [`and ${more} more`] : [])]
}

/** What a deb installs, and its control members, by path: a text that changes with what is there. */
async function membersOf(deb: BuildOutput, store: Store): Promise<ReadonlyMap<string, string>> {
  const { members, entries } = await openDeb(store.stream(deb), { name: deb.name })
  const found = new Map<string, string>()
  for (const [name, { bytes, ...facts }] of members)
    found.set(`DEBIAN/${name}`, JSON.stringify([createHash('sha256').update(bytes).digest('hex'), facts]))
  for await (const { entry, body } of entries()) {
    const hash = createHash('sha256')
    for await (const bytes of body) hash.update(bytes)
    found.set(entry.path, JSON.stringify([hash.digest('hex'), entry]))
  }
  return found
}
