import {
  isPackageName,
  type OrGroup,
  type ProvidedName,
  parseOrGroups,
  parseProvides,
  parseRelations,
  type Relation,
} from '../debian/index.ts'
import { ControlSyntaxError, readSingleStanza, type Stanza } from '../debian-control-parser/index.ts'
import { Fault, quoted } from '../kernel/index.ts'
import type { ControlFile, UnpackedDeb } from './model.ts'

/** What the rules ask of a deb, read once. */
export interface PackageFacts {
  readonly deb: UnpackedDeb
  readonly control: Stanza
  /** In lower case, as dpkg keeps all names. */
  readonly name: string
  /** `libc6:amd64` where instances of several architectures can be there (Multi-Arch: same), else the name: dpkg's own name. */
  readonly instanceName: string
  readonly preDepends: readonly OrGroup[]
  readonly depends: readonly OrGroup[]
  readonly provides: readonly ProvidedName[]
  readonly replaces: readonly Relation[]
  readonly controlFiles: ReadonlyMap<string, ControlFile>
}

/** @throws {Fault} `DEB_MALFORMED`, `RELATION_MALFORMED` */
export function readPackageFacts(deb: UnpackedDeb): PackageFacts {
  // Both become part of file names below /var/lib/dpkg/info.
  if (!isPackageName(deb.name)) throw debMalformed(deb, 'its name is not one that dpkg accepts')
  if (!/^[a-z0-9][a-z0-9-]*$/.test(deb.architecture))
    throw debMalformed(deb, `its architecture ${quoted(deb.architecture)} is not one that dpkg accepts`)
  const control = readControl(deb)
  const name = deb.name.toLowerCase()
  const lowerCase = (field: string) => lowerCaseNames(control.field(field) ?? '')
  return {
    deb,
    control,
    name,
    instanceName: deb.multiArch === 'same' ? `${name}:${deb.architecture}` : name,
    preDepends: parseOrGroups(lowerCase('Pre-Depends')),
    depends: parseOrGroups(lowerCase('Depends')),
    provides: parseProvides(lowerCase('Provides')),
    replaces: parseRelations(lowerCase('Replaces')),
    controlFiles: new Map(deb.controlFiles.map(each => [each.name, each])),
  }
}

/** A relation field with the names of packages in lower case; versions stay as they are. */
export function lowerCaseNames(field: string): string {
  return field.replace(/(^|[,|])[^(,|]*/g, each => each.toLowerCase())
}

function readControl(deb: UnpackedDeb): Stanza {
  try {
    return readSingleStanza(deb.control)
  } catch (error) {
    if (error instanceof ControlSyntaxError) throw debMalformed(deb, `its control file: ${error.message}`)
    throw error
  }
}

export function debMalformed(deb: UnpackedDeb, problem: string): Fault {
  return new Fault('DEB_MALFORMED', {
    message: `${nameOf(deb)} cannot be unpacked: ${problem}`,
    hint: 'dpkg refuses this deb too; report it to whoever built it, or lock another version.',
    context: { name: deb.name, version: deb.version, architecture: deb.architecture },
  })
}

/** `bash 5.2.15-2 (amd64)`, fit to print. */
export function nameOf(deb: UnpackedDeb): string {
  const name = isPackageName(deb.name) ? deb.name : quoted(deb.name)
  return `${name} ${deb.version} (${deb.architecture})`
}
