import type { Block, Emphasis, Piece } from '../../../review/index.ts'
import { type Line, type Span, span, type Tone } from '../text.ts'

/** The blocks of a review for a terminal: nothing is folded, since a terminal scrolls. */
export function reviewLines(blocks: readonly Block[]): Line[] {
  return blocks.flatMap((block, at): Line[] => {
    const next = blocks[at + 1]
    switch (block.kind) {
      case 'title':
        return [[span('strong', block.text)]]
      case 'paragraph':
        return next === undefined || next.kind === 'paragraph'
          ? [block.pieces.map(spanOf)]
          : [block.pieces.map(spanOf), '']
      case 'item': {
        const line: Line = [block.depth === 0 ? '  ' : '    ', ...block.pieces.map(spanOf)]
        return next === undefined || next.kind === 'item' || next.kind === 'lines' ? [line] : [line, '']
      }
      case 'lines':
        return block.lines.map(line => `      ${line}`)
      case 'details':
        return [...reviewLines(block.blocks), ...(next === undefined || next.kind === 'details' ? [] : [''])]
      default:
        return block satisfies never
    }
  })
}

const tones: Readonly<Record<Emphasis, Tone>> = {
  strong: 'strong',
  bad: 'bad',
  good: 'good',
  notice: 'notice',
  changed: 'changed',
}

function spanOf(piece: Piece): string | Span {
  if (typeof piece === 'string') return piece
  switch (piece.kind) {
    case 'own':
      return span(tones[piece.emphasis], piece.text)
    case 'foreign':
      return piece.text
    case 'cve':
      return piece.id
    default:
      return piece satisfies never
  }
}
