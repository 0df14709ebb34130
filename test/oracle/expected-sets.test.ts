import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { PackageUniverse } from '../../src/debian/index.ts'
import { verifyResolution } from '../../src/resolver/index.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { expectedSet, frozenUniverse } from '../support/real-universe.ts'
import { request, resolution } from '../support/universe.ts'

const skipped = skippedForWantOf(missingForRealData())

const sets = (architecture: string): Readonly<Record<string, readonly string[]>> => ({
  bash: ['bash'],
  nginx: ['nginx'],
  server: ['systemd', 'openssh-server', `linux-image-${architecture}`],
  gnome: ['gnome'],
  'kde-full': ['kde-full'],
  'texlive-full': ['texlive-full'],
  dev: ['build-essential', 'python3-dev', 'postgresql'],
})

/**
 * Where apt 3 differs from apt 2.6 on amd64 (it is the reference there), the same packages may differ on arm64, for
 * which only apt 2.6's answers are recorded.
 */
function excused(set: string): ReadonlySet<string> {
  const nameOf = (line: string) => line.slice(0, line.indexOf(':'))
  const older = expectedSet('apt-2.6-amd64', set).map(nameOf)
  const newer = expectedSet('apt-3-amd64', set).map(nameOf)
  return new Set([...older.filter(name => !newer.includes(name)), ...newer.filter(name => !older.includes(name))])
}

async function compare(universe: PackageUniverse, oracle: string, set: string, wanted: readonly string[]) {
  const rows: string[] = []
  for (const kind of ['skip', 'follow'] as const) {
    const file = `${set}.rec-${kind === 'follow' ? 'yes' : 'no'}`
    const start = performance.now()
    const found = await resolution(universe, wanted, { recommends: { kind } })
    const elapsed = performance.now() - start
    assert.ok(found.kind === 'solved')
    const chosen = found.packages.map(({ package: deb }) => `${deb.name}:${deb.architecture}=${deb.version}`)
    const expected = expectedSet(oracle, file)
    const allowed = oracle === 'apt-3-amd64' ? new Set<string>() : excused(file)
    const surprising = (line: string) => !allowed.has(line.slice(0, line.indexOf(':')))
    assert.deepEqual(
      {
        added: chosen.filter(line => !expected.includes(line) && surprising(line)),
        missing: expected.filter(line => !chosen.includes(line) && surprising(line)),
      },
      { added: [], missing: [] },
    )
    const beforeCheck = process.cpuUsage()
    assert.deepEqual(verifyResolution(request(universe, wanted), found.packages), [])
    const check = process.cpuUsage(beforeCheck).user / 1000
    assert.ok(
      check < Math.max(50, chosen.length / 6),
      `the check of ${chosen.length} packages took ${check.toFixed(0)} ms`,
    )
    rows.push(
      `${oracle.padEnd(14)} ${file.padEnd(22)} ${String(chosen.length).padStart(5)} packages ${elapsed.toFixed(0).padStart(5)} ms, checked in ${check.toFixed(0).padStart(3)} ms`,
    )
  }
  process.stdout.write(`${rows.join('\n')}\n`)
}

describe.skipIf(skipped)('what apt chooses from bookworm', () => {
  for (const [architecture, oracle] of [
    ['amd64', 'apt-3-amd64'],
    ['arm64', 'apt-2.6-arm64'],
  ] as const) {
    let universe: Promise<PackageUniverse> | undefined
    for (const [set, wanted] of Object.entries(sets(architecture))) {
      it(`is what is chosen for ${set} on ${architecture}, with and without Recommends`, async () => {
        universe ??= frozenUniverse(architecture)
        await compare(await universe, oracle, set, wanted)
      })
    }
  }
})
