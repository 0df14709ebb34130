import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createQueue } from '../../src/transfer/index.ts'
import { startRawMirror } from '../support/raw-mirror.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { Campaign } from './campaign.ts'
import { type KillJob, killJobs } from './kill-jobs.ts'
import { startAptroot } from './soak-process.ts'
import { storeComplaints } from './store-complaints.ts'

const levels = 50
const enoughKilobytes = 200_000

/**
 * Runs the program with project and store on a disk of the given size, then gives it room and runs it again. Both states are
 * copied out of the namespace whose disk it is, since that goes with its last process.
 */
const script = `
set -e
size=$1 disk=$2 given=$3; shift 3
mkdir -p "$disk"
mount -t tmpfs -o size="\${size}k" aptroot-soak "$disk"
cp -a "$given/project" "$disk/"
cd "$disk/project"
for round in first second; do
  set +e
  APTROOT_STORE="$disk/store" "$@" > "$given/$round.text" 2>&1
  echo $? > "$given/$round.code"
  set -e
  du -sk "$disk" | cut -f1 > "$given/$round.size"
  mkdir -p "$given/$round/store"
  cp -a "$disk/." "$given/$round/"
  mount -o remount,size=${enoughKilobytes}k "$disk"
done
`

/** Project and store on a disk with too little room, at fifty sizes from almost none to almost enough. */
export const diskCampaign: Campaign = async place => {
  const without = whyNoDisk()
  if (without !== undefined) return { cases: 0, table: [`SKIPPED: ${without}`], complaints: [] }
  const random = seededRandom(place.seed)
  const queue = createQueue(place.parallel)
  const table: string[] = []
  const complaints: string[] = []
  let cases = 0
  for (const job of await killJobs(place.scratch)) {
    if (!job.name.includes(place.match)) continue
    const mirror = await startRawMirror(job.files, () => undefined)
    try {
      const run = (kilobytes: number) => runOnDisk({ job, mirrorUrl: mirror.url, scratch: place.scratch, kilobytes })
      const whole = await run(enoughKilobytes)
      if (whole.exitCode !== 0) throw new Error(`${job.name} fails with room: ${whole.text}`)
      const sizes = Array.from({ length: levels }, (_, level) =>
        Math.ceil(whole.givenKilobytes + ((whole.usedKilobytes - whole.givenKilobytes) * (level + 0.5)) / levels),
      ).filter(() => random.below(1_000_000) < place.part * 1_000_000)
      const found = await Promise.all(sizes.map(kilobytes => queue(() => run(kilobytes))))
      cases += found.length
      const full = found.filter(each => each.exitCode === 7).length
      table.push(`${job.name}: ${found.length} sizes up to ${whole.usedKilobytes} KB, ${full} without room`)
      for (const each of found)
        complaints.push(...judged(each, whole).map(what => `${job.name} with ${each.kilobytes} KB: ${what}`))
    } finally {
      await mirror.close()
    }
  }
  return { cases, table, complaints }
}

interface DiskRun {
  readonly kilobytes: number
  readonly exitCode: number
  readonly text: string
  /** Of the project before, and of everything after. */
  readonly givenKilobytes: number
  readonly usedKilobytes: number
  readonly result: Buffer | undefined
  readonly before: Uint8Array | undefined
  readonly complaints: readonly string[]
  readonly next: { readonly exitCode: number; readonly text: string; readonly result: Buffer | undefined }
}

interface DiskCase {
  readonly job: KillJob
  readonly mirrorUrl: string
  readonly scratch: string
  readonly kilobytes: number
}

async function runOnDisk({ job, mirrorUrl, scratch, kilobytes }: DiskCase): Promise<DiskRun> {
  const folder = await mkdtemp(join(scratch, 'disk-'))
  try {
    const project = join(folder, 'project')
    await mkdir(project, { recursive: true })
    await job.prepare(project)
    const wrapper = ['unshare', '-rm', 'sh', '-c', script, 'sh', String(kilobytes), join(folder, 'disk'), folder]
    const { exitCode, text } = await startAptroot(job.words, { project, store: '', mirrorUrl, wrapper }).ended
    if (exitCode !== 0) throw new Error(`the disk cannot be made: ${text}`)
    const read = (name: string) => readFile(join(folder, name), 'utf8')
    const resultOf = (round: string) => readFile(join(folder, round, 'project', job.result)).catch(() => undefined)
    const given = execFileSync('du', ['-sk', project], { encoding: 'utf8' })
    const left = await readdir(join(folder, 'first/store/store-v1/temporary')).catch(() => [])
    return {
      kilobytes,
      exitCode: Number(await read('first.code')),
      text: await read('first.text'),
      givenKilobytes: Number.parseInt(given, 10),
      usedKilobytes: Number(await read('first.size')),
      result: await resultOf('first'),
      before: job.before,
      complaints: [
        ...(await storeComplaints(join(folder, 'first/store'))),
        ...(await storeComplaints(join(folder, 'second/store'))),
        ...left.map(name => `temporary/${name} is left`),
      ],
      next: {
        exitCode: Number(await read('second.code')),
        text: await read('second.text'),
        result: await resultOf('second'),
      },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function judged(run: DiskRun, whole: DiskRun): readonly string[] {
  const complaints = [...run.complaints]
  const { exitCode, text, result, before, next } = run
  if (exitCode !== 0 && exitCode !== 7) complaints.push(`exit code ${exitCode}: ${text}`)
  if (exitCode === 7 && !/^error: [^\n]* \[(DISK_FULL|OUTPUT_UNWRITABLE)\]\nhint: [^\n]+\n$/m.test(text))
    complaints.push(`not one line and a hint: ${text}`)
  if (/^\s+at /m.test(text)) complaints.push('a stack trace')
  const expected = whole.result ?? Buffer.alloc(0)
  const isOld = before === undefined ? result === undefined : result?.equals(before) === true
  if (result?.equals(expected) !== true && (exitCode === 0 || !isOld))
    complaints.push('the result is neither old nor new')
  if (next.exitCode !== 0) complaints.push(`with room it ended with ${next.exitCode}: ${next.text}`)
  if (next.result?.equals(expected) !== true) complaints.push('with room the result is another')
  return complaints
}

/** Why there can be no disk of our own, which needs a mount namespace; undefined when there can. */
export function whyNoDisk(): string | undefined {
  try {
    execFileSync(
      'unshare',
      ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k aptroot-soak /mnt && mount -o remount,size=128k /mnt'],
      { stdio: 'ignore' },
    )
    return undefined
  } catch {
    return 'this user cannot mount a tmpfs in a namespace of its own'
  }
}
