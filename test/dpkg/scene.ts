import assert from 'node:assert/strict'
import { type MergedRoot, type MergeRequest, mergePackages, type UnpackedDeb } from '../../src/dpkg/index.ts'
import { sha256Of } from '../support/unpacked-deb.ts'

/** The time that counts as now. */
export const nowSeconds = 1_700_000_000

export function merge(debs: readonly UnpackedDeb[], changes: Partial<MergeRequest> = {}): MergedRoot {
  return mergePackages({
    debs,
    mergedUsr: { kind: 'unmerged' },
    nativeArchitecture: 'amd64',
    foreignArchitectures: [],
    excludePaths: [],
    configure: 'none',
    modifiedSeconds: nowSeconds,
    ...changes,
  })
}

export const merged = { mergedUsr: { kind: 'merged', directories: ['bin', 'lib', 'sbin'] } } as const

/** A generated file of `/var/lib/dpkg`, as text. */
export function database(root: MergedRoot, name: string): string {
  const entry = root.entries.get(`var/lib/dpkg/${name}`)
  assert.ok(entry?.kind === 'file', `there is no /var/lib/dpkg/${name}`)
  const bytes = root.generated.get(entry.content.sha256)
  assert.ok(bytes !== undefined, `/var/lib/dpkg/${name} has no bytes`)
  return Buffer.from(bytes).toString('utf8')
}

export function listOf(root: MergedRoot, instance: string): readonly string[] {
  return database(root, `info/${instance}.list`).trimEnd().split('\n')
}

export function hasContent(root: MergedRoot, path: string, text: string): void {
  const entry = root.entries.get(path)
  assert.ok(entry?.kind === 'file', `/${path} is ${entry?.kind}`)
  assert.equal(entry.content.sha256, sha256Of(text), `/${path} does not have the content ${text}`)
}
