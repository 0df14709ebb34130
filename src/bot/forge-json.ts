import type { ForgeRequest, RequestText } from './model.ts'

/** A value that came from a forge: nothing is known of it. */
export type Foreign = unknown

export function fieldOf(value: Foreign, ...names: readonly string[]): Foreign {
  return names.reduce<Foreign>(
    (inside, name) =>
      typeof inside === 'object' && inside !== null && Object.hasOwn(inside, name)
        ? (inside as Readonly<Record<string, unknown>>)[name]
        : undefined,
    value,
  )
}

export function textOf(value: Foreign): string {
  return typeof value === 'string' ? value : ''
}

/** @returns undefined where it has no number or no branch: such a thing is no request */
export function requestOf(value: Foreign, names: RequestNames): ForgeRequest | undefined {
  const number = fieldOf(value, names.number)
  const branch = textOf(fieldOf(value, ...names.branch))
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number <= 0 || branch === '') return undefined
  const labels = fieldOf(value, 'labels')
  return {
    number,
    url: textOf(fieldOf(value, names.url)),
    branch,
    title: textOf(fieldOf(value, 'title')),
    body: textOf(fieldOf(value, names.body)),
    labels: Array.isArray(labels)
      ? labels.map(label => (typeof label === 'string' ? label : textOf(fieldOf(label, 'name'))))
      : [],
  }
}

/** What a forge calls the parts of a request. */
export interface RequestNames {
  readonly number: string
  readonly url: string
  readonly branch: readonly string[]
  readonly body: string
}

/** Forges give line ends back as they like. */
export function saysTheSame(request: ForgeRequest, { title, body }: Pick<RequestText, 'title' | 'body'>): boolean {
  const plain = (text: string) => text.replaceAll('\r\n', '\n').trimEnd()
  return request.title === title && plain(request.body) === plain(body)
}
