import { Fault, type Routes, type Session } from '../kernel/index.ts'
import {
  askRevision,
  defaultVersionTemplate,
  type RevisionAnswer,
  type RevisionKey,
  readRevisionKey,
  readVersionTemplate,
  versionOf,
} from '../revision/index.ts'
import { revisionService, writersToken } from './revision-places.ts'
import type { TokenPlace } from './setting-values.ts'
import type { World } from './world.ts'

export interface GetRevisionRequest extends Omit<RevisionKey, 'architecture'> {
  /** Undefined: this host's. */
  readonly architecture: string | undefined
  /** Undefined: `{version}+r{revision}`. */
  readonly template: string | undefined
  /** Its address; undefined: a service of this machine. */
  readonly service: string | undefined
  /** Of a writer. */
  readonly token: TokenPlace | undefined
  /** Proxies and certificates of the site. */
  readonly routes?: Routes | undefined
}

export interface FoundRevision extends RevisionKey, RevisionAnswer {
  /** Of the revision, by the template. */
  readonly debianVersion: string
}

const serviceOfThisMachine = 'http://127.0.0.1:8090'

/**
 * The revision of a build, and the Debian version that it makes.
 *
 * @throws {Fault} `REVISION_TEMPLATE_INVALID` before anything is asked, and what `askRevision` throws
 */
export async function getRevision(request: GetRevisionRequest, session: Session, world: World): Promise<FoundRevision> {
  const architecture = request.architecture ?? world.hostArchitecture
  if (architecture === undefined)
    throw new Fault('USAGE_INVALID', {
      message: 'the architecture of this host has no name in Debian',
      hint: 'Name what is built for: `--architecture amd64`.',
    })
  const { package: name, version, checksum } = request
  const key = readRevisionKey({ package: name, version, architecture, checksum })
  const template = readVersionTemplate(request.template ?? defaultVersionTemplate)
  const token = await writersToken(request.token, world)
  const address = request.service ?? serviceOfThisMachine
  const place = { address, flag: '--revision-service', token, routes: request.routes }
  const service = await revisionService(place, session, world)
  const answer = await askRevision(service, key, session.signal)
  return { ...key, ...answer, debianVersion: versionOf(template, version, answer.revision) }
}
