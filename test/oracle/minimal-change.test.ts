import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, it } from 'vitest'
import { openUniverse } from '../../src/archive/index.ts'
import type { PreviousDeb } from '../../src/resolver/index.ts'
import { privateApt } from '../bench/private-apt.ts'
import { campaignSeed, campaignSize } from '../support/random-requests.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { frozenFolder, frozenIndexes } from '../support/real-universe.ts'
import { scratchFolder } from '../support/scratch.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { resolution } from '../support/universe.ts'
import { change, moving, previousOf } from '../support/updates.ts'

const run = promisify(execFile)

const sets = [
  ['nginx'],
  ['systemd', 'openssh-server', 'linux-image-amd64'],
  ['build-essential', 'python3-dev', 'postgresql'],
  ['texlive-latex-base', 'libreoffice-writer', 'php', 'samba'],
]
const namesEach = campaignSize({ whole: 25, part: 4 })

/** The stanzas of the main suite, by name and version: what dpkg's status file says of an installed package. */
function statusOf(debs: readonly PreviousDeb[]): string {
  const packed = join(frozenFolder(), 'debian/dists/bookworm/main/binary-amd64/Packages.xz')
  const text = execFileSync('xz', ['-dc', packed], { maxBuffer: 2 ** 28, encoding: 'utf8' })
  const installed = new Set(debs.map(({ name, version }) => `${name} ${version}`))
  return text
    .split('\n\n')
    .filter(stanza => {
      const name = /^Package: (.*)$/m.exec(stanza)?.[1]
      const version = /^Version: (.*)$/m.exec(stanza)?.[1]
      return installed.has(`${name} ${version}`)
    })
    .map(stanza => `${stanza.replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed')}\n`)
    .join('\n')
}

/** `name → version` of everything that apt would install or upgrade, and `name → -` of what it would remove. */
function changesOfApt(output: string): string[] {
  const installed = [...output.matchAll(/^Inst (\S+?)(?::\S+)? (?:\[\S+\] )?\((\S+)/gm)]
  const removed = [...output.matchAll(/^Remv (\S+?)(?::\S+)? /gm)]
  return [
    ...installed.map(([, name, version]) => `${name} → ${version}`),
    ...removed.map(([, name]) => `${name} → -`),
  ].sort()
}

describe.skipIf(skippedForWantOf(missingForRealData()))(
  'a named update of a lock of bookworm without its updates',
  () => {
    it('changes what apt-get changes on such a system, or less', async () => {
      const indexes = await frozenIndexes('amd64')
      const root = { nativeArchitecture: 'amd64', foreignArchitectures: [] }
      const earlier = openUniverse({ ...root, indexes: indexes.slice(0, 1) })
      const now = openUniverse({ ...root, indexes })
      const url = 'http://mirror.example.org'
      const lists = { lists: 'recorded', recommends: 'skip' } as const
      const apt = await privateApt(await scratchFolder(), { folder: frozenFolder(), url }, lists)
      const random = seededRandom(campaignSeed)
      const amounts = {
        updates: 0,
        equal: 0,
        aptMovesMoreAlong: 0,
        otherWayWithFewer: 0,
        forced: 0,
        slowestMilliseconds: 0,
      }
      const unclassified: unknown[] = []
      for (const wanted of sets) {
        const previous = previousOf(await resolution(earlier, wanted))
        await writeFile(join(apt.folder, 'status'), statusOf(previous))
        const pending = previous.filter(({ name, version }) => now.packagesNamed(name)[0]?.version !== version)
        assert.ok(pending.length > 0, `${wanted.join(' ')}: nothing to update`)
        for (let at = 0; at < Math.min(namesEach, pending.length); at++) {
          const moved = random.pick(pending)
          const began = performance.now()
          const found = await change(now, wanted, { previous, moves: [moving(moved, 'candidate')] })
          amounts.slowestMilliseconds = Math.max(amounts.slowestMilliseconds, Math.round(performance.now() - began))
          if (found.kind === 'unsolvable') assert.fail(found.explanation.lines.join('\n'))
          const versions = new Map(found.packages.map(each => [each.package.name, each.package.version]))
          const before = new Map(previous.map(each => [each.name, each.version]))
          const idle = found.forced.filter(each => each.reason === 'nothing needs it any more').map(each => each.name)
          const ours = [...new Set([...versions.keys(), ...before.keys()])]
            .filter(name => versions.get(name) !== before.get(name) && !idle.includes(name))
            .map(name => `${name} → ${versions.get(name) ?? '-'}`)
            .sort()
          const { stdout } = await run('apt-get', ['-s', '-y', 'install', moved.name], {
            env: apt.environment,
            maxBuffer: 2 ** 26,
          })
          const apts = changesOfApt(stdout)
          amounts.updates++
          amounts.forced += found.forced.length
          if (JSON.stringify(ours) === JSON.stringify(apts)) amounts.equal++
          else if (ours.every(each => apts.includes(each))) amounts.aptMovesMoreAlong++
          else if (ours.length < apts.length) amounts.otherWayWithFewer++
          else
            unclassified.push({
              wanted,
              moved: moved.name,
              onlyOurs: ours.filter(each => !apts.includes(each)),
              onlyApts: apts.filter(each => !ours.includes(each)),
            })
        }
      }
      process.stdout.write(`seed ${campaignSeed}: ${JSON.stringify(amounts)}\n`)
      assert.deepEqual(unclassified, [])
    })
  },
)
