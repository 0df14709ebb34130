import { type ChangelogEntry, readChangelog } from '../debian/index.ts'

/** The newest entry of debian/changelog; undefined where it has none. Byte strings are not asked for: a changelog is UTF-8 (Policy 4.4). */
export function newestEntry(changelog: string): ChangelogEntry | undefined {
  const { value } = readChangelog(changelog).next()
  return value === undefined ? undefined : value
}

/**
 * The date of an entry in seconds since 1970; undefined where it has none, or none with an offset: without one it would be another
 * moment on another machine.
 */
export function entrySeconds({ date }: Pick<ChangelogEntry, 'date'>): number | undefined {
  if (date === undefined || !/ [+-]\d{4}$/.test(date)) return undefined
  const milliseconds = Date.parse(date)
  return Number.isNaN(milliseconds) || milliseconds < 0 ? undefined : milliseconds / 1000
}

/**
 * An entry that, on top of a changelog, gives the source another version, so that all of its debs are called so.
 *
 * @see deb-changelog(5)
 */
export function versionEntry(
  newest: Pick<ChangelogEntry, 'source' | 'version' | 'distributions'>,
  wanted: { readonly version: string; readonly atSeconds: number },
): string {
  // RFC 5322, with the offset that toUTCString writes as a name.
  const date = new Date(wanted.atSeconds * 1000).toUTCString().replace('GMT', '+0000')
  const heading = `${newest.source} (${wanted.version}) ${newest.distributions}; urgency=medium`
  const change = `  * Build of ${newest.version}.`
  const trailer = ` -- aptroot <aptroot@localhost>  ${date}`
  return `${[heading, '', change, '', trailer].join('\n')}\n\n`
}
