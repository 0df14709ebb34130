import { Flags } from '@oclif/core'
import type { ProjectChoice } from '../../workflows/project.ts'

/** One manifest: for commands that edit it or answer a question about one lock. */
export const manifestFlag = {
  file: Flags.string({
    char: 'f',
    summary: 'the manifest; its lockfile lies beside it (web.aptroot.yaml has web.aptroot.lock)',
    helpValue: 'FILE',
    default: 'aptroot.yaml',
  }),
}

/** Several manifests, one after the other. */
export const manifestsFlags = {
  file: Flags.string({
    char: 'f',
    summary: 'a manifest, may be given several times [default: aptroot.yaml]',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
    exclusive: ['all'],
  }),
  all: Flags.boolean({ summary: 'every aptroot.yaml and *.aptroot.yaml of this folder' }),
}

export function choiceOf(flags: { readonly file?: string[] | undefined; readonly all: boolean }): ProjectChoice {
  return flags.all ? { kind: 'all' } : { kind: 'files', manifests: flags.file ?? [] }
}
