import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { bytesOfByteString } from '../codec/index.ts'
import { Fault, nextTurn, type ProcessRunner, quoted, type Session } from '../kernel/index.ts'
import { ContentWriter } from '../store/index.ts'
import { firstNames, type TreeEntry } from '../tree/index.ts'
import type { SealedTree } from './tar-bytes.ts'

/**
 * `tree`: owners as in the tree, which only root may set. `caller`: everything belongs to who runs aptroot, without setuid and setgid
 * bits: they would let anybody act as that user.
 */
export type Ownership = 'tree' | 'caller'

export interface WriteRequest {
  readonly root: SealedTree
  /** An empty folder of ours that nobody else can enter. */
  readonly folder: string
  readonly ownership: Ownership
  readonly runner: ProcessRunner
}

export interface TreeOnDisk {
  /** Device nodes, FIFOs and extended attributes that could not be made here; display text. */
  readonly left: readonly string[]
}

/**
 * Writes a tree below a folder. It follows no symlink: `checkTree` holds, so everything lies in folders made here a moment ago.
 *
 * Calls are synchronous on purpose: many small files are written several times faster so than with a promise each; other work runs
 * between the files. Folders get their modes and times last, since files could not be made in them otherwise, or would change them.
 *
 * @throws whatever the file system says
 */
export async function writeTree(request: WriteRequest, session: Session): Promise<TreeOnDisk> {
  const { root, folder, ownership } = request
  const links = firstNames(root.tree)
  const left: string[] = []
  const folders: [Buffer, TreeEntry][] = []
  const hostPath = (path: string) => Buffer.concat([Buffer.from(`${folder}/`), bytesOfByteString(path)])
  const modeOf = (entry: TreeEntry) => (ownership === 'tree' ? entry.mode : entry.mode & 0o1777)

  const contents = new ContentWriter()
  let count = 0
  for (const [path, entry] of root.tree) {
    if (++count % 128 === 0) await nextTurn()
    session.signal.throwIfAborted()
    const host = hostPath(path)
    const first = links.get(path)
    if ((entry.extendedAttributes?.size ?? 0) > 0) left.push(`extended attributes of ${display(path)}`)
    if (first !== undefined) {
      linkSync(hostPath(first), host)
      continue
    }
    switch (entry.kind) {
      case 'directory':
        if (path !== '') mkdirSync(host, 0o700)
        folders.push([host, entry])
        break
      case 'symlink':
        symlinkSync(bytesOfByteString(entry.target) as Buffer, host)
        if (ownership === 'tree') lchownSync(host, entry.userId, entry.groupId)
        lutimesSync(host, entry.modifiedSeconds, entry.modifiedSeconds)
        break
      case 'file': {
        const file = openSync(host, 'wx', 0o600)
        try {
          await contents.write(file, entry.content, root.content)
          if (ownership === 'tree') fchownSync(file, entry.userId, entry.groupId)
          // After chown, which clears setuid and setgid.
          fchmodSync(file, modeOf(entry))
          futimesSync(file, entry.modifiedSeconds, entry.modifiedSeconds)
        } finally {
          closeSync(file)
        }
        break
      }
      default:
        if ((await makeNode(host, entry, request, session)) === 'left') left.push(`${entry.kind} ${display(path)}`)
        else {
          if (ownership === 'tree') lchownSync(host, entry.userId, entry.groupId)
          chmodSync(host, modeOf(entry))
          utimesSync(host, entry.modifiedSeconds, entry.modifiedSeconds)
        }
    }
  }
  for (const [host, entry] of folders.reverse()) {
    if (ownership === 'tree') chownSync(host, entry.userId, entry.groupId)
    chmodSync(host, modeOf(entry))
    utimesSync(host, entry.modifiedSeconds, entry.modifiedSeconds)
  }
  return { left }
}

type Node = Exclude<TreeEntry, { readonly kind: 'directory' | 'symlink' | 'file' }>

/** Node has no mknod(2), and device nodes are root's to make, so the program of that name does it where it may and exists. */
async function makeNode(host: Buffer, entry: Node, request: WriteRequest, session: Session): Promise<'made' | 'left'> {
  const path = host.toString()
  const program = await request.runner.find('mknod')
  const isDevice = entry.kind !== 'fifo'
  // Arguments are text: a name that is not UTF-8 would become another one.
  const isText = Buffer.from(path).equals(host)
  if (program === undefined || !isText || (isDevice && request.ownership === 'caller')) return 'left'
  const numbers =
    entry.kind === 'fifo' ? ['p'] : [entry.kind === 'block-device' ? 'b' : 'c', `${entry.major}`, `${entry.minor}`]
  const result = await request.runner.run({
    program,
    arguments: ['-m', '600', '--', path, ...numbers],
    environment: { LC_ALL: 'C' },
    workingFolder: '/',
    signal: session.signal,
  })
  if (result.exitStatus === 0) return 'made'
  // In a container root may not make devices either; a fault for a FIFO, which anybody may make.
  if (isDevice) return 'left'
  throw new Fault('PROGRAM_FAILED', {
    message: `mknod ended with status ${result.exitStatus} for ${quoted(path)}`,
    hint: 'Write a tar instead of a directory.',
    context: { program: 'mknod', exitStatus: result.exitStatus },
  })
}

function display(path: string): string {
  return quoted(`/${Buffer.from(path, 'latin1').toString('utf8')}`)
}
