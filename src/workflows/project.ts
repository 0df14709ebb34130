import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Fault, sortedByBytes } from '../kernel/index.ts'

/** A manifest and the lockfile beside it. */
export interface Project {
  /** As the user wrote it, for messages and results. */
  readonly manifestName: string
  readonly lockName: string
  readonly manifestPath: string
  readonly lockPath: string
  /** Nothing that a manifest names may lie outside this folder. */
  readonly folder: string
}

export type ProjectChoice =
  | { readonly kind: 'files'; readonly manifests: readonly string[] }
  /** `aptroot.yaml` and every `*.aptroot.yaml` of the folder. */
  | { readonly kind: 'all' }

export const defaultManifestName = 'aptroot.yaml'

/**
 * The projects a command works on, in the order they were named.
 *
 * @throws {Fault} `USAGE_INVALID` when a file cannot be a manifest by its name, `MANIFEST_MISSING` when `--all` finds none
 */
export async function findProjects(
  choice: ProjectChoice,
  workingFolder: string,
): Promise<readonly [Project, ...Project[]]> {
  switch (choice.kind) {
    case 'files': {
      const [first, ...rest] = new Set(choice.manifests.length === 0 ? [defaultManifestName] : choice.manifests)
      return [
        projectOf(first ?? defaultManifestName, workingFolder),
        ...rest.map(name => projectOf(name, workingFolder)),
      ]
    }
    case 'all': {
      const names = (await readdir(workingFolder)).filter(
        name => name === defaultManifestName || name.endsWith(`.${defaultManifestName}`),
      )
      const [first, ...rest] = sortedByBytes(names)
      if (first === undefined)
        throw new Fault('MANIFEST_MISSING', {
          message: `${workingFolder} holds neither aptroot.yaml nor any *.aptroot.yaml`,
          hint: 'Run `aptroot init --suite bookworm NAME…` to write one.',
          context: { folder: workingFolder },
        })
      return [projectOf(first, workingFolder), ...rest.map(name => projectOf(name, workingFolder))]
    }
    default:
      return choice satisfies never
  }
}

/** `web.aptroot.yaml` has its lock in `web.aptroot.lock`. */
export function projectOf(manifestName: string, workingFolder: string): Project {
  const match = /^(.*[^/])\.ya?ml$/s.exec(manifestName)
  if (match?.[1] === undefined)
    throw new Fault('USAGE_INVALID', {
      message: `${manifestName} is no manifest: its name does not end in .yaml`,
      hint: `Name the manifest, such as ${defaultManifestName}; its lockfile is found beside it.`,
      context: { file: basename(manifestName) },
    })
  const lockName = `${match[1]}.lock`
  const manifestPath = resolve(workingFolder, manifestName)
  return {
    manifestName,
    lockName,
    manifestPath,
    lockPath: resolve(workingFolder, lockName),
    folder: join(manifestPath, '..'),
  }
}
