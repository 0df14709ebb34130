import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { displayByteString } from '../codec/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import { type AssembledRoot, type AssembleRequest, assembleRoot } from '../rootfs/index.ts'
import { type ContentSource, type TreeEntry, wholeContent } from '../tree/index.ts'

/** More than anybody reads at once. */
const maximumPaths = 100

/**
 * Builds a root once more under other conditions (another folder, another umask, the debs the other way round, every script run again) and
 * compares it with the first.
 *
 * @throws {Fault} `SECRET_SUSPECTED` when the first holds what looks like a secret of one machine, `BUILD_DIFFERS` with each
 *   differing path, what differs, the package that it belongs to and the script that made it: the scripts run a third time, one by one, to know
 */
export async function compareBuilds(request: AssembleRequest, first: AssembledRoot, session: Session): Promise<void> {
  requireNoSuspects(first)
  const folder = await mkdtemp(join(request.host.temporaryFolder, 'aptroot-check-second-build-'))
  const umask = process.umask(0o077)
  try {
    const second = await assembleRoot(
      {
        ...request,
        debs: [...request.debs].reverse(),
        host: { ...request.host, temporaryFolder: folder },
        reuse: 'fresh',
      },
      session,
    )
    try {
      if (second.digest === first.digest) {
        session.journal.emit({ kind: 'noted', stage: 'seal', message: `two builds gave one tree, ${first.digest}` })
        return
      }
      throw await differsFault(first, second, session)
    } finally {
      await second.close()
    }
  } finally {
    process.umask(umask)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Two builds would differ in it, unless its maker drew the same number twice. */
function requireNoSuspects({ suspects }: AssembledRoot): void {
  const [first] = suspects
  if (first === undefined) return
  const lines = suspects.map(({ path, because }) => `${displayByteString(`/${path}`).slice(1, -1)}: ${because}`)
  throw new Fault('SECRET_SUSPECTED', {
    message: `the image holds what looks like a secret of one machine: ${lines[0]}${lines.length > 1 ? `, and ${lines.length - 1} more` : ''}`,
    hint: 'Leave out the package whose script makes it, or report the path so that a rule of the seal can name it.',
    context: { paths: lines.slice(0, maximumPaths) },
  })
}

async function differsFault(first: AssembledRoot, second: AssembledRoot, session: Session): Promise<Fault> {
  const paths = [...new Set([...first.tree.keys(), ...second.tree.keys()])].sort()
  const differing = paths.flatMap(path => {
    const what = differenceOf(first.tree.get(path), second.tree.get(path))
    return what === undefined ? [] : [{ path, what }]
  })
  const owners = await ownersOf(first, new Set(differing.map(each => each.path)))
  const makers = await makersIn(first, session)
  const lines = differing.map(({ path, what }) => {
    const whose = origin(owners.get(path), makers.get(path))
    return `${displayByteString(`/${path}`).slice(1, -1)} (${whose}): ${what}`
  })
  return new Fault('BUILD_DIFFERS', {
    message: `two builds of the same lock differ in ${lines.length} ${lines.length === 1 ? 'path' : 'paths'}: ${lines[0] ?? ''}`,
    hint: 'See all of them with --json. Leave the package out, or report to its maintainer which script is not reproducible.',
    context: { first: first.digest, second: second.digest, paths: lines.slice(0, maximumPaths) },
  })
}

/** @param maker undefined: no script touched it, or nobody knows which */
function origin(owner: string | undefined, maker: string | undefined): string {
  if (owner === undefined) return `made by ${maker ?? 'a script'}`
  return maker === undefined ? `of ${owner}` : `of ${owner}, changed by ${maker}`
}

/** What differs is worth more than who made it: a third build that fails hides nothing. */
async function makersIn(root: AssembledRoot, session: Session): Promise<ReadonlyMap<string, string>> {
  try {
    return await root.traceScripts(session)
  } catch (error) {
    session.signal.throwIfAborted()
    if (!isFault(error)) throw error
    session.journal.emit({
      kind: 'warned',
      stage: 'configure',
      message: `which script made what is not known: ${error.message}`,
    })
    return new Map()
  }
}

function differenceOf(first: TreeEntry | undefined, second: TreeEntry | undefined): string | undefined {
  if (first === undefined) return 'only in the second build'
  if (second === undefined) return 'only in the first build'
  if (first.kind !== second.kind) return `${first.kind} and ${second.kind}`
  if (first.kind === 'file' && second.kind === 'file' && first.content.sha256 !== second.content.sha256)
    return 'content'
  if (first.kind === 'symlink' && second.kind === 'symlink' && first.target !== second.target) return 'target'
  if (first.mode !== second.mode) return `mode ${first.mode.toString(8)} and ${second.mode.toString(8)}`
  if (first.userId !== second.userId) return `user ${first.userId} and ${second.userId}`
  if (first.groupId !== second.groupId) return `group ${first.groupId} and ${second.groupId}`
  if (first.modifiedSeconds !== second.modifiedSeconds) return 'time'
  return undefined
}

/** By path: the package whose list has it. */
async function ownersOf(root: AssembledRoot, paths: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>()
  for (const [path, entry] of root.whole ?? root.tree) {
    const name = /^var\/lib\/dpkg\/info\/(.+)\.list$/.exec(path)?.[1]
    if (name === undefined || entry.kind !== 'file') continue
    for (const line of (await textOf(root.content, entry)).split('\n'))
      if (paths.has(line.slice(1))) owners.set(line.slice(1), name)
  }
  return owners
}

async function textOf(content: ContentSource, entry: Extract<TreeEntry, { kind: 'file' }>): Promise<string> {
  return (await wholeContent(content, entry.content)).toString('latin1')
}
