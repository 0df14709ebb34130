import { printable } from '../kernel/index.ts'
import type { Block, Piece } from './document.ts'

/**
 * What a forge takes as the body of a request: GitHub 65,536 characters, GitLab 1,000,000. Counted here in bytes of UTF-8, which are
 * never fewer.
 */
export const bodyLimits = { github: 65_536, gitlab: 1_000_000 } as const

export type Forge = keyof typeof bodyLimits

const left = 'More than the body of a request can hold; `aptroot lock diff` shows all of it.'

/**
 * Markdown that both forges render alike, never longer than the limit: what does not fit is cut at the end, behind what matters more,
 * and the cut is said. Foreign text stands in code spans, where neither mentions nor links nor HTML are made of it.
 */
export function formatMarkdown(blocks: readonly Block[], forge: Forge, reservedBytes = 0): string {
  const writer = new BodyWriter(bodyLimits[forge] - reservedBytes - Buffer.byteLength(`\n${left}\n`))
  writeBlocks(blocks, writer)
  const text = `${writer.lines.join('\n').replace(/\n+$/, '')}\n`
  return writer.isFull ? `${text}\n${left}\n` : text
}

/** Takes lines as long as they fit; what is open keeps room for its end. */
class BodyWriter {
  readonly lines: string[] = []
  isFull = false
  #room: number

  constructor(room: number) {
    this.#room = room
  }

  /** All of the lines or none. */
  write(...lines: readonly string[]): void {
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
    if (this.isFull || bytes > this.#room) {
      this.isFull = true
      return
    }
    this.#room -= bytes
    this.lines.push(...lines)
  }

  /** What is opened is closed, full or not. */
  enclose(opening: readonly string[], closing: readonly string[], inside: () => void): void {
    const reserved = closing.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
    this.#room -= reserved
    const linesBefore = this.lines.length
    this.write(...opening)
    if (this.lines.length === linesBefore) return
    inside()
    this.lines.push(...closing)
  }
}

function writeBlocks(blocks: readonly Block[], writer: BodyWriter): void {
  for (const [at, block] of blocks.entries()) {
    const next = blocks[at + 1]
    switch (block.kind) {
      case 'title':
        writer.write(`### ${block.text}`, '')
        break
      case 'paragraph':
        writer.write(block.pieces.map(pieceText).join(''), '')
        break
      case 'item':
        writer.write(`${block.depth === 0 ? '' : '  '}- ${block.pieces.map(pieceText).join('')}`)
        if (next?.kind !== 'item') writer.write('')
        break
      case 'lines': {
        const fence = '`'.repeat(Math.max(3, longestRun(block.lines.join('\n'), '`') + 1))
        writer.enclose([`${fence}diff`], [fence, ''], () => {
          for (const line of block.lines) writer.write(printable(line))
        })
        break
      }
      case 'details':
        writer.enclose(['<details>', `<summary>${block.summary}</summary>`, ''], ['', '</details>', ''], () =>
          writeBlocks(block.blocks, writer),
        )
        break
      default:
        block satisfies never
    }
  }
}

function pieceText(piece: Piece): string {
  if (typeof piece === 'string') return piece
  switch (piece.kind) {
    case 'own':
      return piece.emphasis === 'strong' || piece.emphasis === 'bad' ? `**${piece.text}**` : piece.text
    case 'foreign':
      return codeSpan(piece.text)
    case 'cve':
      return `[${piece.id}](https://security-tracker.debian.org/tracker/${piece.id})`
    default:
      return piece satisfies never
  }
}

/**
 * A code span ends at a run of as many backticks as it began with, so it begins with more than its text has (CommonMark 6.1). Inside it
 * there is no markup, and forges make neither mentions nor references of it.
 */
function codeSpan(text: string): string {
  const shown = printable(text)
  if (shown.trim() === '') return '(empty)'
  const fence = '`'.repeat(longestRun(shown, '`') + 1)
  const pad = shown.startsWith('`') || shown.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

function longestRun(text: string, character: string): number {
  let longest = 0
  let run = 0
  for (const each of text) {
    run = each === character ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}
