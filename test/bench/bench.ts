// Times aptroot beside its peers on the same data in the same run; docs/benchmarks.md says how to read it.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { frozenArchive, missingForRealData } from '../support/real-archive.ts'
import { wholeBuildRows } from './build-rows.ts'
import { fetchRows } from './fetch-row.ts'
import { buildRows, type InstallScene, installScene } from './install-rows.ts'
import { libsolvRows } from './libsolv-rows.ts'
import { type MeasuredRow, measureRow, type Row } from './measure.ts'
import { inMountNamespace, mountPlaces } from './private-mounts.ts'
import { coldRow, warmRows } from './resolver-rows.ts'
import { deepRows } from './review-rows.ts'
import { revisionRowName, revisionRows } from './revision-rows.ts'
import { type ServedArchive, serveArchive } from './served-archive.ts'
import { solveSteps } from './solve-step.ts'
import { startRows } from './start-rows.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '5' },
    output: { type: 'string' },
    builds: { type: 'boolean', default: false },
  },
})
const ended = inMountNamespace()
if (ended !== undefined) process.exit(ended)
const runs = Number(values.runs)
if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs} is not a number of runs`)
if (runs < 5) say('*** fewer than five runs: a median of so few says little')

const solveStep = 'solve step'
const versionCommands: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'apt-get': ['apt-get', '--version'],
  'python3-apt': ['/usr/bin/python3', '-c', 'import apt_pkg; print(apt_pkg.VERSION)'],
  'libsolv-tools': ['dpkg-query', '--show', 'libsolv-tools'],
  xz: ['xz', '--version'],
  'dpkg-deb': ['dpkg-deb', '--version'],
  tar: ['tar', '--version'],
  curl: ['curl', '--version'],
  diff: ['diff', '--version'],
  mmdebstrap: ['mmdebstrap', '--version'],
  bwrap: ['bwrap', '--version'],
}

if (values.only?.every(part => revisionRowName.includes(part)) === true) {
  const folder = await mkdtemp(join(tmpdir(), 'aptroot-bench-'))
  await revisionRows(folder, say)
  await rm(folder, { recursive: true, force: true })
  process.exit(0)
}
const missing = missingForRealData()
if (missing !== undefined) {
  say(`*** NO BENCHMARK: ${missing}`)
  process.exit(1)
}
const versions = versionsOfPeers()
const scratch = await mkdtemp(join(tmpdir(), 'aptroot-bench-'))
let served: ServedArchive | undefined
const mounted = mountPlaces(scratch)
try {
  served = await serveArchive((await frozenArchive(join(scratch, 'served'))).folder)
  const steps = isChosen(solveStep) ? await solveSteps(scratch, served, runs) : []
  const isOnlyStep = values.only?.every(part => solveStep.includes(part)) === true
  const rows = isOnlyStep ? [] : (await allRows(served)).filter(row => isChosen(row.name))
  if (rows.length === 0 && steps.length === 0) throw new Error(`no row has ${values.only?.join(' or ')} in its name`)
  const measured: MeasuredRow[] = []
  for (const row of rows) {
    const peers = row.peers.filter(peer => !lacks(peer.commandLine[0]))
    const result = await measureRow({ ...row, peers }, runs)
    measured.push(result)
    for (const line of linesOf(result)) say(line)
  }
  if (isChosen(revisionRowName)) await revisionRows(scratch, say)
  for (const line of steps) say(line)
  const path = values.output ?? join(tmpdir(), `aptroot-bench-${process.pid}.json`)
  const facts = { versions, cpus: cpus().map(each => each.model), runs, rows: measured }
  await writeFile(path, `${JSON.stringify(facts, undefined, 2)}\n`)
  say(`\nEvery run: ${path}`)
} finally {
  served?.close()
  mounted.close()
  await rm(scratch, { recursive: true, force: true })
}

async function allRows(archive: ServedArchive): Promise<readonly Row[]> {
  const head =
    '| job | ratio | aptroot | peer | peer takes | processor ratio | peak memory | results |\n|---|---|---|---|---|---|---|---|'
  if (values.builds) {
    const rows = await wholeBuildRows(archive, mounted.places, isChosen)
    say(`\n${head}`)
    return rows
  }
  const withoutDebs = [
    ...(await warmRows(scratch, archive)),
    await coldRow(scratch, archive),
    ...(await libsolvRows(scratch, archive)),
    ...(await startRows(scratch, archive)),
  ]
  if (values.only?.every(part => withoutDebs.some(row => row.name.includes(part))) === true) {
    say(`\n${head}`)
    return withoutDebs
  }
  const scenes = [
    await installScene('bash', scratch, archive),
    await installScene('nginx', scratch, archive),
    await installScene('workshop', scratch, archive),
  ]
  const fetching = await fetchRows(scratch, archive, mounted.places)
  const gone = [...scenes, fetching].flatMap(each => ('gone' in each ? each.gone : []))
  if (gone.length > 0 || 'gone' in fetching) {
    say(`*** left the mirror's pool, so nothing is installed: ${gone.map(deb => deb.name).join(' ')}\n\n${head}`)
    return withoutDebs
  }
  const building = await wholeBuildRows(archive, mounted.places, isChosen)
  const installing = scenes.flatMap(scene => ('gone' in scene ? [] : installRows(scene)))
  say(`\n${head}`)
  return [...withoutDebs, ...fetching, ...installing, ...building]
}

function installRows(scene: InstallScene): readonly Row[] {
  return [...buildRows(scene), ...(scene.what === 'nginx' ? deepRows(scene) : [])]
}

function isChosen(name: string): boolean {
  return values.only?.some(part => name.includes(part)) ?? true
}

function linesOf({ name, results, ours, peers, peakBytes }: MeasuredRow): readonly string[] {
  return peers.map(peer => {
    const ratio = (ours.medianMilliseconds / peer.medianMilliseconds).toFixed(2)
    const processorRatio = (ours.processorMilliseconds / peer.processorMilliseconds).toFixed(2)
    const [mine, theirs] = [ours, peer].map(each => `${each.medianMilliseconds.toFixed(0)} ms`)
    return `| ${[name, ratio, mine, peer.label, theirs, processorRatio, `${(peakBytes / 1e6).toFixed(0)} MB`, results].join(' | ')} |`
  })
}

function lacks(command: string): boolean {
  return spawnSync(command, ['--version']).error !== undefined
}

function versionsOfPeers(): Readonly<Record<string, string>> {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() ?? ''
  const found: Record<string, string> = { node: process.version, aptroot: commit }
  for (const [name, [command, ...words]] of Object.entries(versionCommands)) {
    try {
      const output = execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      found[name] = output.split('\n')[0] ?? ''
    } catch {
      found[name] = 'missing'
      say(`*** ${name} IS MISSING: its rows are not comparisons`)
    }
  }
  for (const [name, version] of Object.entries(found)) say(`${name}: ${version}`)
  return found
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
