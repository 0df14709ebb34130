import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

const sourceFolder = join(dirname(fileURLToPath(import.meta.url)), '../../src')

/** The building: a room may use rooms on lower floors only. The kernel is the ground that `codec` stands on too. */
const floorOfRoom: Readonly<Record<string, number>> = {
  kernel: -1,
  'debian-control-parser': 0,
  codec: 0,
  debian: 1,
  deb: 1,
  tree: 1,
  solver: 1,
  manifest: 2,
  openpgp: 2,
  store: 2,
  sandbox: 2,
  transfer: 3,
  lockfile: 3,
  dpkg: 3,
  archive: 4,
  resolver: 4,
  fetch: 4,
  rootfs: 4,
  image: 5,
  review: 5,
  repository: 5,
  interchange: 5,
  // Its client is used by the workflows; its service is opened by a command.
  revision: 5,
  'package-build': 5,
  workflows: 6,
  adapters: 6,
  bot: 7,
  // Its commands open the other entrance.
  commands: 8,
}

/** Rooms whose code can have no file system, network, clock, environment or console. */
const pureRooms = [
  'kernel',
  'debian-control-parser',
  'codec',
  'debian',
  'tree',
  'solver',
  'manifest',
  'lockfile',
  'dpkg',
  'resolver',
]

/** Rooms without a door: their files are entered one by one, so that a command loads only what it needs. */
const roomsWithoutDoor = ['workflows', 'adapters', 'commands']

/** Node's modules that neither wait nor look at the world. */
const pureModules = ['node:buffer', 'node:util', 'node:zlib', 'node:crypto']

interface Import {
  readonly file: string
  readonly room: string
  readonly specifier: string
}

const sourceFiles = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' }).filter(path =>
  path.endsWith('.ts'),
)
const roomFiles = sourceFiles.filter(path => path.includes('/'))
const imports: readonly Import[] = roomFiles.flatMap(file => {
  const text = readFileSync(join(sourceFolder, file), 'utf8')
  const specifiers = [...text.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '')
  return specifiers.map(specifier => ({ file, room: file.split('/')[0] ?? '', specifier }))
})

function targetOf({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return relative(sourceFolder, normalize(join(sourceFolder, dirname(file), specifier)))
}

describe('the rooms of the building', () => {
  test('are found at all', () => {
    assert.ok(roomFiles.length > 10, `only ${roomFiles.length} source files were read`)
    assert.ok(imports.length > 10, `only ${imports.length} imports were read`)
  })

  test('are all on a known floor', () => {
    const unknown = new Set(
      roomFiles.map(file => file.split('/')[0] ?? '').filter(room => floorOfRoom[room] === undefined),
    )
    assert.deepEqual([...unknown], [])
  })

  test('import from lower floors only', () => {
    const wrong = imports.filter(each => {
      const room = targetOf(each)?.split('/')[0]
      if (room === undefined || room === each.room) return false
      return (floorOfRoom[room] ?? 99) >= (floorOfRoom[each.room] ?? -1)
    })
    assert.deepEqual(wrong, [])
  })

  test('are entered through their door', () => {
    const wrong = imports.filter(each => {
      const target = targetOf(each)
      const room = target?.split('/')[0]
      if (target === undefined || room === undefined || room === each.room || roomsWithoutDoor.includes(room))
        return false
      // `src/room/part.ts` may be entered directly where a barrel would load too much: lazy imports by workflows and above.
      if ((floorOfRoom[each.room] ?? 0) >= 6) return false
      return target !== `${room}/index.ts`
    })
    assert.deepEqual(wrong, [])
  })

  test('are pure where they promise to be', () => {
    const wrong = imports.filter(
      each =>
        pureRooms.includes(each.room) && each.specifier.startsWith('node:') && !pureModules.includes(each.specifier),
    )
    assert.deepEqual(wrong, [])
    const touching =
      /\b(process\.(env|cwd|stdout|stderr|argv|hrtime)|console\.|Date\.now\(|new Date\(\)|Math\.random\(|localeCompare)/
    const impure = roomFiles.filter(
      file =>
        pureRooms.includes(file.split('/')[0] ?? '') && touching.test(readFileSync(join(sourceFolder, file), 'utf8')),
    )
    assert.deepEqual(impure, [])
  })

  test('print only in the commands', () => {
    const printing = roomFiles.filter(
      file =>
        !file.startsWith('commands/') &&
        /\b(console\.|process\.stdout|process\.stderr)/.test(readFileSync(join(sourceFolder, file), 'utf8')),
    )
    assert.deepEqual(printing, [])
  })

  test('import nothing into the stanza parser, so that it can be published alone', () => {
    const wrong = imports.filter(
      each => each.room === 'debian-control-parser' && !(targetOf(each) ?? '').startsWith('debian-control-parser/'),
    )
    assert.deepEqual(wrong, [])
  })
})
