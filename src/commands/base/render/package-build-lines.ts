import type { InputChange, InputSummary } from '../../../package-build/index.ts'
import type { BuiltPackage, PackageBuildResult } from '../../../workflows/build-package.ts'
import type { PublishedDebs } from '../../../workflows/publish-debs.ts'
import { count, type Line, span } from '../text.ts'

/** Beyond them `--explain` goes. */
const changesTold = 5

/** What a build did, or would do. */
export function packageBuildLines(
  built: BuiltPackage,
  published: PublishedDebs | undefined,
  detail: 'short' | 'whole',
): readonly Line[] {
  return [
    ...built.builds.flatMap(each => linesOf(built, each, detail)),
    ...(published === undefined
      ? []
      : [
          [
            span('strong', `${published.repository} ${published.suite}`),
            `: ${count(published.debs, 'deb')}, signed by ${published.fingerprint}`,
          ] as const,
        ]),
  ]
}

function linesOf(built: BuiltPackage, build: PackageBuildResult, detail: 'short' | 'whole'): readonly Line[] {
  const { architecture, version, outputs, from, key, changes } = build
  const name = span('strong', `${built.package} ${version ?? built.version} ${architecture}`)
  const isPlan = !build.built && (from === 'build' || outputs.length === 0)
  const how = build.built
    ? 'built'
    : from === 'build'
      ? 'would be built'
      : `as built before, from ${from === 'store' ? 'the store' : from}`
  return [
    [name, `: ${how}`],
    `  key sha256:${key}`,
    ...(isPlan || detail === 'whole' ? build.inputs.map(summaryLine) : []),
    ...(build.built || isPlan || detail === 'whole' ? changeLines(changes, detail) : []),
    ...outputs.map(({ name: output, sha256 }) => `  ${built.outputFolder}/${output} sha256:${sha256}`),
  ]
}

function summaryLine({ kind, count: amount, sha256 }: InputSummary): Line {
  return [span('faint', `  ${kind.padEnd(12)} ${String(amount).padStart(5)}  sha256:${sha256.slice(0, 16)}…`)]
}

function changeLines(changes: readonly InputChange[] | undefined, detail: 'short' | 'whole'): readonly Line[] {
  if (changes === undefined) return ['  no earlier build is known here']
  if (changes.length === 0) return ['  nothing changed since the last build']
  const told = detail === 'whole' ? changes : changes.slice(0, changesTold)
  const more = changes.length - told.length
  return [
    ...told.map((each): Line => ['  ', span('changed', changeText(each))]),
    ...(more > 0 ? [`  and ${more} more; --explain names all`] : []),
  ]
}

function changeText({ kind, name, change, before, after }: InputChange): string {
  // Paths are byte strings.
  const shown = Buffer.from(name, 'latin1').toString('utf8')
  if (kind !== 'deb' || change !== 'changed') return `${kind} ${shown} ${change}`
  const versionOf = (value: string | undefined) => (value ?? '').split(' ', 1)[0] ?? ''
  const [old, present] = [versionOf(before), versionOf(after)]
  return `deb ${shown} ${old === present ? 'has other bytes' : `${old} → ${present}`}`
}
