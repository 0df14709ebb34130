import type { Journal, JournalEvent } from '../../kernel/index.ts'
import type { Warning } from './envelope.ts'
import { advance, isComplete, type Progress } from './progress-state.ts'
import { describeStage, renderFrame, summariseStage } from './progress-text.ts'
import { type Line, span } from './text.ts'

export type Verbosity = 'quiet' | 'normal' | 'verbose'

/** A journal that owns something on the screen or in memory until it is closed. */
export interface ClosableJournal extends Journal {
  close(): void
}

export interface JournalOptions {
  readonly verbosity: Verbosity
  readonly writeLine: (line: Line) => void
  /** Monotonic. */
  readonly nowMilliseconds: () => number
}

export interface TerminalJournalOptions extends JournalOptions {
  /** Escape sequences go out here, past the protection of `writeLine`. */
  readonly writeRaw: (text: string) => void
  readonly columns: () => number
  /** Calls back until the returned function is called, so that rates fall while nothing arrives. */
  readonly every: (milliseconds: number, tick: () => void) => () => void
}

const lineIntervalMilliseconds = 5_000
const frameIntervalMilliseconds = 100

/**
 * For logs: a line when a stage is done, and every five seconds where it stands. With `verbose` also a line per item and how long
 * it took, without a plan (a handful of index files) always.
 */
export function lineJournal(options: JournalOptions): ClosableJournal {
  let progress: Progress = new Map()
  const lastLineMilliseconds = new Map<string, number>()
  return {
    emit: event => {
      const now = options.nowMilliseconds()
      const item = event.kind === 'finished' ? progress.get(event.stage)?.active.get(event.name) : undefined
      progress = advance(progress, event, now)
      const message = messageOf(event, options.verbosity)
      if (message !== undefined) options.writeLine(message)
      if (options.verbosity === 'quiet') return
      const stage = 'stage' in event ? progress.get(event.stage) : undefined
      if (stage === undefined) return
      if (event.kind === 'finished' && (options.verbosity === 'verbose' || stage.plannedItems === undefined)) {
        const took =
          options.verbosity === 'verbose' && item !== undefined
            ? ` (${Math.round(now - item.startedMilliseconds)} ms)`
            : ''
        options.writeLine(
          `${event.stage}: ${event.name}${event.detail === undefined ? '' : `: ${event.detail}`}${took}`,
        )
      }
      if (event.kind === 'finished' && isComplete(stage)) {
        options.writeLine(summariseStage(stage, now))
        return
      }
      const last = lastLineMilliseconds.get(event.stage) ?? stage.startedMilliseconds
      if (now - last < lineIntervalMilliseconds) return
      lastLineMilliseconds.set(event.stage, now)
      options.writeLine(describeStage(stage, now))
    },
    close: () => undefined,
  }
}

/** For a person at a terminal: a frame of a few lines that redraws itself; messages scroll by above it. */
export function terminalJournal(options: TerminalJournalOptions): ClosableJournal {
  let progress: Progress = new Map()
  let frameHeight = 0
  let paintedMilliseconds = Number.NEGATIVE_INFINITY
  let stopTicking: (() => void) | undefined

  const erase = () => {
    // Up to the frame's first line, then everything below is cleared.
    if (frameHeight > 0) options.writeRaw(`\u001b[${frameHeight}A\r\u001b[J`)
    frameHeight = 0
  }
  const paint = () => {
    const now = options.nowMilliseconds()
    const frame = renderFrame(progress, now, options.columns())
    erase()
    if (frame.length > 0) options.writeRaw(`${frame.join('\n')}\n`)
    frameHeight = frame.length
    paintedMilliseconds = now
  }
  const above = (line: Line) => {
    erase()
    options.writeLine(line)
  }

  return {
    emit: event => {
      stopTicking ??= options.every(frameIntervalMilliseconds, paint)
      const now = options.nowMilliseconds()
      progress = advance(progress, event, now)
      const message = messageOf(event, options.verbosity)
      if (message !== undefined) above(message)
      if (event.kind === 'finished') {
        const stage = progress.get(event.stage)
        if (options.verbosity === 'verbose')
          above(`${event.stage}: ${event.name}${event.detail === undefined ? '' : `: ${event.detail}`}`)
        if (stage !== undefined && isComplete(stage)) above(summariseStage(stage, now))
      }
      if (now - paintedMilliseconds >= frameIntervalMilliseconds) paint()
    },
    close: () => {
      stopTicking?.()
      stopTicking = undefined
      erase()
    },
  }
}

/** Keeps what the JSON envelope repeats, and passes everything on. */
export function collectWarnings(warnings: Warning[], inner: ClosableJournal): ClosableJournal {
  return {
    emit: event => {
      if (event.kind === 'warned')
        warnings.push({ message: event.message, ...(event.hint === undefined ? {} : { hint: event.hint }) })
      inner.emit(event)
    },
    close: () => inner.close(),
  }
}

function messageOf(event: JournalEvent, verbosity: Verbosity): Line | undefined {
  switch (event.kind) {
    case 'warned':
      return event.hint === undefined
        ? [span('notice', 'warning: '), event.message]
        : [span('notice', 'warning: '), event.message, span('faint', ` (${event.hint})`)]
    case 'noted':
      return verbosity === 'quiet' ? undefined : `${event.stage}: ${event.message}`
    case 'traced':
      return verbosity === 'verbose' ? [span('faint', `${event.stage}: ${event.message}`)] : undefined
    case 'planned':
    case 'started':
    case 'progressed':
    case 'finished':
      return undefined
    default:
      return event satisfies never
  }
}
