import { Flags } from '@oclif/core'
import { isPackageName, versionProblem } from '../../debian/index.ts'
import { Fault } from '../../kernel/index.ts'
import type { PreciseVersion, UpdateMode } from '../../workflows/update-mode.ts'

export const updateModeFlags = {
  source: Flags.string({
    summary: 'move the debs of this source package; may be given several times',
    helpValue: 'NAME',
    helpGroup: 'WHAT MAY MOVE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  precise: Flags.string({
    summary: 'move this package to this version; may be given several times',
    helpValue: 'NAME=VERSION',
    helpGroup: 'WHAT MAY MOVE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'security-only': Flags.boolean({
    summary: 'move only what an archive with `security: true` has a newer version of',
    helpGroup: 'WHAT MAY MOVE',
    exclusive: ['keep', 'source', 'precise', 'policy'],
  }),
  keep: Flags.boolean({
    summary: 'move nothing but what a changed manifest or a vanished version forces',
    helpGroup: 'WHAT MAY MOVE',
    exclusive: ['security-only', 'source', 'precise', 'policy'],
  }),
  policy: Flags.boolean({
    summary: 'move only what the policy of the manifest lets move, as `lock outdated` tells it',
    helpGroup: 'WHAT MAY MOVE',
    exclusive: ['keep', 'security-only', 'source', 'precise'],
  }),
}

export interface UpdateModeChoice {
  readonly source?: string[] | undefined
  readonly precise?: string[] | undefined
  readonly 'security-only': boolean
  readonly keep: boolean
  readonly policy: boolean
}

/**
 * @returns `policy` where the manifest decides
 * @throws {Fault} `USAGE_INVALID`
 */
export function updateModeOf(flags: UpdateModeChoice, names: readonly string[]): UpdateMode | 'policy' {
  const whole = wholeModeOf(flags)
  const sources = flags.source ?? []
  const precise = (flags.precise ?? []).map(preciseVersionOf)
  for (const name of [...names, ...precise.map(each => each.name)]) requireName(name)
  if (whole !== undefined) {
    if (names.length === 0) return whole === 'policy' ? whole : { kind: whole }
    throw new Fault('USAGE_INVALID', {
      message: `--${whole} says what may move by itself: it takes no package names, and ${names[0]} is one`,
      hint: `Leave out either --${whole} or the names.`,
    })
  }
  if (names.length + sources.length + precise.length === 0) return { kind: 'afresh' }
  return { kind: 'named', names, sources, precise }
}

function wholeModeOf(flags: UpdateModeChoice): 'keep' | 'security-only' | 'policy' | undefined {
  if (flags.keep) return 'keep'
  if (flags['security-only']) return 'security-only'
  return flags.policy ? 'policy' : undefined
}

function preciseVersionOf(text: string): PreciseVersion {
  const [, name, version] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === undefined || version === undefined)
    throw new Fault('USAGE_INVALID', {
      message: `--precise takes NAME=VERSION, not ${text}`,
      hint: 'For example: --precise nginx=1.22.1-9+deb12u1',
    })
  const problem = versionProblem(version)
  if (problem === undefined) return { name, version }
  throw new Fault('USAGE_INVALID', {
    message: `--precise ${text}: ${version} is not a version: ${problem}`,
    hint: 'Versions are written as `lock show` prints them.',
  })
}

function requireName(text: string): void {
  const [name = '', architecture, ...rest] = text.split(':')
  if (isPackageName(name) && architecture !== '' && rest.length === 0) return
  throw new Fault('USAGE_INVALID', {
    message: `${text} is not the name of a package`,
    hint: text.includes('=')
      ? 'A version is asked for with --precise NAME=VERSION.'
      : 'Names are binary packages as `lock show` prints them, such as nginx or libc6:i386.',
  })
}
