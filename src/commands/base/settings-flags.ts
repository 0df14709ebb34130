import { Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'

/** Where files come from and go to: never what they are. */
export const ownStoreFlags = {
  store: Flags.string({
    summary: 'folder of the content-addressed store',
    helpValue: 'DIR',
    helpGroup: 'SETTINGS',
  }),
}

export const storeFlags = {
  ...ownStoreFlags,
  'store-layer': Flags.string({
    summary: 'another store that is read but never written, may be given several times',
    helpValue: 'DIR',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'SETTINGS',
  }),
}

/** For what looks at archives. */
export const networkFlags = {
  mirror: Flags.string({
    summary: 'take an archive from another place, for example debian=http://mirror.example.org/debian',
    helpValue: 'ID=URI',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'SETTINGS',
  }),
  parallelism: Flags.string({ summary: 'downloads at a time', helpValue: 'N', helpGroup: 'SETTINGS' }),
  timeout: Flags.string({
    summary: 'seconds that a server may be silent',
    helpValue: 'SECONDS',
    helpGroup: 'SETTINGS',
  }),
  proxy: Flags.string({ summary: 'HTTP proxy, or "none"', helpValue: 'URL', helpGroup: 'SETTINGS' }),
  credentials: Flags.string({
    summary: "netrc file or apt's auth.conf",
    helpValue: 'FILE',
    helpGroup: 'SETTINGS',
  }),
  offline: Flags.boolean({ summary: 'use only what the store has', helpGroup: 'SETTINGS' }),
}

export const vendorFlags = {
  vendor: Flags.string({
    summary: 'folder of debs that is asked before any mirror, may be given several times',
    helpValue: 'DIR',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'SETTINGS',
  }),
  fallback: Flags.string({
    summary: 'address of debs that is asked after everything else, may be given several times',
    helpValue: 'URI',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'SETTINGS',
  }),
}

/** @throws {Fault} `USAGE_INVALID` */
export function requireDigest(flag: string, text: string): string {
  const match = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)
  if (match?.[1] !== undefined) return match[1]
  throw new Fault('USAGE_INVALID', {
    message: `${flag} is ${JSON.stringify(text)}, which is no sha256`,
    hint: 'Give its 64 lower-case hex digits, as sha256sum and `aptroot lock install` print them.',
    context: { flag, value: text },
  })
}
