import type { ImageFacts } from '../../src/image/index.ts'
import { treeDigest } from '../../src/tree/index.ts'
import { device, fifo, file, folder, symlink, type TestTree, treeOf, treeSeconds } from './trees.ts'

const deep = Array.from({ length: 20 }, (_, level) =>
  Array.from({ length: level + 1 }, (_, at) => `level${at}`).join('/'),
)
const long = 'n'.repeat(255)
/** `VFS_CAP_REVISION_2` with CAP_NET_RAW, as setcap writes it. */
const netRaw = Buffer.from([1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const ping = { mode: 0o755, extendedAttributes: new Map([['security.capability', netRaw]]) }
const shared = { mode: 0o4755, userId: 7, groupId: 70_000, inode: 1 }

/**
 * Everything that a format can get wrong: setuid and sticky bits, large ids, device nodes, a FIFO, hard links, a capability, names
 * that are not UTF-8, long and deep ones, long symlinks, empty and large files, a folder with many entries.
 */
export const formatTree: TestTree = sorted(
  treeOf({
    bin: symlink('usr/bin'),
    dev: folder(),
    'dev/loop0': device('block-device', 7, 300),
    'dev/null': device('character-device', 1, 3),
    'dev/pipe': fifo(),
    etc: folder({ mode: 0o750, groupId: 42 }),
    'etc/a\xff b': file('odd'),
    'etc/empty': file(''),
    'etc/old': file('old', { modifiedSeconds: 1 }),
    'etc/ä': file('umlaut'),
    [long]: folder(),
    [`${long}/${long}`]: symlink('t'.repeat(1000)),
    many: folder({ mode: 0o1777 }),
    ...Object.fromEntries(Array.from({ length: 700 }, (_, at) => [`many/entry-${at}`, file(`${at}`)])),
    ...Object.fromEntries(deep.map(path => [path, folder({ mode: 0o700 })])),
    [`${deep.at(-1)}/bottom`]: file('deep'),
    usr: folder(),
    'usr/bin': folder(),
    'usr/bin/ping': file('ping', ping),
    'usr/bin/su': file('su', shared),
    'usr/bin/su2': file('su', shared),
    'usr/large': file('0123456789abcdef'.repeat(20_000)),
    'usr/page': file('x'.repeat(4096)),
  }),
)

export const sampleFacts: ImageFacts = {
  digest: treeDigest(formatTree.tree),
  architecture: 'amd64',
  sourceDateEpochSeconds: treeSeconds,
}

/** Emitters want byte order, as a sealed tree has it. */
function sorted({ tree, content }: TestTree): TestTree {
  return { tree: new Map([...tree].sort(([left], [right]) => (left < right ? -1 : 1))), content }
}
