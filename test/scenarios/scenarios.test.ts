import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readPrivateKey } from 'openpgp'
import { describe, onTestFinished, test } from 'vitest'
import { createHttpTransport, defaultTransportSettings } from '../../src/adapters/http-transport.ts'
import { isFault } from '../../src/kernel/index.ts'
import { projectOf } from '../../src/workflows/project.ts'
import { type UpdateLockResult, updateLock } from '../../src/workflows/update-lock.ts'
import { writeScenarioArchives } from '../support/scenario-archive.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scenarios = join(root, 'fixtures/scenarios')
const names = readdirSync(scenarios, { withFileTypes: true }).flatMap(entry =>
  entry.isDirectory() ? [entry.name] : [],
)
const expectedFiles = ['expected.lock', 'expected.notes.txt', 'expected.fault.txt'] as const
type Outcome = Readonly<Partial<Record<(typeof expectedFiles)[number], string>>>

describe('scenarios', () => {
  test('there are some', () => assert.notEqual(names.length, 0))
  for (const name of names)
    test(name.replaceAll('-', ' '), async () => {
      const outcome = await outcomeOf(join(scenarios, name))
      for (const file of expectedFiles) {
        const path = join(scenarios, name, file)
        const found = outcome[file]
        if (process.env.APTROOT_ACCEPT === 'yes')
          await (found === undefined ? rm(path, { force: true }) : writeFile(path, found))
        assert.equal(found, existsSync(path) ? await readFile(path, 'utf8') : undefined, `${name}/${file}`)
      }
    })
})

async function outcomeOf(scenario: string): Promise<Outcome> {
  const scratch = await scratchFolder()
  const folder = join(scratch, 'project')
  await mkdir(join(folder, 'keys'), { recursive: true })
  const publicKey = await readFile(join(root, 'fixtures/keys/demo-archive.asc'))
  await writeFile(join(folder, 'keys/demo-archive.asc'), publicKey)
  await writeFile(join(folder, 'aptroot.yaml'), await readFile(join(scenario, 'manifest.yaml')))
  const key = await readPrivateKey({
    armoredKey: await readFile(join(root, 'fixtures/keys/demo-archive.secret.asc'), 'utf8'),
  })
  const notes: string[] = []
  const states = readdirSync(scenario).filter(file => /^archive(\.\d)?\.txt$/.test(file))
  assert.notEqual(states.length, 0, `${scenario} has no archive.txt`)
  for (const [at, state] of states.sort().entries()) {
    const archives = join(scratch, state)
    const ids = await writeScenarioArchives(await readFile(join(scenario, state), 'utf8'), archives, key)
    const address = pathToFileURL(archives).href
    try {
      const result = await update(folder, new Map(ids.map(id => [id, [`${address}/${id}`] as const])))
      if (result.kind === 'unsolvable') {
        const { lines, hint } = result.explanation
        return { 'expected.fault.txt': `RESOLVE_NO_SOLUTION\n${lines.join('\n')}\nhint: ${hint}\n` }
      }
      if (at > 0) notes.push(`${state}: ${result.outcome}`)
      notes.push(...result.notes.map(note => note.message))
    } catch (error) {
      if (!isFault(error)) throw error
      const text = `${error.code}\n${error.message}\nhint: ${error.hint ?? 'none'}\n`
      return { 'expected.fault.txt': text.replaceAll(address, 'http://mirror.example.org') }
    }
  }
  const lock = await readFile(join(folder, 'aptroot.lock'), 'utf8')
  return {
    'expected.lock': lock,
    ...(notes.length === 0 ? {} : { 'expected.notes.txt': `${notes.join('\n')}\n` }),
  }
}

async function update(
  folder: string,
  mirrors: ReadonlyMap<string, readonly [string, ...string[]]>,
): Promise<UpdateLockResult> {
  const transport = createHttpTransport(defaultTransportSettings)
  onTestFinished(() => transport.close())
  return updateLock(
    {
      project: projectOf('aptroot.yaml', folder),
      site: {
        storeFolder: join(folder, '../store'),
        storeLayers: [],
        mirrors,
        vendorFolders: [],
        snapshots: new Map(),
        launchpad: { kind: 'none' },
        fallbackUris: [],
        mode: 'online',
        parallelism: 2,
        proxyOf: undefined,
        credentialText: '',
      },
      mode: { kind: 'afresh' },
      asOf: undefined,
      snapshot: undefined,
      write: 'replace',
    },
    quietSession(),
    {
      clock: virtualClock('2026-11-20T00:00:00Z'),
      processRunner: {
        run: () => Promise.reject(new Error('a lock is updated without other programs')),
        find: async () => undefined,
      },
      openTransport: async () => transport,
      random: () => 0.5,
      environment: {},
      workingFolder: folder,
      temporaryFolder: folder,
      hostArchitecture: 'amd64',
      packageFolder: root,
    },
  )
}
