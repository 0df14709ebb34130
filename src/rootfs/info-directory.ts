import { sortedByBytes } from '../kernel/index.ts'

const menu = /^\* Menu:\n+/m

/**
 * The directory of GNU Info with its sections, and the entries of each, in byte order. update-info-dir fills it in the order in which the file
 * system lists the manuals.
 *
 * @returns undefined for what has no menu
 * @see install-info(1)
 */
export function sortedInfoDirectory(text: string): string | undefined {
  const begin = menu.exec(text)
  if (begin === null) return undefined
  const end = begin.index + begin[0].length
  const sections = text
    .slice(end)
    .split(/\n{2,}/)
    .map(section => section.replace(/\n+$/, ''))
    .filter(section => section !== '')
  return `${text.slice(0, end)}${sortedByBytes(sections.map(sortedSection)).join('\n\n')}\n`
}

/** Its title, then its entries, each with the lines that continue it. */
function sortedSection(section: string): string {
  const [title = '', ...entries] = section.split(/(?:^|\n)(?=\* )/)
  return [...(title === '' ? [] : [title]), ...sortedByBytes(entries)].join('\n')
}
