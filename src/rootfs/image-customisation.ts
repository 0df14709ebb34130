import type { Customisation } from '../manifest/index.ts'
import type { ProgramCustomisation, ProjectScript } from './customise-root.ts'
import { type ImageSource, type MadeFile, madeFiles } from './image-files.ts'

/** The manifest's wishes beside packages and files, with what they name read in. */
export interface ImageCustomisation {
  readonly programs: ProgramCustomisation
  readonly made: readonly MadeFile[]
  readonly timezone: string | undefined
  readonly removedPaths: readonly string[]
}

export function imageCustomisationOf(
  customisation: Customisation,
  brought: { readonly scripts: readonly ProjectScript[]; readonly sources: readonly ImageSource[] },
): ImageCustomisation {
  const { ids, debconf, users, groups, locales, units, removedPackages, removedPaths, timezone } = customisation
  return {
    programs: { ids, debconf, users, groups, locales, units, removedPackages, run: brought.scripts },
    made: madeFiles(customisation, brought.sources),
    timezone,
    removedPaths,
  }
}
