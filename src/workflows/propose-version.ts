import { Fault, isFault, type Session } from '../kernel/index.ts'
import { keyOfDeb, type OfferedDeb, sourcesOfDeb } from '../repository/index.ts'
import { getRevision } from './get-revision.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

/**
 * To a refused version the one that a revision service gives to these bytes: other than the next that is free in this repository, it is free in every
 * repository of those who share the service.
 *
 * @returns the fault with the hint of the service; any other as it is
 * @throws {Fault} what the service answers when it gives none
 */
export async function withProposedVersion(
  error: unknown,
  { debs, site }: { readonly debs: readonly OfferedDeb[]; readonly site: Site },
  session: Session,
  world: World,
): Promise<unknown> {
  const { revisions, proxyOf, tlsOf } = site
  if (revisions?.service === undefined || !isFault(error, 'REPOSITORY_REBINDING')) return error
  const { name, version, architecture } = error.context
  const offered = debs.find(
    ({ deb }) => deb.name === name && deb.version === version && deb.architecture === architecture,
  )
  if (offered === undefined) return error
  const { debianVersion } = await getRevision(
    {
      package: sourcesOfDeb(offered.deb).own.split('_', 1)[0] ?? offered.deb.name,
      // Of a service that extends another: 1.0-1+r4.2.
      version: offered.deb.version.replace(/\+r\d+(\.\d+)*$/, ''),
      architecture: offered.deb.architecture,
      checksum: offered.deb.sha256,
      template: undefined,
      ...revisions,
      routes: { proxyOf, tlsOf },
    },
    session,
    world,
  )
  return new Fault('REPOSITORY_REBINDING', {
    message: error.message,
    hint: `Machines may have the other one: build it with version ${debianVersion}, which ${revisions.service} gives to these bytes alone.`,
    context: { ...error.context, deb: keyOfDeb(offered.deb), proposedVersion: debianVersion },
    cause: error,
  })
}
