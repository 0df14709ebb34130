import type { Session } from '../kernel/index.ts'
import type { ArchiveDefinition, Manifest, SignedBy } from '../manifest/index.ts'
import type { ImageCustomisation, ImageSource, ProjectScript } from '../rootfs/index.ts'
import { readManifestFile } from './confine-path.ts'
import type { Project } from './project.ts'

/**
 * What the manifest wants of the finished system, with its scripts and keys read from the project.
 *
 * @throws {Fault} `MANIFEST_PATH_OUTSIDE`, `MANIFEST_FILE_MISSING`
 */
export async function customiseImage(
  project: Project,
  manifest: Manifest,
  session: Session,
): Promise<ImageCustomisation> {
  const { imageCustomisationOf } = await import('../rootfs/image-customisation.ts')
  const { customisation } = manifest.image
  const scripts = await Promise.all(
    customisation.run.map(async (name): Promise<ProjectScript> => {
      const bytes = await readManifestFile(project, name)
      return { name, base64: Buffer.from(bytes).toString('base64') }
    }),
  )
  const sources: ImageSource[] = []
  for (const archive of archivesOfImage(manifest)) {
    // What lies in this machine's file system is nothing for another.
    const uris = archive.uris.filter(uri => !uri.startsWith('file:'))
    if (uris.length > 0) sources.push(await sourceOf(project, { ...archive, uris }))
    else
      session.journal.emit({
        kind: 'warned',
        stage: 'assemble',
        message: `the archive ${archive.id} has no address that the finished system could use: it is left out of its apt sources`,
      })
  }
  return imageCustomisationOf(customisation, { scripts, sources })
}

function archivesOfImage({ archives, image }: Manifest): readonly ArchiveDefinition[] {
  const { aptSources } = image.customisation
  switch (aptSources.kind) {
    case 'none':
      return []
    case 'manifest':
      return archives
    case 'entries':
      return aptSources.archives
    default:
      return aptSources satisfies never
  }
}

type ReachableArchive = Omit<ArchiveDefinition, 'uris'> & { readonly uris: readonly string[] }

async function sourceOf(project: Project, archive: ReachableArchive): Promise<ImageSource> {
  const { id, uris, suites, components, architectures, trust } = archive
  const keys = trust.kind === 'signed-by' ? await keysOf(project, trust.signedBy) : undefined
  return { id, uris, suites, components, architectures, keys }
}

async function keysOf(project: Project, signedBy: SignedBy): Promise<Uint8Array | undefined> {
  switch (signedBy.kind) {
    case 'path':
      return await readManifestFile(project, signedBy.path)
    case 'inline':
      return Buffer.from(signedBy.armor)
    case 'named': {
      const { keyringArmorOf } = await import('../manifest/index.ts')
      return Buffer.from(keyringArmorOf(signedBy.name) ?? '')
    }
    default:
      return signedBy satisfies never
  }
}
