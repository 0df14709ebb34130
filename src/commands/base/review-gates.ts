import { didYouMean, Fault, quoted } from '../../kernel/index.ts'
import { type Gate, type GateName, gateNames, ofContents } from '../../review/index.ts'
import { parseSize } from './byte-size.ts'

/**
 * `key,archive,size=20M` as gates.
 *
 * @throws {Fault} `USAGE_INVALID`
 */
export function readGates(text: string | undefined, depth: 'locks' | 'debs'): readonly Gate[] {
  return (text ?? '').split(',').flatMap((word): Gate[] => {
    if (word === '') return []
    if (word.startsWith('size=')) return [{ kind: 'size', maximumBytes: sizeOf(word.slice('size='.length)) }]
    if (depth === 'locks' && ofContents.includes(word as GateName))
      throw new Fault('USAGE_INVALID', {
        message: `--fail-on ${word} needs opened debs`,
        hint: 'Add --deep, or name hook: scripts of the manifest alone.',
        context: { flag: '--fail-on', value: word },
      })
    if (gateNames.includes(word as GateName)) return [{ kind: word as GateName }]
    throw new Fault('USAGE_INVALID', {
      message: `--fail-on has ${quoted(word)}, which is nothing that a change can have`,
      hint: didYouMean(word, gateNames) ?? `It is one of ${gateNames.join(', ')} or size=BYTES.`,
      context: { flag: '--fail-on', value: word },
    })
  })
}

function sizeOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : parseSize('--fail-on size', text)
}
