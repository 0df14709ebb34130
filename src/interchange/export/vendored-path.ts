import { archiveOf, debFileName } from '../../fetch/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'

/** Where a deb lies in a vendor folder: `debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb`. */
export function vendoredPath(deb: LockedDeb): string {
  return [archiveOf(deb), deb.directory, debFileName(deb)].filter(part => part !== '').join('/')
}
