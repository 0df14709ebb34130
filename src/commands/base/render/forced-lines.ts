import type { ForcedChange, HeldBack } from '../../../resolver/index.ts'
import { type Line, span } from '../text.ts'

type InRoot<Subject> = Subject & { readonly root: string }

/** What moved though nobody asked for it, each with its reason; then what was asked and could not move. */
export function forcedLines(
  forced: readonly InRoot<ForcedChange>[],
  heldBack: readonly InRoot<HeldBack>[],
  roots: number,
): Line[] {
  return [
    ...section(
      'forced',
      forced.map(change => `${nameOf(change, roots)} ${versionsOf(change)}: ${change.reason}`),
    ),
    ...section(
      'held back',
      heldBack.map(each => `${nameOf(each, roots)} ${outcomeOf(each)}`),
    ),
  ]
}

function section(title: string, sentences: readonly string[]): Line[] {
  if (sentences.length === 0) return []
  return [[span('strong', title)], ...sentences.map(sentence => `  ${sentence}`), '']
}

function nameOf({ name, architecture, root }: InRoot<ForcedChange | HeldBack>, roots: number): string {
  return `${name}:${architecture}${roots > 1 ? ` (${root})` : ''}`
}

function versionsOf({ before, after }: ForcedChange): string {
  if (before === undefined) return `added ${after}`
  if (after === undefined) return `removed ${before}`
  return before === after ? `${after} with other bytes` : `${before} → ${after}`
}

function outcomeOf({ wish, chosen, notWith }: HeldBack): string {
  const reason =
    notWith.length === 0
      ? `nothing that satisfies the manifest has ${wish}`
      : `${wish} does not go with ${notWith.join(', ')}`
  return chosen === undefined ? `is not locked: ${reason}` : `stays at ${chosen}: ${reason}`
}
