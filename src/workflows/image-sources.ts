import { createHash } from 'node:crypto'
import type { BuiltInVariable, Manifest } from '../manifest/index.ts'
import type { OverlaySource } from '../rootfs/index.ts'
import { confinePath } from './confine-path.ts'
import type { Project } from './project.ts'

/** Files of the project, before it is known what their templates are filled with. */
export interface ConfinedFile extends Omit<OverlaySource, 'values'> {
  readonly content: 'copied' | 'filled'
}

/** @throws {Fault} `MANIFEST_PATH_OUTSIDE`, `MANIFEST_FILE_MISSING` */
export async function confineFiles(project: Project, { image, fileName }: Manifest): Promise<readonly ConfinedFile[]> {
  return await Promise.all(
    image.files.map(async ({ position, source, ...file }) => ({
      ...file,
      source: await confinePath(project, source),
      place: `${fileName}:${position.line}:${position.column}`,
    })),
  )
}

/** What the templates of one root may say. */
export interface TemplateFacts {
  readonly image: Manifest['image']
  readonly nativeArchitecture: string
  readonly lockText: string
  readonly sourceDateEpochSeconds: number
}

export function fillFiles(files: readonly ConfinedFile[], facts: TemplateFacts): readonly OverlaySource[] {
  const values = templateValues(facts)
  return files.map(({ content, ...file }) => ({ ...file, values: content === 'filled' ? values : undefined }))
}

/** Where the manifest names no host, templates cannot either. */
function templateValues({ image, ...facts }: TemplateFacts): ReadonlyMap<string, string> {
  const builtIn: Readonly<Record<BuiltInVariable, string | undefined>> = {
    architecture: facts.nativeArchitecture,
    hostname: image.customisation.hostname,
    lock: createHash('sha256').update(facts.lockText).digest('hex'),
    'source-date-epoch': String(facts.sourceDateEpochSeconds),
  }
  const known = Object.entries(builtIn).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return new Map([...known, ...image.variables])
}
