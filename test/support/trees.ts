import { createHash } from 'node:crypto'
import type { ContentSource, FileContent, TreeEntry } from '../../src/tree/index.ts'

export const treeSeconds = 1_700_000_000

const attributes = { userId: 0, groupId: 0, modifiedSeconds: treeSeconds }

/** A tree and the bytes of its files, composed from values. */
export interface TestTree {
  readonly tree: ReadonlyMap<string, TreeEntry>
  readonly content: ContentSource
}

type Changes = { readonly [Key in 'mode' | 'userId' | 'groupId' | 'modifiedSeconds' | 'inode']?: number } & {
  readonly extendedAttributes?: ReadonlyMap<string, Uint8Array>
}

export const folder = (changes: Changes = {}): TestEntry => ({
  entry: { kind: 'directory', mode: 0o755, ...attributes, ...changes },
})
export const file = (text: string, changes: Changes = {}): TestEntry => ({
  entry: { kind: 'file', mode: 0o644, ...attributes, inode: undefined, ...changes, content: contentOf(text) },
  text,
})
export const symlink = (target: string): TestEntry => ({
  entry: { kind: 'symlink', target, mode: 0o777, ...attributes },
})
export const device = (kind: 'character-device' | 'block-device', major: number, minor: number): TestEntry => ({
  entry: { kind, major, minor, mode: 0o600, ...attributes },
})
export const fifo = (): TestEntry => ({ entry: { kind: 'fifo', mode: 0o600, ...attributes } })

export interface TestEntry {
  readonly entry: TreeEntry
  readonly text?: string
}

/** The root is added; other folders are not. Paths in the given order. */
export function treeOf(entries: Readonly<Record<string, TestEntry>>): TestTree {
  const all: Readonly<Record<string, TestEntry>> = { '': folder(), ...entries }
  const texts = new Map(Object.values(all).map(each => [contentOf(each.text ?? '').sha256, each.text ?? '']))
  return {
    tree: new Map(Object.entries(all).map(([path, { entry }]) => [path, entry])),
    content: {
      async *read({ sha256 }) {
        yield Buffer.from(texts.get(sha256) ?? '', 'latin1')
      },
    },
  }
}

export function contentOf(text: string): FileContent {
  const bytes = Buffer.from(text, 'latin1')
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }
}

/** Folders whose names are the beginnings of other names: in byte order of whole paths those come in between. */
export const neighbours = treeOf({
  lib: folder(),
  'lib/auto': folder(),
  'lib/auto-die': folder(),
  'lib/auto-die/first': file('one', { inode: 4 }),
  'lib/auto.pm': file('pm'),
  'lib/auto/Util.pm': file('one', { inode: 4 }),
  'lib/auto/deep': folder({ mode: 0o700 }),
  'lib/auto/deep/file': file('deep'),
})
