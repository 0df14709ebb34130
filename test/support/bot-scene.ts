import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpTransport, defaultTransportSettings } from '../../src/adapters/http-transport.ts'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import { type BotRequest, type BotResult, createForge, forgeSettings, runBot } from '../../src/bot/index.ts'
import { silentJournal } from '../../src/kernel/index.ts'
import { findProjects } from '../../src/workflows/project.ts'
import type { Site } from '../../src/workflows/site.ts'
import { updateLock } from '../../src/workflows/update-lock.ts'
import type { World } from '../../src/workflows/world.ts'
import { type ForgeFlavour, type LoopbackForge, startForge } from './loopback-forge.ts'
import { makeTestKey } from './signing.ts'
import { type PackagesByTitle, publishTwoArchives, twoArchivesManifest } from './two-archives.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

const before: PackagesByTitle = {
  'nginx 1.0-1': { Depends: 'nginx-common (= 1.0-1)' },
  'nginx-common 1.0-1': { Source: 'nginx' },
  'curl 7.1-1': {},
  'openssl 3.0-1': {},
}
const nginx = { 'nginx 2.0-1': { Depends: 'nginx-common (= 2.0-1)' }, 'nginx-common 2.0-1': { Source: 'nginx' } }
/** Something of the security archive is locked from the start: its key is no news then. */
const quiet = { 'zlib 1.2-1': {} }
const fix = { ...quiet, 'openssl 3.0-1+deb12u1': {} }

/** States that the archives of a scene can be in. */
const states = {
  before: { main: before, security: quiet },
  both: { main: { ...before, 'curl 7.1-2': {}, ...nginx }, security: fix },
  gone: { main: { ...before, 'curl 7.1-4': {} }, security: quiet },
  later: { main: { ...before, 'curl 7.1-3': {}, ...nginx }, security: { ...fix, 'openssl 3.0-1+deb12u2': {} } },
} as const

export type ArchiveStateName = keyof typeof states

const packages = 'nginx, curl, openssl, zlib'

/** Archives, a store and a repository with a first lock, made once and copied for every scene. */
export interface BotStage {
  readonly folder: string
  close(): void
}

export async function openBotStage(): Promise<BotStage> {
  const folder = mkdtempSync(join(tmpdir(), 'aptroot-bot-'))
  const key = await makeTestKey({ name: 'Archive' })
  for (const [name, state] of Object.entries(states))
    await publishTwoArchives(folder, key, { ...state, place: `states/${name}` })
  // Listed and not there.
  rmSync(join(folder, 'states/gone/main/pool/main/c/curl/curl_7.1-4_all.deb'))
  const clone = join(folder, 'template/clone')
  const remote = join(folder, 'template/remote')
  mkdirSync(join(clone, 'keys'), { recursive: true })
  mkdirSync(remote, { recursive: true })
  writeFileSync(join(clone, 'keys/test.asc'), key.toPublic().armor())
  writeFileSync(join(clone, 'aptroot.yaml'), twoArchivesManifest(folder, { packages }))
  const [project] = await findProjects({ kind: 'files', manifests: [] }, clone)
  const world = worldOf(folder, virtualClock('2026-01-20T00:00:00Z'))
  await updateLock(
    {
      project,
      site: siteOf(folder, 'before'),
      mode: { kind: 'afresh' },
      asOf: undefined,
      snapshot: undefined,
      write: 'replace',
    },
    session(),
    world,
  )
  gitIn(remote, 'init', '--quiet', '--bare', '--initial-branch=main')
  gitIn(clone, 'init', '--quiet', '--initial-branch=main')
  gitIn(clone, 'add', '--all')
  gitIn(clone, 'commit', '--quiet', '--message=First lock')
  gitIn(clone, 'push', '--quiet', remote, 'main')
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface PassOptions extends Partial<Pick<BotRequest, 'limit' | 'labels' | 'mode' | 'base'>> {
  readonly manifests?: readonly string[]
  readonly requests?: 'forge' | 'none'
}

/** A clone, its bare remote and a forge. */
export interface BotScene {
  readonly clone: string
  readonly remote: string
  readonly forge: LoopbackForge
  readonly clock: VirtualClock
  archives: ArchiveStateName
  pass(options?: PassOptions): Promise<BotResult>
  /** `opened aptroot/aptroot/security` for each branch. */
  did(options?: PassOptions): Promise<readonly string[]>
  /** git in the clone. */
  git(...words: readonly string[]): string
  /** Branch → commit, at the remote; without the base branch. */
  branches(): Readonly<Record<string, string>>
  /** Every commit that a branch of the remote has and the bot has not made. */
  commitsOfPeople(): readonly string[]
  /** The lock that a branch of the remote has. */
  lockOf(branch: string, path?: string): string
  /** Changes the base branch at the remote and in the clone. */
  commitToBase(files: Readonly<Record<string, string>>): void
  /** What somebody pushes onto a branch of the bot's. */
  pushTo(branch: string, files: Readonly<Record<string, string>>): string
  manifest(more: string): string
  close(): Promise<void>
}

let scenes = 0

export async function openBotScene(stage: BotStage, flavour: ForgeFlavour = 'github'): Promise<BotScene> {
  const folder = join(stage.folder, `scene-${scenes++}`)
  cpSync(join(stage.folder, 'template'), folder, { recursive: true })
  const clone = join(folder, 'clone')
  const remote = join(folder, 'remote')
  const git = (...words: readonly string[]) => gitIn(clone, ...words)
  git('remote', 'add', 'origin', remote)
  const forge = await startForge(flavour)
  const clock = virtualClock('2026-01-20T00:00:00Z')
  const transport = createHttpTransport({ ...defaultTransportSettings, stallTimeoutMilliseconds: 5000 })
  const write = (place: string, files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text)
  }
  const scene: BotScene = {
    clone,
    remote,
    forge,
    clock,
    archives: 'both',
    git,
    async pass({ manifests = [], requests = 'forge', ...options } = {}) {
      const settings = forgeSettings(
        { forge: flavour, repository: 'team/images', api: forge.api },
        { APTROOT_FORGE_TOKEN: 'secret-token' },
      )
      assert.ok(settings.kind !== 'none')
      const projects = await findProjects({ kind: 'files', manifests }, clone)
      const { signal } = session()
      return runBot(
        {
          locks: projects.map(project => ({ project, site: siteOf(stage.folder, scene.archives) })),
          forge: requests === 'none' ? undefined : createForge(settings, { transport, clock, signal }),
          bodyForge: flavour,
          remote: 'origin',
          base: undefined,
          asOf: new Date('2026-01-20T00:00:00Z'),
          identity: { name: 'Bot', mail: 'bot@example.org' },
          commitDate: 'lock',
          labels: [],
          limit: undefined,
          mode: 'act',
          ...options,
        },
        session(),
        worldOf(stage.folder, clock),
      )
    },
    async did(options) {
      const { outcomes } = await scene.pass(options)
      return outcomes.map(each => `${each.did} ${each.branch}`)
    },
    branches() {
      const listed = gitIn(remote, 'for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads/')
      const rows = listed.split('\n').filter(line => line !== '' && !line.startsWith('main '))
      return Object.fromEntries(rows.map(row => row.split(' ') as [string, string]))
    },
    commitsOfPeople: () => gitIn(remote, 'rev-list', '--all', '--committer=Person').split('\n').filter(Boolean),
    lockOf: (branch, path = 'aptroot.lock') => gitIn(remote, 'show', `${branch}:${path}`),
    commitToBase(files) {
      write(clone, files)
      git('add', '--all')
      git('commit', '--quiet', '--message=Something else')
      git('push', '--quiet', 'origin', 'main')
    },
    pushTo(branch, files) {
      const other = mkdtempSync(join(folder, 'person-'))
      gitIn(other, 'clone', '--quiet', '--branch', branch, remote, 'clone')
      const place = join(other, 'clone')
      write(place, files)
      gitIn(place, 'add', '--all')
      gitIn(place, 'commit', '--quiet', '--message=By hand')
      gitIn(place, 'push', '--quiet', 'origin', branch)
      return gitIn(place, 'rev-parse', 'HEAD').trim()
    },
    manifest: more => twoArchivesManifest(stage.folder, { packages, more }),
    async close() {
      await transport.close()
      await forge.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return scene
}

function gitIn(folder: string, ...words: readonly string[]): string {
  const person = { GIT_AUTHOR_NAME: 'Person', GIT_AUTHOR_EMAIL: 'person@example.org' }
  const committer = { GIT_COMMITTER_NAME: 'Person', GIT_COMMITTER_EMAIL: 'person@example.org' }
  const environment = { PATH: process.env.PATH ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...person, ...committer }
  return execFileSync('git', [...words], { cwd: folder, env: environment, encoding: 'utf8', stdio: 'pipe' })
}

function session() {
  return { signal: new AbortController().signal, journal: silentJournal }
}

function siteOf(folder: string, state: ArchiveStateName): Site {
  return {
    storeFolder: join(folder, 'store'),
    storeLayers: [],
    mirrors: new Map([
      ['main', [`file://${folder}/states/${state}/main`]],
      ['security', [`file://${folder}/states/${state}/security`]],
    ]),
    snapshots: new Map(),
    launchpad: { kind: 'none' },
    fallbackUris: [],
    vendorFolders: [],
    mode: 'online',
    parallelism: 4,
    proxyOf: undefined,
    credentialText: '',
  }
}

function worldOf(folder: string, clock: VirtualClock): World {
  const path = process.env.PATH ?? ''
  return {
    clock,
    processRunner: createProcessRunner({ searchPath: path, maximumOutputBytes: 64 * 1024 * 1024 }),
    openTransport: async () => createHttpTransport(),
    random: () => 0.5,
    environment: { PATH: path, HOME: folder },
    workingFolder: folder,
    temporaryFolder: folder,
    hostArchitecture: 'amd64',
    packageFolder: process.cwd(),
  }
}
