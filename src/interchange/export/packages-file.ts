import { packagesStanza } from '../../deb/index.ts'
import { type FieldText, formatStanza, readSingleStanza, type Stanza } from '../../debian-control-parser/index.ts'
import { concatBytes, encodeUtf8 } from '../../kernel/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'
import { vendoredPath } from './vendored-path.ts'

/** A deb with its control file, where that is at hand. */
export interface DescribedDeb {
  readonly deb: LockedDeb
  readonly control: Stanza | undefined
}

/**
 * A `Packages` file of locked debs, in the given order, as it lies in a vendor folder. Of a deb whose control file is not at hand it has what
 * the lock knows: name, source, version, architecture, file, size and digest, but no relations.
 */
export function formatPackagesFile(debs: readonly DescribedDeb[]): Uint8Array {
  return concatBytes(
    debs.flatMap(({ deb, control }) => [
      packagesStanza(control ?? lockedControl(deb), { ...deb, fileName: vendoredPath(deb) }),
      encodeUtf8('\n'),
    ]),
  )
}

function lockedControl(deb: LockedDeb): Stanza {
  const source = deb.sourceVersion === deb.version ? deb.sourceName : `${deb.sourceName} (${deb.sourceVersion})`
  const fields: FieldText[] = [
    ['Package', deb.name],
    ...(source === deb.name ? [] : [['Source', source] as const]),
    ['Version', deb.version],
    ['Architecture', deb.architecture],
  ]
  return readSingleStanza(encodeUtf8(formatStanza(fields)))
}
