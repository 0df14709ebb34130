import { printable } from '../../kernel/index.ts'

export { count, formatBytes, printable } from '../../kernel/index.ts'

/** What a piece of text says of itself; the terminal chooses the colour, and elsewhere the words have to do. */
export type Tone = 'strong' | 'faint' | 'good' | 'bad' | 'changed' | 'notice'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

/** One line of human output. Colours are never written into the text, so that text from outside cannot carry any. */
export type Line = string | readonly (string | Span)[]

export type Colour = 'colour' | 'plain'

const escapeByTone: Readonly<Record<Tone, string>> = {
  strong: '\u001b[1m',
  faint: '\u001b[2m',
  good: '\u001b[32m',
  bad: '\u001b[31m',
  changed: '\u001b[36m',
  notice: '\u001b[33m',
}

export function span(tone: Tone, text: string): Span {
  return { text, tone }
}

/** A line ready to be written, without the line feed. */
export function renderLine(line: Line, colour: Colour): string {
  if (typeof line === 'string') return printable(line)
  return line
    .map(piece => {
      if (typeof piece === 'string') return printable(piece)
      if (colour === 'plain') return printable(piece.text)
      return `${escapeByTone[piece.tone]}${printable(piece.text)}\u001b[0m`
    })
    .join('')
}

/** Left-aligned columns, two spaces apart; the last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length)
    })
  return rows.map(row =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '),
  )
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
