import { versionProblem } from '../debian/index.ts'
import { Fault, quoted } from '../kernel/index.ts'
import { isRevision, type Revision } from './revision-number.ts'

/** What a version template may hold: the key's version, under either name, and the revision. */
const templatePlaceholders = ['version', 'recipe', 'revision'] as const

type Placeholder = (typeof templatePlaceholders)[number]

type TemplatePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: Placeholder }

/** A template that was checked: a later revision always makes a later Debian version of it. */
export interface VersionTemplate {
  readonly text: string
  readonly parts: readonly TemplatePart[]
}

/** What a package's versions look like where nothing else is said. */
export const defaultVersionTemplate = '{version}+r{revision}'

const greatestLength = 200

/**
 * Reads a template such as `{version}+r{revision}` or `{recipe}.{revision}`.
 *
 * `{version}` and `{recipe}` are the version of the key, `{revision}` must occur once. What stands next to it may not change Debian's order:
 * no digit and no other placeholder right before it (they would run into one number), and after it nothing, a letter, `+`, `-` or `~`, which
 * sort before the dot of a revision like 4.1.
 *
 * @throws {Fault} `REVISION_TEMPLATE_INVALID` that names what is wrong
 */
export function readVersionTemplate(text: string): VersionTemplate {
  if (text.length > greatestLength) throw invalid(text, `has ${text.length} characters, more than ${greatestLength}`)
  const parts: TemplatePart[] = []
  for (const [piece] of text.matchAll(/\{[^{}]*\}|[^{}]+|[{}]/g)) parts.push(partOf(piece, text))
  checkRevisionPlace(parts, text)
  const template = { text, parts }
  // With any version whatever: what the template itself adds must be allowed in one.
  const example = textOfVersion(template, '1', '1')
  const problem = versionProblem(example)
  if (problem !== undefined) throw invalid(text, `makes no Debian version: ${problem} (${quoted(example)})`)
  return template
}

/**
 * The Debian version of a revision.
 *
 * @throws {Fault} `REVISION_TEMPLATE_INVALID` when that is none, with this version
 */
export function versionOf(template: VersionTemplate, version: string, revision: Revision): string {
  if (!isRevision(revision)) throw invalid(template.text, `was given the revision ${quoted(revision)}, which is none`)
  const whole = textOfVersion(template, version, revision)
  const problem = versionProblem(whole)
  if (problem !== undefined) throw invalid(template.text, `makes ${quoted(whole)}, which is no version: ${problem}`)
  return whole
}

function partOf(piece: string, text: string): TemplatePart {
  if (!piece.startsWith('{') && piece !== '}') return { kind: 'literal', text: piece }
  if (piece === '{' || piece === '}') throw invalid(text, `has a ${piece} without its counterpart`)
  const name = templatePlaceholders.find(each => each === piece.slice(1, -1))
  if (name === undefined) throw invalid(text, `has the placeholder ${quoted(piece)}, which does not exist`)
  return { kind: 'placeholder', name }
}

function checkRevisionPlace(parts: readonly TemplatePart[], text: string): void {
  const places = parts.flatMap((part, at) => (part.kind === 'placeholder' && part.name === 'revision' ? [at] : []))
  const [at] = places
  if (at === undefined || places.length > 1)
    throw invalid(text, `has {revision} ${places.length === 0 ? 'nowhere' : `${places.length} times`}, not once`)
  const before = parts[at - 1]
  if (before?.kind === 'placeholder')
    throw invalid(text, `joins {${before.name}} and {revision} without a sign between`)
  if (before?.kind === 'literal' && /[0-9]$/.test(before.text))
    throw invalid(text, 'has a digit right before {revision}, which would be part of its number')
  const after = parts[at + 1]
  if (after?.kind === 'placeholder') throw invalid(text, `joins {revision} and {${after.name}} without a sign between`)
  if (after !== undefined && !/^[A-Za-z+~-]/.test(after.text))
    throw invalid(text, `has ${quoted(after.text.charAt(0))} right after {revision}, so that 4.1 could sort before 4`)
}

function textOfVersion({ parts }: VersionTemplate, version: string, revision: string): string {
  return parts
    .map(part => (part.kind === 'literal' ? part.text : part.name === 'revision' ? revision : version))
    .join('')
}

function invalid(template: string, problem: string): Fault {
  return new Fault('REVISION_TEMPLATE_INVALID', {
    message: `the version template ${quoted(template)} ${problem}`,
    hint: 'Placeholders are {version} or {recipe}, and {revision} once: {version}+r{revision}, {recipe}.{revision}.',
    context: { template },
  })
}
