import { Fault } from '../../kernel/index.ts'
import type { ArchiveDefinition, SourcePosition } from '../model.ts'
import type { DistributionPreset, PresetArchive } from '../preset.ts'
import { debianPresets } from './debian.ts'
import { ubuntuPresets } from './ubuntu.ts'

/** Every release that aptroot knows by name, Debian's first, oldest first. */
export const distributionPresets: readonly DistributionPreset[] = [...debianPresets, ...ubuntuPresets]

/**
 * The release that `distribution:` or `init --suite` names: `debian/bookworm`, or its codename alone.
 *
 * @throws {Fault} `DISTRIBUTION_UNKNOWN`
 */
export function presetOf(name: string): DistributionPreset {
  const found = distributionPresets.find(preset => preset.name === name || codenameOf(preset) === name)
  if (found !== undefined) return found
  const known = distributionPresets.map(preset => preset.name)
  throw new Fault('DISTRIBUTION_UNKNOWN', {
    message: `${JSON.stringify(name.slice(0, 80))} is no release that aptroot knows`,
    hint: `Known are ${known.join(', ')}; any other archive can be spelled out under \`archives:\`.`,
    context: { distribution: name.slice(0, 80), known },
  })
}

/**
 * The archives of a release as a manifest would spell them out, without servers that carry none of `architectures`
 * (Ubuntu keeps amd64 and arm64 on different servers).
 */
export function archivesOfPreset(
  preset: DistributionPreset,
  architectures: readonly string[],
  position: SourcePosition,
): readonly ArchiveDefinition[] {
  return preset.archives
    .filter(each => each.architectures?.some(name => architectures.includes(name)) ?? true)
    .map(each => archiveDefinition(each, position))
}

function archiveDefinition(archive: PresetArchive, position: SourcePosition): ArchiveDefinition {
  return {
    id: archive.id,
    uris: [archive.uri],
    suites: archive.suites,
    components: archive.components,
    architectures: archive.architectures,
    trust: { kind: 'signed-by', signedBy: { kind: 'named', name: archive.keyring } },
    snapshot: archive.snapshot,
    maxAgeSeconds: undefined,
    security: archive.security,
    position,
  }
}

function codenameOf(preset: DistributionPreset): string {
  return preset.name.slice(preset.name.indexOf('/') + 1)
}
