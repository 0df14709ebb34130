import { sortedByBytes } from '../kernel/index.ts'

/** Names of licences that are told of one deb. */
const licencesTold = 30

/**
 * What changed between two files `debian/copyright`: `+ GPL-3+`, `- Expat` by the short names where both are machine-readable; else only that the text did.
 *
 * @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export function licenceChanges(before: string | undefined, after: string | undefined): readonly string[] {
  if (before === after) return []
  if (after === undefined) return ['the deb no longer says its licence']
  const had = shortNames(before ?? '')
  const has = shortNames(after)
  if (had === undefined || has === undefined) return ['the text of debian/copyright changed']
  const changes = [
    ...sortedByBytes([...has].filter(each => !had.has(each))).map(each => `+ ${each}`),
    ...sortedByBytes([...had].filter(each => !has.has(each))).map(each => `- ${each}`),
  ]
  const hidden = changes.length - licencesTold
  return [...changes.slice(0, licencesTold), ...(hidden > 0 ? [`and ${hidden} more`] : [])]
}

/** undefined: not machine-readable. No text has no licences. */
function shortNames(text: string): ReadonlySet<string> | undefined {
  if (text === '') return new Set()
  const lines = text.split('\n')
  if (!lines.some(line => /^Format:\s*https?:\/\/\S*copyright-format\/1\.0/i.test(line.slice(0, 200)))) return undefined
  const names = lines.flatMap(line => {
    const [, name = ''] = /^License:\s*(\S.*)$/i.exec(line.slice(0, 200)) ?? []
    return name === '' ? [] : [name.trim()]
  })
  return new Set(names)
}
