import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exitCodeByFaultCode, type FaultCode, type Session, silentJournal } from '../../src/kernel/index.ts'
import { Store } from '../../src/store/index.ts'
import type { ProgramResult } from '../support/aptroot-program.ts'
import type { Expectation, MirrorFault, Target } from '../support/mirror-faults/index.ts'
import { startRawMirror } from '../support/raw-mirror.ts'
import { answerFor, commandFor, type MirrorScene, placeOf, type ScenePlace } from './mirror-scene.ts'

export interface MirrorCase {
  readonly fault: MirrorFault
  readonly target: Target
  readonly when: 'once' | 'always'
}

export interface CaseResult {
  readonly name: string
  /** `recovers` or the code of the fault it ended in. */
  readonly ended: string
  readonly milliseconds: number
  /** What should not be; empty when all is well. */
  readonly complaints: readonly string[]
}

/** All faults at all targets, at the first request and always; in an order that does not depend on anything. */
export function allMirrorCases(faults: readonly MirrorFault[]): readonly MirrorCase[] {
  return faults.flatMap(fault =>
    (['InRelease', 'index', 'deb'] as const).flatMap(target =>
      (['once', 'always'] as const).map((when): MirrorCase => ({ fault, target, when })),
    ),
  )
}

/** Lets the program meet the misbehaving mirror, and judges how it ended and what it left. */
export async function runMirrorCase(each: MirrorCase, scene: MirrorScene, scratch: string): Promise<CaseResult> {
  const { fault, target, when } = each
  const folder = await mkdtemp(join(scratch, 'case-'))
  const mirror = await startRawMirror(scene.files, answerFor(target, fault.answer, when))
  const start = performance.now()
  try {
    const place = await placeOf(scene, folder, mirror)
    if (target === 'deb') await writeFile(join(place.project, 'aptroot.lock'), scene.lock)
    const result = await Promise.race([place.run(...commandFor(target)), hung()])
    const milliseconds = Math.round(performance.now() - start)
    const name = `${target}, ${when}: ${fault.name}`
    if (result === 'hung') return { name, ended: 'hung', milliseconds, complaints: ['it did not end'] }
    const ended = endOf(result)
    const complaints = [
      ...complaintsAboutEnd(ended, fault[when][target]),
      ...complaintsAboutText(result, ended),
      ...(await complaintsAboutRest(place, { ended, target, scene })),
    ]
    return { name, ended, milliseconds, complaints }
  } finally {
    await mirror.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Four attempts with a timeout of a second each, the waiting between them, and a busy machine. */
const patienceMilliseconds = 90_000

function hung(): Promise<'hung'> {
  return new Promise(resolve => {
    setTimeout(() => resolve('hung'), patienceMilliseconds).unref()
  })
}

function endOf({ exitCode, errorOutput }: ProgramResult): string {
  if (exitCode === 0) return 'recovers'
  return /^error: .* \[([A-Z_]+)\]$/m.exec(errorOutput)?.[1] ?? `exit code ${exitCode}`
}

function complaintsAboutEnd(ended: string, expected: Expectation): string[] {
  if (expected === 'recovers' ? ended === 'recovers' : expected.includes(ended as FaultCode)) return []
  return [`expected ${expected === 'recovers' ? expected : expected.join(' or ')}`]
}

function complaintsAboutText({ exitCode, output, errorOutput }: ProgramResult, ended: string): string[] {
  const complaints: string[] = []
  const text = output + errorOutput
  if (/^\s+at .*(:\d+:\d+|<anonymous>)/m.test(text)) complaints.push('a stack trace')
  if (/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(text)) complaints.push('control characters')
  if (text.includes('secret')) complaints.push('a password')
  if (ended === 'recovers') return complaints
  const lines = errorOutput.trimEnd().split('\n')
  const at = lines.findIndex(line => line.startsWith('error: '))
  if (at === -1 || lines.length !== at + 2 || !lines[at + 1]?.startsWith('hint: '))
    complaints.push(`not one line and a hint: ${lines.slice(Math.max(0, at)).join(' / ')}`)
  if (exitCodeByFaultCode[ended as FaultCode] !== exitCode) complaints.push(`exit code ${exitCode}`)
  return complaints
}

const session: Session = { signal: new AbortController().signal, journal: silentJournal }

async function complaintsAboutRest(
  { project, store: folder }: ScenePlace,
  { ended, target, scene }: { readonly ended: string; readonly target: Target; readonly scene: MirrorScene },
): Promise<string[]> {
  const complaints: string[] = []
  const store = new Store({ folder, clock: { now: () => new Date() } })
  const { removed, foreign } = await store.verify(session)
  for (const { path, reason } of removed) complaints.push(`the store has ${path}, which ${reason}`)
  for (const path of foreign) complaints.push(`the store has ${path}`)
  for (const name of ['temporary', 'claim', 'running'])
    for (const left of await namesIn(join(folder, 'store-v1', name))) complaints.push(`${name}/${left} is left`)
  const isLocked = (await stat(join(project, 'aptroot.lock')).catch(() => undefined)) !== undefined
  if (target !== 'deb' && isLocked !== (ended === 'recovers')) complaints.push(isLocked ? 'a lock' : 'no lock')
  if (target === 'deb' && (await store.has(scene.wanted)) !== (ended === 'recovers')) complaints.push('not the deb')
  return complaints
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => [])
}
