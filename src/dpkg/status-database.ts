import { compareBytes } from '../kernel/index.ts'
import { formatUnpackedStanza } from './database.ts'
import type { InstalledPackage } from './unpack.ts'

/** One package of a status file, as far as the order of configuring asks. */
export interface PackageStatus {
  /** As dpkg's command line takes it: `libc6:amd64`, or `bash`. */
  readonly name: string
  /** The third word of `Status:`. */
  readonly state: string
  readonly triggers: 'none' | 'pending'
}

/** Stanzas of `/var/lib/dpkg/status`, with their final empty line. */
function stanzasOf(status: string): readonly string[] {
  return status.split(/\n\n+/).flatMap(stanza => (stanza.trim() === '' ? [] : [`${stanza.replace(/\n$/, '')}\n\n`]))
}

function fieldOf(stanza: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
}

/** What dpkg wrote, with the stanzas of packages that were unpacked since; sorted as dpkg sorts. */
export function mergeStatus(status: string, added: readonly InstalledPackage[]): string {
  const stanzas = [...stanzasOf(status), ...added.map(formatUnpackedStanza)]
  return stanzas
    .map(stanza => ({ stanza, name: fieldOf(stanza, 'Package'), architecture: fieldOf(stanza, 'Architecture') }))
    .sort((a, b) => compareBytes(a.name, b.name) || compareBytes(a.architecture, b.architecture))
    .map(({ stanza }) => stanza)
    .join('')
}

export function readPackageStates(status: string): readonly PackageStatus[] {
  return stanzasOf(status).map(stanza => {
    const name = fieldOf(stanza, 'Package')
    const qualified = fieldOf(stanza, 'Multi-Arch') === 'same' ? `${name}:${fieldOf(stanza, 'Architecture')}` : name
    const state = fieldOf(stanza, 'Status').split(' ')[2] ?? ''
    return { name: qualified, state, triggers: fieldOf(stanza, 'Triggers-Pending') === '' ? 'none' : 'pending' }
  })
}
