import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import type { RepositoryPlace } from '../../workflows/open-repository.ts'
import type { World } from '../../workflows/world.ts'

export const repositoryFlag = {
  repository: Flags.string({
    char: 'r',
    summary: 'folder of the repository',
    helpValue: 'DIR',
    default: 'repository',
  }),
}

export const signerFlag = {
  'sign-with': Flags.string({
    summary: 'file of a secret key, or gpg:FINGERPRINT [default: APTROOT_SIGNING_KEY]',
    helpValue: 'KEY',
  }),
}

export function repositoryOf(flags: { readonly repository: string }, world: World): RepositoryPlace {
  return { path: resolve(world.workingFolder, flags.repository), name: flags.repository }
}
