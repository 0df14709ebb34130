import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { compareVersions, versionProblem } from '../../src/debian/index.ts'
import { compareRevisions, isRevision, readVersionTemplate, versionOf } from '../../src/revision/index.ts'
import { assertFault } from '../support/assert-fault.ts'

describe('a version template', () => {
  const rows = [
    ['{version}+r{revision}', '1.2-3', '4', '1.2-3+r4'],
    ['{recipe}.{revision}', '2.10', '4.1', '2.10.4.1'],
    ['{version}~bpo12+{revision}', '1:0.9', '12', '1:0.9~bpo12+12'],
    ['2026.{revision}', '1.0', '7', '2026.7'],
    ['{version}-{revision}company', '1.0', '3', '1.0-3company'],
  ] as const
  for (const [template, version, revision, whole] of rows)
    it(`${template} makes ${whole} of ${version} and revision ${revision}`, () =>
      assert.equal(versionOf(readVersionTemplate(template), version, revision), whole))

  const refused = [
    ['{version}+r{number}', /"\{number\}", which does not exist/],
    ['{version}', /nowhere/],
    ['', /nowhere/],
    ['{revision}.{revision}', /2 times/],
    ['{version}{revision}', /joins \{version\} and \{revision\}/],
    ['{revision}{version}', /joins \{revision\} and \{version\}/],
    ['{version}.1{revision}', /a digit right before/],
    ['{revision}.0', /"\." right after/],
    ['{revision}_1', /"_" right after/],
    ['{version} {revision}', /makes no Debian version/],
    ['{version}/../{revision}', /makes no Debian version/],
    ['{version', /without its counterpart/],
    ['{{version}}+{revision}', /counterpart/],
    [`${'x'.repeat(201)}{revision}`, /more than 200/],
  ] as const
  for (const [template, why] of refused)
    it(`${JSON.stringify(template.slice(0, 30))} is refused: ${why.source}`, () =>
      assertFault(() => readVersionTemplate(template), 'REVISION_TEMPLATE_INVALID', why))

  it('that makes no version with this version or revision is refused then', async () => {
    const template = readVersionTemplate('{version}+r{revision}')
    await assertFault(() => versionOf(template, 'a b', '4'), 'REVISION_TEMPLATE_INVALID', /no version/)
    await assertFault(() => versionOf(template, '1.0', '4; rm'), 'REVISION_TEMPLATE_INVALID', /which is none/)
  })

  it('that is accepted makes a later version of every later revision', () => {
    const piece = fc.constantFrom(
      '{version}',
      '{recipe}',
      '{revision}',
      '+',
      '~',
      '.',
      '-',
      ':',
      '_',
      'r',
      'z',
      '0',
      '7',
    )
    const numbers = fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }).map(each => each.join('.'))
    let accepted = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), numbers, numbers, (pieces, left, right) => {
        fc.pre(isRevision(left) && isRevision(right) && pieces.includes('{revision}'))
        let versions: readonly [string, string]
        try {
          const template = readVersionTemplate(pieces.join(''))
          versions = [versionOf(template, '1.0-2', left), versionOf(template, '1.0-2', right)]
        } catch {
          return
        }
        accepted += 1
        assert.equal(versionProblem(versions[0]), undefined)
        assert.equal(
          Math.sign(compareVersions(...versions)),
          Math.sign(compareRevisions(left, right)),
          versions.join(' '),
        )
      }),
      { numRuns: 4000 },
    )
    assert.ok(accepted > 100, `only ${accepted} templates were accepted`)
  })
})
