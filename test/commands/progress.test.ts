import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { lineJournal, terminalJournal, type Verbosity } from '../../src/commands/base/journals.ts'
import { advance, type Progress, rateOf, remainingMilliseconds } from '../../src/commands/base/progress-state.ts'
import { renderLine } from '../../src/commands/base/text.ts'
import type { JournalEvent } from '../../src/kernel/index.ts'

type Recorded = readonly [atMilliseconds: number, event: JournalEvent]

/** Two debs of 4 and 6 MB; the second one stalls for six seconds. */
const recorded: readonly Recorded[] = [
  [0, { kind: 'planned', stage: 'fetch', items: 2, totalBytes: 10_000_000 }],
  [0, { kind: 'started', stage: 'fetch', name: 'libc6_2.36_amd64.deb', totalBytes: 4_000_000 }],
  [0, { kind: 'started', stage: 'fetch', name: 'nginx_1.22_amd64.deb', totalBytes: 6_000_000 }],
  [1000, { kind: 'progressed', stage: 'fetch', name: 'libc6_2.36_amd64.deb', doneBytes: 2_000_000 }],
  [2000, { kind: 'finished', stage: 'fetch', name: 'libc6_2.36_amd64.deb', detail: 'from mirror.example.org' }],
  [2500, { kind: 'warned', stage: 'fetch', message: 'mirror.example.org is slow', hint: 'use another mirror' }],
  [8500, { kind: 'progressed', stage: 'fetch', name: 'nginx_1.22_amd64.deb', doneBytes: 3_000_000 }],
  [9000, { kind: 'finished', stage: 'fetch', name: 'nginx_1.22_amd64.deb' }],
]

function linesOf(events: readonly Recorded[], verbosity: Verbosity): string[] {
  const lines: string[] = []
  let now = 0
  const journal = lineJournal({
    verbosity,
    writeLine: line => lines.push(renderLine(line, 'plain')),
    nowMilliseconds: () => now,
  })
  for (const [at, event] of events) {
    now = at
    journal.emit(event)
  }
  journal.close()
  return lines
}

describe('progress in a log', () => {
  test('is a line every five seconds and one at the end of a stage', () => {
    assert.deepEqual(linesOf(recorded, 'normal'), [
      'warning: mirror.example.org is slow (use another mirror)',
      'fetch 1 of 2, 7.0 MB of 10.0 MB, 461.5 kB/s, 6.5 s left',
      'fetch: 2 done, 10.0 MB in 9.0 s',
    ])
  })

  test('names every item when verbose, and how long it took', () => {
    assert.deepEqual(linesOf(recorded, 'verbose'), [
      'fetch: libc6_2.36_amd64.deb: from mirror.example.org (2000 ms)',
      'warning: mirror.example.org is slow (use another mirror)',
      'fetch 1 of 2, 7.0 MB of 10.0 MB, 461.5 kB/s, 6.5 s left',
      'fetch: nginx_1.22_amd64.deb (9000 ms)',
      'fetch: 2 done, 10.0 MB in 9.0 s',
    ])
  })

  test('is only the warnings when quiet', () => {
    assert.deepEqual(linesOf(recorded, 'quiet'), ['warning: mirror.example.org is slow (use another mirror)'])
  })

  test('names every item of a stage without a plan, such as a handful of indexes', () => {
    const events: readonly Recorded[] = [
      [0, { kind: 'started', stage: 'archive', name: 'debian/bookworm' }],
      [10, { kind: 'finished', stage: 'archive', name: 'debian/bookworm', detail: 'unchanged' }],
    ]
    assert.deepEqual(linesOf(events, 'normal'), ['archive: debian/bookworm: unchanged'])
  })

  test('starts over when the next manifest brings a new plan', () => {
    const again = recorded.map(([at, event]): Recorded => [at + 10_000, event])
    assert.deepEqual(linesOf([...recorded, ...again], 'normal').at(-1), 'fetch: 2 done, 10.0 MB in 9.0 s')
  })
})

describe('progress on a terminal', () => {
  /** A screen that knows the three things the painter uses: cursor up, carriage return, clear below. */
  function screenAfter(events: readonly Recorded[], columns = 60) {
    const rows: string[] = ['']
    let row = 0
    let now = 0
    let tick = () => {}
    let ticking = false
    const write = (text: string) => {
      for (const part of text.split(/(\u001b\[\d*[AJ]|\r|\n)/)) {
        if (part === '') continue
        const up = /^\u001b\[(\d+)A$/.exec(part)
        if (up) row -= Number(up[1])
        else if (part === '\u001b[J') rows.splice(row, rows.length, '')
        else if (part === '\r') continue
        else if (part === '\n') rows[++row] ??= ''
        else rows[row] = (rows[row] ?? '') + part
      }
    }
    const journal = terminalJournal({
      verbosity: 'normal',
      writeLine: line => write(`${renderLine(line, 'plain')}\n`),
      writeRaw: write,
      nowMilliseconds: () => now,
      columns: () => columns,
      every: (_, callback) => {
        tick = callback
        ticking = true
        return () => {
          ticking = false
        }
      },
    })
    for (const [at, event] of events) {
      now = at
      journal.emit(event)
    }
    return {
      screen: () => rows.slice(0, -1),
      passTo: (at: number) => {
        now = at
        tick()
      },
      close: () => journal.close(),
      isTicking: () => ticking,
    }
  }

  test('shows the total and each item under way, and warnings above', () => {
    const { screen, passTo } = screenAfter(recorded.slice(0, 6))
    passTo(2600)
    assert.deepEqual(screen(), [
      'warning: mirror.example.org is slow (use another mirror)',
      'fetch 1 of 2, 4.0 MB of 10.0 MB, 1.5 MB/s, 3.9 s left',
      '  nginx_1.22_amd64.deb    0 % of 6.0 MB',
    ])
  })

  test('lets the rate fall while nothing arrives', () => {
    const { screen, passTo } = screenAfter(recorded.slice(0, 5))
    passTo(20_000)
    assert.match(screen()[0] ?? '', /^fetch 1 of 2, 4\.0 MB of 10\.0 MB, 0 B\/s$/)
  })

  test('leaves only the summary and the warnings when it ends', () => {
    const shown = screenAfter(recorded)
    shown.close()
    assert.deepEqual(shown.screen(), [
      'warning: mirror.example.org is slow (use another mirror)',
      'fetch: 2 done, 10.0 MB in 9.0 s',
    ])
    assert.equal(shown.isTicking(), false)
  })

  test('never fills a line, since the terminal would wrap it', () => {
    const name = `${'very-'.repeat(30)}long.deb`
    const { screen, passTo } = screenAfter(
      [
        [0, { kind: 'planned', stage: 'fetch', items: 1, totalBytes: 1000 }],
        [0, { kind: 'started', stage: 'fetch', name, totalBytes: 1000 }],
      ],
      40,
    )
    passTo(1000)
    for (const line of screen()) assert.ok(line.length < 40, line)
    assert.match(screen().at(-1) ?? '', /long\.deb/)
  })

  test('shows a hostile name as text', () => {
    const { screen, passTo } = screenAfter([[0, { kind: 'started', stage: 'fetch', name: 'a\u001b[2Jb' }]])
    passTo(200)
    assert.deepEqual(screen(), ['fetch', '  a\\u001b[2Jb'])
  })
})

describe('the state of progress', () => {
  const stateAfter = (events: readonly Recorded[]): Progress =>
    events.reduce((progress, [at, event]) => advance(progress, event, at), new Map() as Progress)

  test('counts the rest of an item that finished without reporting', () => {
    const stage = stateAfter(recorded).get('fetch')
    assert.equal(stage?.doneBytes, 10_000_000)
    assert.equal(stage?.finishedItems, 2)
    assert.equal(stage?.active.size, 0)
  })

  test('knows no rate before half a second, and no end without a plan', () => {
    const stage = stateAfter(recorded.slice(0, 2)).get('fetch')
    assert.ok(stage)
    assert.equal(rateOf(stage, 400), undefined)
    const unplanned = stateAfter([recorded[1]!, recorded[3]!]).get('fetch')
    assert.ok(unplanned)
    assert.equal(rateOf(unplanned, 2000), 1_000_000)
    assert.equal(remainingMilliseconds(unplanned, 2000), undefined)
  })

  test('ignores progress of what was never started', () => {
    const stage = stateAfter([[0, { kind: 'progressed', stage: 'fetch', name: 'ghost', doneBytes: 5 }]]).get('fetch')
    assert.equal(stage?.doneBytes, 0)
  })
})
