import type { PackageUniverse } from '../../src/debian/index.ts'
import { describePackage } from '../../src/debian/index.ts'
import type { Resolution } from '../../src/resolver/index.ts'
import { frozenUniverse } from './real-universe.ts'
import { type RequestDetails, request } from './universe.ts'

interface RecordedCase {
  readonly wanted: readonly string[]
  readonly foreign?: readonly string[]
  readonly details?: RequestDetails
}

/** What the fixtures in `fixtures/recorded-problems/` ask of the recorded bookworm indexes. */
export const recordedCases: Readonly<Record<string, RecordedCase>> = {
  nginx: { wanted: ['nginx'], details: { recommends: { kind: 'follow' } } },
  'nginx-of-main': { wanted: ['nginx=1.22.1-9+deb12u9'] },
  'console-setup-freebsd': { wanted: ['console-setup-freebsd', 'nginx'] },
  'libssl3-of-two-architectures': { wanted: ['libssl3:arm64', 'nginx'], foreign: ['arm64'] },
}

export async function liveRequest({ wanted, foreign = [], details = {} }: RecordedCase) {
  const universe: PackageUniverse = await frozenUniverse('amd64', foreign)
  return request(universe, wanted, details)
}

/** The answer as `NAME.expected.txt` has it. */
export function answerText(found: Resolution): string {
  const lines =
    found.kind === 'solved'
      ? [
          ...found.packages.map(
            each =>
              `${describePackage(each.package)}${each.root === undefined ? '' : ` ${each.root}`} needs ${each.needs.map(need => need.name).join(' ')}`,
          ),
          ...found.notes.map(note => `note: ${note.message}`),
        ]
      : [...found.explanation.lines, `hint: ${found.explanation.hint}`]
  return `${lines.join('\n')}\n`
}
