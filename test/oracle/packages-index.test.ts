import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { indexPackages, openUniverse } from '../../src/archive/index.ts'
import { indexFromSignedRelease } from '../../src/archive/verified-index.ts'
import type { BinaryPackage, OrGroup, Relation, VersionOperator } from '../../src/debian/index.ts'
import { originOf } from '../support/packages-file.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'

const python = '/usr/bin/python3'

const readWithApt = `
import json, sys, apt_pkg
apt_pkg.init_config()
relations = ("Pre-Depends", "Depends", "Recommends", "Conflicts", "Breaks", "Replaces", "Provides")
with apt_pkg.TagFile(sys.argv[1]) as stanzas:
    for stanza in stanzas:
        parsed = [apt_pkg.parse_depends(stanza.get(field, ""), False) for field in relations]
        plain = [stanza.get(field, "") for field in ("Package", "Version", "Architecture", "SHA256", "Size", "Filename",
                 "Essential", "Priority", "Section", "Multi-Arch", "Installed-Size")]
        print(json.dumps([plain, parsed]))
`

type AptRelation = readonly [name: string, version: string, operator: string]

const aptOperators: Readonly<Record<VersionOperator, string>> = {
  '<<': '<',
  '<=': '<=',
  '=': '=',
  '>=': '>=',
  '>>': '>',
}

function asApt({ packageName, architectureQualifier, constraint }: Relation): AptRelation {
  const name = architectureQualifier === undefined ? packageName : `${packageName}:${architectureQualifier}`
  return constraint === undefined ? [name, '', ''] : [name, constraint.version, aptOperators[constraint.operator]]
}

function groupsAsApt(groups: readonly OrGroup[]): readonly (readonly AptRelation[])[] {
  return groups.map(group => group.map(asApt))
}

function describeAsApt(deb: BinaryPackage): unknown {
  const plain = [
    deb.name,
    deb.version,
    deb.architecture,
    deb.sha256,
    String(deb.sizeBytes),
    deb.listings[0].fileName,
    deb.essential ? 'yes' : '',
    deb.priority,
    deb.section,
    deb.multiArch === 'no' ? '' : deb.multiArch,
    deb.installedSizeKibibytes === undefined ? '' : String(deb.installedSizeKibibytes),
  ]
  const provides = deb.provides.map(({ name, version, architectureQualifier }) => ({
    packageName: name,
    architectureQualifier,
    constraint: version === undefined ? undefined : ({ operator: '=', version } as const),
  }))
  const single = [deb.conflicts, deb.breaks, deb.replaces, provides].map(each =>
    each.map(relation => [asApt(relation)]),
  )
  return [plain, [...[deb.preDepends, deb.depends, deb.recommends].map(groupsAsApt), ...single]]
}

describe('the real index of bookworm', () => {
  for (const architecture of ['amd64', 'arm64'])
    it(`says of every package of ${architecture} what apt reads there`, async context => {
      const installed = existsSync(python) && spawnSync(python, ['-c', 'import apt_pkg']).status === 0
      const missing = missingForRealData() ?? (installed ? undefined : 'python3-apt is not installed')
      if (skippedForWantOf(missing ?? (existsSync('/usr/bin/xz') ? undefined : 'xz is not installed')))
        return context.skip()
      const compressed = join(
        process.env.APTROOT_TEST_ARCHIVE ?? '',
        `debian/dists/bookworm/main/binary-${architecture}/Packages.xz`,
      )
      const bytes = execFileSync('/usr/bin/xz', ['-dc', compressed], { maxBuffer: 2 ** 30 })
      const folder = await mkdtemp(join(tmpdir(), 'aptroot-oracle-'))
      try {
        await writeFile(join(folder, 'Packages'), bytes)
        const output = execFileSync(python, ['-c', readWithApt, join(folder, 'Packages')], { maxBuffer: 2 ** 30 })
        const expected = new Map(
          output
            .toString()
            .trim()
            .split('\n')
            .map(line => [JSON.stringify(JSON.parse(line)[0].slice(0, 4)), JSON.parse(line)]),
        )
        const index = indexPackages(indexFromSignedRelease({ origin: originOf({ architecture }), sha256: '', bytes }))
        const universe = openUniverse({ nativeArchitecture: architecture, foreignArchitectures: [], indexes: [index] })
        let compared = 0
        for (const name of universe.names())
          for (const deb of universe.packagesNamed(name)) {
            const key = JSON.stringify([deb.name, deb.version, deb.architecture, deb.sha256])
            assert.deepEqual(describeAsApt(deb), expected.get(key))
            compared++
          }
        assert.equal(compared, expected.size)
        assert.ok(compared > 60_000)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
})
