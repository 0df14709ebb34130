import { createHash } from 'node:crypto'
import { canonicalJson, compareBytes } from '../kernel/index.ts'

/**
 * Part of every key: raise it with every change of what a build is given beside the inputs below (its environment, the place of the
 * sources, what is read back).
 */
const engineVersion = 1

/** In the order in which people are told about them. */
export const inputKinds = [
  'engine',
  'package',
  'architecture',
  'time',
  'command',
  'environment',
  'outputs',
  'root',
  'deb',
  'source',
] as const

export type InputKind = (typeof inputKinds)[number]

/** One thing that goes into a build. Plain text: it is kept in records, and what changed is found by comparing two lists. */
export interface BuildInput {
  readonly kind: InputKind
  /** Unique within its kind: the path of a source, `libc6:amd64`, the name of a variable. Byte strings for paths. */
  readonly name: string
  /** What is compared: a digest, a version with a digest, the text itself. */
  readonly value: string
}

/** What decides the bytes of a build, before it is written down as inputs. */
export interface BuildDescription {
  readonly packageName: string
  /** Of the sources; a revision is no part of it. */
  readonly version: string
  readonly architecture: string
  readonly sourceDateEpochSeconds: number
  /** As it is run. */
  readonly command: readonly string[]
  readonly environment: ReadonlyMap<string, string>
  /** Patterns. */
  readonly outputs: readonly string[]
  readonly sources: readonly BuildInput[]
  /** Debs of the build root and what else it is made of. */
  readonly root: readonly BuildInput[]
}

/** All that goes into a build, by kind and then by bytes of the names. */
export function buildInputs(build: BuildDescription): readonly BuildInput[] {
  const one = (kind: InputKind, name: string, value: string): BuildInput => ({ kind, name, value })
  const inputs = [
    one('engine', 'package-build', `${engineVersion}`),
    one('package', 'name', build.packageName),
    one('package', 'version', build.version),
    one('architecture', 'native', build.architecture),
    one('time', 'source-date-epoch', `${build.sourceDateEpochSeconds}`),
    one('command', 'words', canonicalJson(build.command)),
    ...[...build.environment].map(([name, value]) => one('environment', name, value)),
    one('outputs', 'names', canonicalJson(build.outputs)),
    ...build.root,
    ...build.sources,
  ]
  return inputs.sort(
    (left, right) =>
      inputKinds.indexOf(left.kind) - inputKinds.indexOf(right.kind) || compareBytes(left.name, right.name),
  )
}

/** The key of a build: 64 hex digits. Where something was found (a folder, a mirror, a store) and revisions are no part of it. */
export function buildKey(inputs: readonly BuildInput[]): string {
  return digestOf(inputs)
}

export interface InputChange {
  readonly kind: InputKind
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What is different, in the order of `buildInputs`. */
export function compareInputs(before: readonly BuildInput[], after: readonly BuildInput[]): readonly InputChange[] {
  const nameOf = ({ kind, name }: BuildInput) => `${kind} ${name}`
  const had = new Map(before.map(each => [nameOf(each), each]))
  const has = new Map(after.map(each => [nameOf(each), each]))
  return inputKinds.flatMap(kind => {
    const names = [...had.keys(), ...has.keys()].filter(name => name.startsWith(`${kind} `))
    return [...new Set(names)].sort(compareBytes).flatMap((key): InputChange[] => {
      const [old, present] = [had.get(key)?.value, has.get(key)?.value]
      if (old === present) return []
      const change = old === undefined ? 'added' : present === undefined ? 'removed' : 'changed'
      return [{ kind, name: key.slice(kind.length + 1), change, before: old, after: present }]
    })
  })
}

/** What a key is made of, told in a few lines. */
export interface InputSummary {
  readonly kind: InputKind
  readonly count: number
  /** Of all inputs of that kind. */
  readonly sha256: string
}

export function summariseInputs(inputs: readonly BuildInput[]): readonly InputSummary[] {
  return inputKinds.flatMap(kind => {
    const found = inputs.filter(each => each.kind === kind)
    return found.length === 0 ? [] : [{ kind, count: found.length, sha256: digestOf(found) }]
  })
}

function digestOf(inputs: readonly BuildInput[]): string {
  const hash = createHash('sha256')
  for (const { kind, name, value } of inputs) hash.update(`${canonicalJson([kind, name, value])}\n`)
  return hash.digest('hex')
}
