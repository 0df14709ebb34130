import { Flags } from '@oclif/core'

/** Where files come from and go to: never what they are. */
export const storeFlags = {
  store: Flags.string({
    summary: 'folder of the content-addressed store',
    helpValue: 'DIR',
    helpGroup: 'SETTINGS',
  }),
}

export const mirrorFlags = {
  mirror: Flags.string({
    summary: 'take an archive from another place, for example debian=http://mirror.example.org/debian',
    helpValue: 'ID=URI',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'SETTINGS',
  }),
}
