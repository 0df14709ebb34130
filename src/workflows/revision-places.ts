import { resolve } from 'node:path'
import { Fault, type Routes, type Session } from '../kernel/index.ts'
import type { RevisionService, TablePlace } from '../revision/index.ts'
import { readSettingFile } from './secret-file.ts'
import type { TokenPlace } from './setting-values.ts'
import type { World } from './world.ts'

export interface ServiceAddress {
  readonly address: string
  /** What a fault names: `--revision-service`, `--upstream`. */
  readonly flag: string
  readonly token: string | undefined
  /** Proxies and certificates of the site. */
  readonly routes?: Routes | undefined
}

/**
 * A revision service at an address, over HTTP.
 *
 * @throws {Fault} `USAGE_INVALID` when the address is none
 */
export async function revisionService(
  { address, flag, token, routes }: ServiceAddress,
  session: Session,
  world: World,
): Promise<RevisionService> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url === undefined || !isPlain || !['http:', 'https:'].includes(url.protocol))
    throw new Fault('USAGE_INVALID', {
      message: `${flag} is no http or https address without user and query`,
      hint: `For example: ${flag} http://127.0.0.1:8090.`,
    })
  const isHere = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (token !== undefined && url.protocol === 'http:' && !isHere)
    session.journal.emit({
      kind: 'warned',
      stage: 'fetch',
      message: `the token goes to ${url.host} without encryption`,
      hint: 'Put the service behind a proxy that speaks https.',
    })
  return { transport: await world.openTransport(routes), clock: world.clock, url, token }
}

/**
 * The token of a writer.
 *
 * @throws {Fault} `SETTINGS_INVALID` when the file cannot be read
 */
export async function writersToken(
  place: TokenPlace | undefined,
  { environment }: Pick<World, 'environment'>,
): Promise<string | undefined> {
  if (place === undefined) return undefined
  const text = place.kind === 'variable' ? environment[place.name] : await readSettingFile(place.path, 'revision-token')
  const token = text?.trim()
  if (token === undefined || token === '') return undefined
  if (/^[\x21-\x7e]{1,1000}$/.test(token)) return token
  throw new Fault('SETTINGS_INVALID', {
    message: 'the token of the revision service is no single line of visible ASCII',
    hint: 'Give one token, in APTROOT_REVISION_TOKEN, or in the file of the setting `revision-token`.',
  })
}

export async function placeOfTable(database: string, world: World): Promise<TablePlace> {
  const { readTablePlace } = await import('../revision/open-table.ts')
  return readTablePlace(database, path => resolve(world.workingFolder, path))
}
