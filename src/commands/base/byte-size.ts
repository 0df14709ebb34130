import { Fault } from '../../kernel/index.ts'

const bytesByUnit: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/**
 * `500M`, `20G`, `0` in bytes; units are powers of ten, as all sizes that are printed.
 *
 * @throws {Fault} `USAGE_INVALID`
 */
export function parseSize(flag: string, text: string): number {
  if (text === '0') return 0
  const match = /^(\d{1,6})([kMGT])$/.exec(text)
  const unit = bytesByUnit[match?.[2] ?? '']
  if (match === null || unit === undefined)
    throw new Fault('USAGE_INVALID', {
      message: `${flag} is ${JSON.stringify(text)}, which is no size`,
      hint: 'Write a whole number and a unit: 500M or 20G.',
      context: { flag, value: text },
    })
  return Number(match[1]) * unit
}
