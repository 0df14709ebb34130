import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readTar, type TarEntry } from '../../src/codec/index.ts'

/** One path of a root file system as another program can have made it. */
export interface ListedPath {
  readonly kind: string
  readonly mode: string
  readonly owner: string
  /** sha256 of a file (for a hard link that of its target), target of a symlink, numbers of a device. */
  readonly content: string
}

/** What a tar holds, by path without `./` and slashes at the ends. Modification times are left out. */
export async function listTar(path: string): Promise<Map<string, ListedPath>> {
  const listed = new Map<string, ListedPath>()
  for await (const { entry, body } of readTar(createReadStream(path), { name: path, paxHeaders: 'read' })) {
    const name = entry.path.replace(/^\.?\//, '').replace(/\/$/, '')
    if (entry.kind === 'hard-link') {
      const target = listed.get(entry.target.replace(/^\.?\//, ''))
      if (target !== undefined) listed.set(name, target)
      continue
    }
    const hash = createHash('sha256')
    for await (const bytes of body) hash.update(bytes)
    listed.set(name === '.' ? '' : name, {
      kind: entry.kind,
      mode: entry.kind === 'symlink' ? '' : entry.mode.toString(8),
      owner: `${entry.userId}:${entry.groupId}`,
      content: contentOf(entry, () => hash.digest('hex')),
    })
  }
  return listed
}

function contentOf(entry: TarEntry, digest: () => string): string {
  switch (entry.kind) {
    case 'file':
      return digest()
    case 'symlink':
      return entry.target
    case 'character-device':
    case 'block-device':
      return `${entry.major}:${entry.minor}`
    default:
      return ''
  }
}
