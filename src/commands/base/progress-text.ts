import { type Progress, rateOf, remainingMilliseconds, type StageProgress } from './progress-state.ts'
import { formatBytes, formatDuration, printable } from './text.ts'

const activeItemsShown = 4

/** `fetch 12 of 30, 34.1 MB of 89.0 MB, 6.1 MB/s, 9.0 s left` */
export function describeStage(stage: StageProgress, nowMilliseconds: number): string {
  const parts: string[] = []
  if (stage.plannedItems !== undefined) parts.push(`${stage.finishedItems} of ${stage.plannedItems}`)
  else if (stage.finishedItems > 0) parts.push(`${stage.finishedItems} done`)
  if (stage.plannedBytes !== undefined)
    parts.push(`${formatBytes(stage.doneBytes)} of ${formatBytes(stage.plannedBytes)}`)
  else if (stage.doneBytes > 0) parts.push(formatBytes(stage.doneBytes))
  const rate = rateOf(stage, nowMilliseconds)
  if (rate !== undefined && (rate > 0 || stage.doneBytes > 0)) parts.push(`${formatBytes(Math.round(rate))}/s`)
  const remaining = remainingMilliseconds(stage, nowMilliseconds)
  if (remaining !== undefined) parts.push(`${formatDuration(remaining)} left`)
  return parts.length === 0 ? stage.stage : `${stage.stage} ${parts.join(', ')}`
}

/** The last word on a stage: `fetch: 30 done, 89.0 MB in 14 s`. */
export function summariseStage(stage: StageProgress, nowMilliseconds: number): string {
  const bytes = stage.doneBytes > 0 ? `, ${formatBytes(stage.doneBytes)}` : ''
  return `${stage.stage}: ${stage.finishedItems} done${bytes} in ${formatDuration(nowMilliseconds - stage.startedMilliseconds)}`
}

/** The lines of the redrawn frame: per stage under way its total, below it the items that run longest. */
export function renderFrame(progress: Progress, nowMilliseconds: number, columns: number): string[] {
  const lines: string[] = []
  for (const stage of progress.values()) {
    const waiting = stage.plannedItems !== undefined && stage.finishedItems < stage.plannedItems
    if (stage.active.size === 0 && !waiting) continue
    lines.push(describeStage(stage, nowMilliseconds))
    for (const item of [...stage.active.values()].slice(0, activeItemsShown)) {
      const done =
        item.totalBytes !== undefined && item.totalBytes > 0
          ? `${String(Math.floor((Math.min(item.doneBytes, item.totalBytes) * 100) / item.totalBytes)).padStart(3)} % of ${formatBytes(item.totalBytes)}`
          : item.doneBytes > 0
            ? formatBytes(item.doneBytes)
            : ''
      lines.push(`  ${shortenTo(item.name, Math.max(12, columns - 26))}  ${done}`.trimEnd())
    }
    if (stage.active.size > activeItemsShown) lines.push(`  and ${stage.active.size - activeItemsShown} more`)
  }
  // One column stays free: a full line would wrap and shift the frame.
  return lines.map(line => printable(line).slice(0, Math.max(1, columns - 1)))
}

/** Keeps the end, where the file's name is. */
function shortenTo(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(text.length - length + 1)}`
}
