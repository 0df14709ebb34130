import type { CompressionKind } from '../codec/index.ts'

export type MemberFormat = CompressionKind

const allowed: Readonly<Record<'control.tar' | 'data.tar', ReadonlyMap<string, MemberFormat>>> = {
  'control.tar': new Map([
    ['control.tar', 'none'],
    ['control.tar.gz', 'gz'],
    ['control.tar.xz', 'xz'],
    ['control.tar.zst', 'zst'],
  ]),
  'data.tar': new Map([
    ['data.tar', 'none'],
    ['data.tar.gz', 'gz'],
    ['data.tar.xz', 'xz'],
    ['data.tar.zst', 'zst'],
    ['data.tar.bz2', 'bz2'],
    ['data.tar.lzma', 'lzma'],
  ]),
}

/** What deb(5) lets the member be compressed with; undefined for any other name. */
export function memberFormat(name: string, stem: 'control.tar' | 'data.tar'): MemberFormat | undefined {
  return allowed[stem].get(name)
}
