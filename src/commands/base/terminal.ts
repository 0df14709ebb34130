import type { Colour } from './text.ts'

export interface StreamFacts {
  readonly isTerminal: boolean
  readonly columns: number
}

/**
 * Colour only where a person sees it. `NO_COLOR` (any text but the empty one) forbids, then `FORCE_COLOR` (anything but empty, `0` and
 * `false`) demands, then a terminal that is not dumb decides.
 *
 * @see https://no-color.org
 */
export function colourOf(stream: StreamFacts, environment: Readonly<Record<string, string | undefined>>): Colour {
  if ((environment.NO_COLOR ?? '') !== '') return 'plain'
  const forced = environment.FORCE_COLOR
  if (forced !== undefined && forced !== '') return forced === '0' || forced === 'false' ? 'plain' : 'colour'
  return stream.isTerminal && environment.TERM !== 'dumb' ? 'colour' : 'plain'
}

/** A frame that redraws itself needs a terminal that can move its cursor. */
export function canRedraw(stream: StreamFacts, environment: Readonly<Record<string, string | undefined>>): boolean {
  return stream.isTerminal && environment.TERM !== 'dumb' && (environment.CI ?? '') === ''
}

export function factsOf(stream: NodeJS.WriteStream): StreamFacts {
  return { isTerminal: stream.isTTY === true, columns: columnsOf(stream) }
}

/** A terminal that does not know its width says 0. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.columns > 0 ? stream.columns : 80
}
