import { Flags } from '@oclif/core'
import type { World } from '../../workflows/world.ts'

export const databaseFlag = {
  database: Flags.string({
    char: 'd',
    summary: 'an SQLite file, or postgres://USER@HOST/DATABASE [default: APTROOT_REVISION_DATABASE, else revisions.db]',
    helpValue: 'PLACE',
  }),
}

/** The service that a client asks, and how; the same for all who ask it. */
export function revisionServiceFlags(summary: string) {
  return {
    'revision-service': Flags.string({ summary, helpValue: 'URL', helpGroup: 'SETTINGS' }),
    'token-file': Flags.string({
      summary: "file with the writer's token [default: APTROOT_REVISION_TOKEN]",
      helpValue: 'FILE',
      helpGroup: 'SETTINGS',
    }),
  }
}

/** An address may hold a password, which a variable hides from lists of processes. */
export function databaseOf(flags: { readonly database?: string | undefined }, world: World): string {
  return flags.database ?? world.environment.APTROOT_REVISION_DATABASE ?? 'revisions.db'
}
