import { Fault, quoted, sortedByBytes } from '../kernel/index.ts'
import { cpus, tuples } from './architecture-tables.ts'

/** abi, libc, system, CPU: `eabihf`, `gnu`, `linux`, `arm` for armhf; in a wildcard each may be `any`. */
export type ArchitectureTuple = readonly [abi: string, libc: string, system: string, cpu: string]

/** All concrete architectures that dpkg knows, in byte order; `all`, `any` and `source` are none. */
export function knownArchitectures(): readonly string[] {
  return sortedByBytes(tupleByArchitecture().keys())
}

/** @returns undefined for what dpkg does not know, and for `all`, `any` and wildcards */
export function architectureTuple(architecture: string): ArchitectureTuple | undefined {
  return tupleByArchitecture().get(architecture)
}

/**
 * Checks that a root file system can have this architecture.
 *
 * @throws {Fault} `ARCHITECTURE_UNKNOWN`, whose hint has Debian's name where another world's (`x86_64`) was given
 */
export function checkArchitecture(text: string): void {
  if (tupleByArchitecture().has(text)) return
  const lowerCase = text.toLowerCase()
  const [meant] = Object.entries(cpus).find(([name, others]) => name === lowerCase || others.includes(lowerCase)) ?? []
  throw new Fault('ARCHITECTURE_UNKNOWN', {
    message: `${quoted(text)} is not an architecture that Debian knows${meant === undefined ? '' : `; its name is ${meant}`}`,
    hint:
      meant === undefined ? 'Run `dpkg-architecture -L` for all names; amd64 and arm64 are usual.' : `Write ${meant}.`,
    context: { architecture: text, ...(meant === undefined ? {} : { meant }) },
  })
}

/**
 * Whether a wildcard (`any`, `linux-any`, `any-arm`, `musl-linux-any`) covers an architecture, or names it. Neither
 * covers `all`, except when it is given as `all`.
 *
 * @see dpkg-architecture(1), Debian Policy 11.1
 */
export function coversArchitecture(wildcard: string, architecture: string): boolean {
  if (wildcard === architecture) return true
  const concrete = tupleByArchitecture().get(architecture)
  if (concrete === undefined) return false
  const pattern = wildcardTuple(wildcard)
  return pattern?.every((part, index) => part === 'any' || part === concrete[index]) ?? false
}

/** Whether a text can stand in `[…]`: a known architecture or a wildcard that covers at least one. */
export function isArchitectureWildcard(text: string): boolean {
  const pattern = wildcardTuple(text)
  if (pattern === undefined) return false
  for (const architecture of tupleByArchitecture().keys()) if (coversArchitecture(text, architecture)) return true
  return false
}

/**
 * Whether a restriction list (`[linux-any !…]`) admits an architecture: some entry covers it, or, where the entries are
 * negated, none does. `parseRestrictedOrGroups` refuses lists that mix both.
 *
 * @see Debian Policy 7.1
 */
export function matchesArchitecture(restrictions: readonly string[], architecture: string): boolean {
  const covering = restrictions.some(each => coversArchitecture(each.replace(/^!/, ''), architecture))
  const negated = restrictions[0]?.startsWith('!') ?? false
  return negated ? !covering : covering
}

/** What is not written is `any`, from the left: `any-arm` is any-any-any-arm. A text without `any` is an architecture. */
function wildcardTuple(text: string): ArchitectureTuple | undefined {
  const parts = text.split('-')
  if (!parts.includes('any')) return tupleByArchitecture().get(text.replace(/^linux-(?=[^-]+$)/, ''))
  if (parts.length > 4) return undefined
  // `any` alone is all four; `linux-any` is any-any-linux-any.
  const [abi = 'any', libc = 'any', system = 'any', cpu = 'any'] = [
    ...new Array<string>(4 - parts.length).fill('any'),
    ...parts,
  ]
  return [abi, libc, system, cpu]
}

let tupleByArchitectureOnce: ReadonlyMap<string, ArchitectureTuple> | undefined

/** Made on first use: most commands never ask. */
function tupleByArchitecture(): ReadonlyMap<string, ArchitectureTuple> {
  tupleByArchitectureOnce ??= expandTuples()
  return tupleByArchitectureOnce
}

function expandTuples(): ReadonlyMap<string, ArchitectureTuple> {
  const byName = new Map<string, ArchitectureTuple>()
  const taken = new Set<string>()
  for (const [tuple, architecture] of tuples) {
    for (const cpu of tuple.endsWith('*') ? Object.keys(cpus) : ['']) {
      const name = architecture.replace('*', cpu)
      const expanded = tuple.replace('*', cpu)
      if (byName.has(name) || taken.has(expanded)) continue
      const [abi = '', libc = '', system = '', part = ''] = expanded.split('-')
      byName.set(name, [abi, libc, system, part])
      taken.add(expanded)
    }
  }
  return byName
}
