import type { JournalEvent, Stage } from '../../kernel/index.ts'

export interface ItemProgress {
  readonly name: string
  readonly doneBytes: number
  readonly totalBytes: number | undefined
  readonly startedMilliseconds: number
}

export interface StageProgress {
  readonly stage: Stage
  readonly plannedItems: number | undefined
  readonly plannedBytes: number | undefined
  readonly finishedItems: number
  /** Bytes of finished items and of those under way. */
  readonly doneBytes: number
  readonly startedMilliseconds: number
  /** In the order they were started. */
  readonly active: ReadonlyMap<string, ItemProgress>
  /** The newest last; the rate is judged over the last few seconds, so that a stall shows. */
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly atMilliseconds: number
  readonly doneBytes: number
}

export type Progress = ReadonlyMap<Stage, StageProgress>

const rateWindowMilliseconds = 5_000

/** The progress after one more event: a pure step, so that renderers can be tested with recorded events. */
export function advance(progress: Progress, event: JournalEvent, nowMilliseconds: number): Progress {
  switch (event.kind) {
    case 'planned':
      return update(progress, event.stage, nowMilliseconds, stage => ({
        // A second plan after a finished one is the next manifest of the same run.
        ...(isComplete(stage) ? emptyStage(event.stage, nowMilliseconds) : stage),
        plannedItems: event.items,
        plannedBytes: event.totalBytes,
      }))
    case 'started':
      return update(progress, event.stage, nowMilliseconds, stage => ({
        ...stage,
        active: new Map(stage.active).set(event.name, {
          name: event.name,
          doneBytes: 0,
          totalBytes: event.totalBytes,
          startedMilliseconds: nowMilliseconds,
        }),
      }))
    case 'progressed':
      return update(progress, event.stage, nowMilliseconds, stage => {
        const item = stage.active.get(event.name)
        if (item === undefined) return stage
        return {
          ...stage,
          active: new Map(stage.active).set(event.name, { ...item, doneBytes: event.doneBytes }),
          doneBytes: stage.doneBytes + event.doneBytes - item.doneBytes,
        }
      })
    case 'finished':
      return update(progress, event.stage, nowMilliseconds, stage => {
        const item = stage.active.get(event.name)
        const active = new Map(stage.active)
        active.delete(event.name)
        // A small item may finish without ever having reported progress.
        const rest = item === undefined ? 0 : Math.max(0, (item.totalBytes ?? item.doneBytes) - item.doneBytes)
        return { ...stage, active, finishedItems: stage.finishedItems + 1, doneBytes: stage.doneBytes + rest }
      })
    case 'noted':
    case 'warned':
    case 'traced':
      return progress
    default:
      return event satisfies never
  }
}

function update(
  progress: Progress,
  name: Stage,
  nowMilliseconds: number,
  change: (stage: StageProgress) => StageProgress,
): Progress {
  const before = progress.get(name) ?? emptyStage(name, nowMilliseconds)
  const changed = change(before)
  const samples = sampled(changed.samples, { atMilliseconds: nowMilliseconds, doneBytes: changed.doneBytes })
  return new Map(progress).set(name, { ...changed, samples })
}

function emptyStage(stage: Stage, nowMilliseconds: number): StageProgress {
  return {
    stage,
    plannedItems: undefined,
    plannedBytes: undefined,
    finishedItems: 0,
    doneBytes: 0,
    startedMilliseconds: nowMilliseconds,
    active: new Map(),
    samples: [],
  }
}

/** Ten samples a second are enough; the window keeps one that is just older, as the base of the difference. */
function sampled(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  const kept =
    last !== undefined && samples.length > 1 && sample.atMilliseconds - last.atMilliseconds < 100
      ? samples.slice(0, -1)
      : samples
  const firstInWindow = kept.findIndex(each => each.atMilliseconds >= sample.atMilliseconds - rateWindowMilliseconds)
  return [...kept.slice(Math.max(0, firstInWindow - 1)), sample]
}

/** Bytes per second over the last seconds, judged now; undefined while there is too little to judge. */
export function rateOf(stage: StageProgress, nowMilliseconds: number): number | undefined {
  const base =
    stage.samples.findLast(each => each.atMilliseconds <= nowMilliseconds - rateWindowMilliseconds) ?? stage.samples[0]
  if (base === undefined) return undefined
  const elapsed = nowMilliseconds - base.atMilliseconds
  if (elapsed < 500) return undefined
  return ((stage.doneBytes - base.doneBytes) * 1000) / elapsed
}

/** Milliseconds until the planned bytes are done at the present rate; undefined where nothing can be said. */
export function remainingMilliseconds(stage: StageProgress, nowMilliseconds: number): number | undefined {
  const rate = rateOf(stage, nowMilliseconds)
  if (stage.plannedBytes === undefined || rate === undefined || rate <= 0) return undefined
  return (Math.max(0, stage.plannedBytes - stage.doneBytes) * 1000) / rate
}

export function isComplete(stage: StageProgress): boolean {
  return stage.active.size === 0 && stage.plannedItems !== undefined && stage.finishedItems >= stage.plannedItems
}
