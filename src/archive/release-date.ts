const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const datePattern =
  /^(?:[A-Z][a-z]{2}, +)?(\d{1,2}) +([A-Z][a-z]{2}) +(\d{4}) +(\d{1,2}):(\d{2}):(\d{2}) +(UTC|GMT|Z|[+-]\d{4})$/

/**
 * Reads the Date and Valid-Until of a Release: `Sat, 11 Jul 2026 10:16:37 UTC`, or with a numeric zone.
 *
 * Not `Date.parse`, which accepts much more, and differently between versions of Node.
 *
 * @returns undefined when it is no such date, the 30th of February included
 * @see RFC 5322, 3.3; the wiki page DebianRepository/Format
 */
export function parseReleaseDate(text: string): Date | undefined {
  const match = datePattern.exec(text)
  if (match === null) return undefined
  const [, day = '', monthName = '', year = '', hour = '', minute = '', second = '', zone = ''] = match
  const month = months.indexOf(monthName)
  if (month === -1) return undefined
  const local = new Date(Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second)))
  const isReal =
    local.getUTCMonth() === month && local.getUTCDate() === Number(day) && local.getUTCHours() === Number(hour)
  if (!isReal || Number(minute) > 59 || Number(second) > 59 || Number(year) < 1970) return undefined
  return new Date(local.getTime() - zoneMilliseconds(zone))
}

function zoneMilliseconds(zone: string): number {
  const match = /^([+-])(\d{2})(\d{2})$/.exec(zone)
  if (match === null) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return (match[1] === '-' ? -minutes : minutes) * 60_000
}

/** `20260711T101637Z`: how locks and snapshot archives write a date. */
export function formatTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
