import { debFileName } from '../../fetch/index.ts'
import { canonicalJson, type Json } from '../../kernel/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'
import { packageUrlOf } from './package-url.ts'

/** Something by name and content. */
export interface NamedDigest {
  readonly name: string
  /** 64 hex digits. */
  readonly sha256: string
}

/** What a run of `lock install` took, and what it made of that. */
export interface BuildFacts {
  readonly toolVersion: string
  readonly manifest: NamedDigest
  readonly lock: NamedDigest
  /** What `files:` brought, by path in the image. */
  readonly projectFiles: readonly NamedDigest[]
  readonly debs: readonly LockedDeb[]
  readonly sourceDateEpochSeconds: number
  readonly roots: readonly BuiltRoot[]
}

export interface BuiltRoot {
  readonly architecture: string
  /** `treeDigest`. */
  readonly digest: string
  readonly outputs: readonly NamedDigest[]
}

/** Parameters and dependencies mean what docs/outputs.md says under this name. */
export const buildType = 'urn:aptroot:lock-install:1'

/**
 * Provenance of a build: an in-toto Statement, version 1, with SLSA's predicate, version 1, unsigned. No time and no invocation is in it, so that
 * whoever builds the same lock writes the same statement.
 *
 * @see in-toto attestation framework, Statement v1; SLSA 1.0, Provenance
 */
export function formatProvenance(facts: BuildFacts): string {
  const { toolVersion, manifest, lock, roots } = facts
  const statement: Json = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: roots.flatMap(({ architecture, digest, outputs }) => [
      ...outputs.map(described),
      described({ name: `tree:${architecture}`, sha256: digest }),
    ]),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          manifest: manifest.name,
          lock: lock.name,
          architectures: roots.map(({ architecture }) => architecture),
        },
        internalParameters: { SOURCE_DATE_EPOCH: facts.sourceDateEpochSeconds },
        resolvedDependencies: [
          described(manifest),
          described(lock),
          ...facts.projectFiles.map(described),
          ...facts.debs.map(debDescribed),
        ],
      },
      runDetails: { builder: { id: `pkg:npm/aptroot@${toolVersion}`, version: { aptroot: toolVersion } } },
    },
  }
  return `${canonicalJson(statement)}\n`
}

function described({ name, sha256 }: NamedDigest): { readonly name: string; readonly digest: Json } {
  return { name, digest: { sha256 } }
}

function debDescribed(deb: LockedDeb): Json {
  return {
    ...described({ name: debFileName(deb), sha256: deb.sha256 }),
    uri: packageUrlOf(deb),
    annotations: { at: deb.at, from: deb.from },
  }
}
