import { didYouMean, Fault, quoted } from '../kernel/index.ts'

/** Configuration files are small; what is larger is no text that somebody wrote. */
const largestTemplateBytes = 1024 * 1024

/** `{{name}}`, blanks around the name allowed; `{{{{}}` stands for two braces. What is left over is a beginning without an end. */
const placeholder = /\{\{(\{\{|[^{}\n]*)\}\}|\{\{/g

/**
 * A template with the values of its placeholders, each replaced once: what stands in a value is not looked at again.
 *
 * @param name of the file, for faults
 * @throws {Fault} `TEMPLATE_INVALID` with line and column: bytes that are no UTF-8, a name without a value, braces that are not closed
 */
export function fillTemplate(bytes: Uint8Array, values: ReadonlyMap<string, string>, name: string): Uint8Array {
  const text = decoded(bytes, name)
  const filled = text.replace(placeholder, (whole, inner: string | undefined, offset: number) => {
    if (inner === '{{') return inner
    const value = inner === undefined ? undefined : values.get(inner.trim())
    if (value !== undefined) return value
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    const column = offset - before.lastIndexOf('\n')
    if (inner === undefined)
      throw invalid(
        name,
        { line, column },
        '`{{` is not closed in its line',
        'Write {{name}}, or {{{{}} for two braces.',
      )
    const near = didYouMean(inner.trim(), values.keys())
    const hint = `${near ?? 'Add it to `image.variables`.'} It knows ${[...values.keys()].join(', ')}.`
    throw invalid(name, { line, column }, `${quoted(whole)} has no value`, hint)
  })
  return Buffer.from(filled)
}

/** Before it is read. @throws {Fault} `TEMPLATE_INVALID` */
export function requireTemplateSize(sizeBytes: number, name: string): void {
  if (sizeBytes > largestTemplateBytes)
    throw invalid(name, undefined, `it has ${sizeBytes} bytes, more than ${largestTemplateBytes}`, noText)
}

const noText = 'Leave `template` out for files that are no text.'

function decoded(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid(name, undefined, 'it is not UTF-8', noText)
  }
}

function invalid(
  name: string,
  place: { readonly line: number; readonly column: number } | undefined,
  problem: string,
  hint: string,
): Fault {
  const where = place === undefined ? name : `${name}:${place.line}:${place.column}`
  return new Fault('TEMPLATE_INVALID', {
    message: `${quoted(where).slice(1, -1)}: ${problem}`,
    hint,
    context: { file: name, ...place },
  })
}
