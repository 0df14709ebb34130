import type { ProviderSettings } from '../fetch/index.ts'
import type { ArchiveDefinition, Manifest } from '../manifest/index.ts'
import { mirrorsFor } from './mirrors.ts'
import type { Project } from './project.ts'
import type { Site } from './site.ts'

type ArchivesOfManifest = Pick<Manifest, 'distribution'> & { readonly archives: readonly ArchiveDefinition[] }

/** Where debs of the manifest's archives are looked for at this site. */
export function providerSettingsOf(
  manifest: ArchivesOfManifest,
  { project, site }: { readonly project: Pick<Project, 'folder'>; readonly site: Site },
): ProviderSettings {
  return {
    archives: new Map(
      archivesAt(site, manifest.archives).map(archive => [
        archive.id,
        { uris: mirrorsOf(archive, manifest, site), poolUris: archive.uris, snapshot: archive.snapshot },
      ]),
    ),
    vendorFolders: site.vendorFolders,
    projectFolder: project.folder,
    launchpadUri: site.launchpad.kind === 'none' ? undefined : site.launchpad.uri,
    fallbackUris: site.fallbackUris,
  }
}

/** The archives as this site knows them: their snapshots may lie elsewhere or be off limits. */
export function archivesAt(site: Site, archives: readonly ArchiveDefinition[]): readonly ArchiveDefinition[] {
  return archives.map(archive => {
    const chosen = site.snapshots.get(archive.id)
    if (chosen === undefined) return archive
    return { ...archive, snapshot: chosen.kind === 'none' ? undefined : chosen.uri }
  })
}

/** The mirrors that are asked for an archive of the manifest. */
export function mirrorsOf(
  archive: ArchiveDefinition,
  manifest: Pick<Manifest, 'distribution'>,
  site: Site,
): readonly [string, ...string[]] {
  return mirrorsFor(archive, { mirrors: site.mirrors, distribution: manifest.distribution, host: site.host })
}
