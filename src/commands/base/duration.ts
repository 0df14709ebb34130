import { Fault } from '../../kernel/index.ts'

const millisecondsByUnit: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * `12h`, `30d`, `0` in milliseconds.
 *
 * @throws {Fault} `USAGE_INVALID`
 */
export function parseDuration(flag: string, text: string): number {
  if (text === '0') return 0
  const match = /^(\d{1,6})([mhdw])$/.exec(text)
  const unit = millisecondsByUnit[match?.[2] ?? '']
  if (match === null || unit === undefined)
    throw new Fault('USAGE_INVALID', {
      message: `${flag} is ${JSON.stringify(text)}, which is no length of time`,
      hint: 'Write a whole number and a unit: 90m, 12h, 30d or 8w.',
      context: { flag, value: text },
    })
  return Number(match[1]) * unit
}

/**
 * An instant as RFC 3339 (`2026-11-20T00:00:00Z`), a day (`2026-11-20`, its first moment in UTC), or as `at` stands in
 * a lockfile (`20261120T000000Z`).
 *
 * @throws {Fault} `USAGE_INVALID`
 */
export function parseInstant(flag: string, text: string): Date {
  const compact = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  const [, year, month, day, hour, minute, second] = compact ?? []
  const written = compact === null ? text : `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
  const isRfc3339 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/.test(written)
  const instant = new Date(written)
  // JavaScript takes February 30 for March 2.
  const dayExists =
    isRfc3339 && new Date(`${written.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10) === written.slice(0, 10)
  if (!dayExists || Number.isNaN(instant.getTime()))
    throw new Fault('USAGE_INVALID', {
      message: `${flag} is ${JSON.stringify(text)}, which is no instant`,
      hint: 'Write it like 2026-11-20T00:00:00Z or 2026-11-20.',
      context: { flag, value: text },
    })
  return instant
}

/** `20261120T000000Z`: how the lockfile and the snapshot archives write an instant. */
export function timestampOf(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
