import { Flags } from '@oclif/core'
import type { World } from '../../workflows/world.ts'

export const databaseFlag = {
  database: Flags.string({
    char: 'd',
    summary: 'an SQLite file, or postgres://USER@HOST/DATABASE [default: APTROOT_REVISION_DATABASE, else revisions.db]',
    helpValue: 'PLACE',
  }),
}

/** An address may hold a password, which a variable hides from lists of processes. */
export function databaseOf(flags: { readonly database?: string | undefined }, world: World): string {
  return flags.database ?? world.environment.APTROOT_REVISION_DATABASE ?? 'revisions.db'
}
