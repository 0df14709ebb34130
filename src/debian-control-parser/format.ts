import { quoteText } from './control-syntax-error.ts'

export type FieldText = readonly [name: string, value: string]

/**
 * Writes one stanza, each field as `Name: value`, in the given order, with a newline at the end of each line and no
 * empty line after it. A value that begins with a line break is written without a space after the colon.
 *
 * @throws {RangeError} a name or value that would not read back as given: a value cannot smuggle in a second field
 */
export function formatStanza(fields: Iterable<FieldText>): string {
  let text = ''
  for (const [name, value] of fields) {
    checkName(name)
    checkValue(name, value)
    text += value === '' || value.startsWith('\n') ? `${name}:${value}\n` : `${name}: ${value}\n`
  }
  return text
}

function checkName(name: string): void {
  if (!/^[!-9;-~]+$/.test(name) || /^[#-]/.test(name)) throw new RangeError(`${quoteText(name)} is no field name`)
}

function checkValue(name: string, value: string): void {
  const [first = '', ...continued] = value.split('\n')
  const wrong =
    /[\r\0]/.test(value) ||
    /^[ \t]|[ \t]$/.test(first) ||
    /[ \t]$/.test(value) ||
    continued.some(line => !/^[ \t]/.test(line) || /^[ \t]+$/.test(line))
  if (wrong) throw new RangeError(`the value ${quoteText(value)} cannot be written as the field ${name}`)
}
