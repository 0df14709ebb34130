import { createHash } from 'node:crypto'
import type { Wave } from '../dpkg/index.ts'
import type { ImageSection } from '../manifest/index.ts'
import type { ObjectName } from '../store/index.ts'
import type { RootCustomisation } from './customise-root.ts'
import type { DebIdentity } from './unpack-deb.ts'

/**
 * Part of the keys below: raise it with every change of what `configureRoot` does with the same input, or of the JSON of
 * `encodeRoot`. It is the version of the engine.
 */
export const configuredVersion = 8

/** All that decides what configuring gives. */
export interface ConfigureInputs {
  readonly debs: readonly DebIdentity[]
  readonly nativeArchitecture: string
  readonly foreignArchitectures: readonly string[]
  readonly image: Pick<ImageSection, 'excludePaths' | 'mergedUsr'>
  readonly sourceDateEpochSeconds: number
  /** `name:architecture` of the packages that are only dependencies, in byte order: apt may remove them when nothing needs them. */
  readonly automatic: readonly string[]
  readonly customisation: RootCustomisation
}

/** The store's name of a configured root. What isolated the scripts is no part of it: the bytes are the same. */
export function configuredObject(inputs: ConfigureInputs): ObjectName {
  const { debs, automatic, customisation } = inputs
  const key = keyOf({ ...sharedInputs(inputs), debs: debs.map(deb => deb.sha256).sort(), automatic, customisation })
  return { kind: 'configured', key }
}

/** The store's name of what `buildTrace` finds out about the same. */
export function traceRecord(inputs: ConfigureInputs): ObjectName {
  return { kind: 'script-trace', key: configuredObject(inputs).key }
}

/**
 * The store's names of a root after each of its waves: a function of all that went in until then. Packages of later waves, the marks
 * of finished systems and customising have no part in it.
 *
 * @param sha256Of a deb by its unpacked value
 */
export function checkpointObjects(
  inputs: ConfigureInputs,
  waves: readonly Wave[],
  sha256Of: (deb: Wave['packages'][number]['deb']) => string,
): readonly ObjectName[] {
  const { ids, debconf } = inputs.customisation
  let key = keyOf({ ...sharedInputs(inputs), ids, debconf })
  return waves.map(({ packages }) => {
    key = keyOf([key, packages.map(facts => sha256Of(facts.deb))])
    return { kind: 'checkpoint', key }
  })
}

function sharedInputs({ image, ...plain }: ConfigureInputs) {
  return {
    version: configuredVersion,
    nativeArchitecture: plain.nativeArchitecture,
    foreignArchitectures: plain.foreignArchitectures,
    excludePaths: image.excludePaths,
    mergedUsr: image.mergedUsr ?? true,
    sourceDateEpochSeconds: plain.sourceDateEpochSeconds,
  }
}

function keyOf(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
}
