import { constants } from 'node:fs'
import { access, readFile, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { judgeEmulation, judgeSandbox } from './diagnose-sandbox.ts'
import type { World } from './world.ts'

export interface DiagnosisRequest {
  readonly nodeVersion: string
  /** As `process.platform` and `process.arch` say. */
  readonly platform: string
  readonly machine: string
  readonly user: { readonly id: number; readonly name: string }
  readonly storeFolder: string
  /** `/`; tests give a folder that holds `proc` and `etc`. */
  readonly systemFolder: string
}

export interface Finding {
  readonly name: string
  /** `absent`: works without, but less; `problem`: something that was asked for cannot work. */
  readonly status: 'ok' | 'absent' | 'problem'
  readonly found: string
  /** What it is good for. */
  readonly purpose: string
  /** What to install or change; where the status is not `ok`. */
  readonly advice?: string
}

interface Program {
  readonly names: readonly string[]
  readonly purpose: string
  readonly debianPackage: string
}

const programs: readonly Program[] = [
  { names: ['git'], purpose: 'comparing revisions of a lock', debianPackage: 'git' },
  { names: ['zstd'], purpose: 'faster unpacking of .zst; works without', debianPackage: 'zstd' },
  { names: ['xz'], purpose: 'faster unpacking of .xz; works without', debianPackage: 'xz-utils' },
  { names: ['bwrap'], purpose: 'running maintainer scripts in a sandbox', debianPackage: 'bubblewrap' },
  { names: ['newuidmap', 'newgidmap'], purpose: 'more than one user id in the sandbox', debianPackage: 'uidmap' },
  { names: ['ostree'], purpose: 'ostree images', debianPackage: 'ostree' },
  { names: ['mksquashfs'], purpose: 'squashfs images', debianPackage: 'squashfs-tools' },
  { names: ['mkfs.erofs'], purpose: 'erofs images', debianPackage: 'erofs-utils' },
  { names: ['mke2fs'], purpose: 'ext4 images', debianPackage: 'e2fsprogs' },
]

/** bookworm's nginx with base `required` takes about 0.4 GB as debs and unpacked; below this a first run may not fit. */
const comfortableFreeBytes = 1_000_000_000

/** What this machine can do; nothing is changed, no network is used. */
export async function diagnoseHost(
  request: DiagnosisRequest,
  world: Pick<World, 'processRunner'>,
): Promise<readonly Finding[]> {
  return [
    judgeNode(request.nodeVersion),
    judgePlatform(request),
    await judgeStore(request.storeFolder),
    ...(await Promise.all(programs.map(program => judgeProgram(program, world)))),
    await judgeSubordinateIds(request),
    await judgeUserNamespaces(request),
    await judgeOverlay(request),
    await judgeSandbox(request, world),
    await judgeEmulation(request, world),
  ]
}

function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const enough = major > 20 || (major === 20 && minor >= 19)
  const finding = { name: 'Node', found: version, purpose: 'running aptroot' }
  return enough
    ? { ...finding, status: 'ok' }
    : { ...finding, status: 'problem', advice: 'install Node 20.19 or later' }
}

function judgePlatform({ platform, machine }: DiagnosisRequest): Finding {
  const finding = {
    name: 'platform',
    found: `${platform} ${machine}`,
    purpose: 'modes, owners and links of root file systems',
  }
  if (platform === 'linux') return { ...finding, status: 'ok' }
  return {
    ...finding,
    status: 'absent',
    advice: 'locking and tar output work here; directories and scripts need Linux',
  }
}

async function judgeStore(folder: string): Promise<Finding> {
  const purpose = 'keeping downloads and unpacked debs'
  const nearest = await nearestExisting(folder)
  const shown = nearest === folder ? folder : `${folder} (made on first use)`
  try {
    await access(nearest, constants.W_OK | constants.X_OK)
  } catch {
    return {
      name: 'store',
      status: 'problem',
      found: `${folder}, not writable`,
      purpose,
      advice: 'choose another folder with --store or APTROOT_STORE',
    }
  }
  const { bavail, bsize } = await statfs(nearest)
  const freeBytes = bavail * bsize
  const found = `${shown}, ${(freeBytes / 1e9).toFixed(1)} GB free`
  if (freeBytes >= comfortableFreeBytes) return { name: 'store', status: 'ok', found, purpose }
  return { name: 'store', status: 'problem', found, purpose, advice: 'make room, or run `aptroot store prune`' }
}

async function nearestExisting(folder: string): Promise<string> {
  try {
    await access(folder)
    return folder
  } catch {
    const parent = dirname(folder)
    return parent === folder ? folder : nearestExisting(parent)
  }
}

async function judgeProgram(program: Program, world: Pick<World, 'processRunner'>): Promise<Finding> {
  const paths = await Promise.all(program.names.map(name => world.processRunner.find(name)))
  const missing = program.names.filter((_, at) => paths[at] === undefined)
  const finding = { name: program.names.join(', '), purpose: program.purpose }
  if (missing.length === 0) return { ...finding, status: 'ok', found: paths.join(', ') }
  return {
    ...finding,
    status: 'absent',
    found: `${missing.join(', ')} not on PATH`,
    advice: `apt install ${program.debianPackage}`,
  }
}

async function judgeSubordinateIds({ systemFolder, user }: DiagnosisRequest): Promise<Finding> {
  const finding = { name: 'subordinate ids', purpose: 'files of several owners without being root' }
  if (user.id === 0) return { ...finding, status: 'ok', found: 'not needed by root' }
  const files = ['etc/subuid', 'etc/subgid']
  const texts = await Promise.all(files.map(file => readIfPresent(join(systemFolder, file))))
  const lacking = files.filter((_, at) => !grantsEnough(texts[at] ?? '', user))
  if (lacking.length === 0) return { ...finding, status: 'ok', found: `65536 or more for ${user.name}` }
  return {
    ...finding,
    status: 'absent',
    found: `none for ${user.name} in /${lacking.join(' and /')}`,
    advice: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user.name}`,
  }
}

/** Lines are `name-or-uid:first:count`, subuid(5). */
function grantsEnough(text: string, user: DiagnosisRequest['user']): boolean {
  return text.split('\n').some(line => {
    const [owner, , amount] = line.split(':')
    return (owner === user.name || owner === String(user.id)) && Number(amount) >= 65_536
  })
}

async function judgeUserNamespaces({ systemFolder, user }: DiagnosisRequest): Promise<Finding> {
  const finding = { name: 'user namespaces', purpose: 'the sandbox without being root' }
  const read = async (path: string) => (await readIfPresent(join(systemFolder, 'proc/sys', path)))?.trim()
  if ((await read('user/max_user_namespaces')) === '0')
    return {
      ...finding,
      status: 'absent',
      found: 'user.max_user_namespaces is 0',
      advice: 'sysctl user.max_user_namespaces=15000',
    }
  if (user.id === 0) return { ...finding, status: 'ok', found: 'available to root' }
  if ((await read('kernel/unprivileged_userns_clone')) === '0')
    return {
      ...finding,
      status: 'absent',
      found: 'kernel.unprivileged_userns_clone is 0',
      advice: 'sysctl kernel.unprivileged_userns_clone=1',
    }
  if ((await read('kernel/apparmor_restrict_unprivileged_userns')) === '1')
    return {
      ...finding,
      status: 'absent',
      found: 'kernel.apparmor_restrict_unprivileged_userns is 1',
      advice: 'give bwrap an AppArmor profile with userns, or sysctl kernel.apparmor_restrict_unprivileged_userns=0',
    }
  return { ...finding, status: 'ok', found: 'no restriction found' }
}

async function judgeOverlay({ systemFolder }: DiagnosisRequest): Promise<Finding> {
  const finding = { name: 'overlay', purpose: 'faster private copies for scripts; works without' }
  const text = await readIfPresent(join(systemFolder, 'proc/filesystems'))
  if (text?.split('\n').some(line => line.split('\t').at(-1) === 'overlay') === true)
    return { ...finding, status: 'ok', found: 'known to the kernel' }
  return { ...finding, status: 'absent', found: 'not known to the kernel', advice: 'modprobe overlay' }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
