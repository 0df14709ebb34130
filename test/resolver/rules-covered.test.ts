import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'

/**
 * The rules of a deb resolver by their number, and where a sentence tests each: the file, from test/, and words of the sentence.
 * 1 to 9 versions and syntax, 10 one version twice, 11 to 35 relations, 36 to 44 Multi-Arch, 45 to 50 sets and fields, 51 to 57
 * policy, 58 to 62 oddities of indexes.
 */
const rules: readonly (readonly [rule: number, file: string, ...words: readonly string[]])[] = [
  [1, 'debian/version.test.ts', 'epoch'],
  [2, 'debian/version.test.ts', 'tilde'],
  [3, 'debian/version.test.ts', 'letter'],
  [4, 'debian/version.test.ts', 'does not see how zeros are written', 'revision'],
  [5, 'debian/version.test.ts', 'hyphen', 'colon'],
  [6, 'debian/version.test.ts', '20250419'],
  [7, 'debian/version.test.ts', '+b1'],
  [8, 'debian/relation.test.ts', 'the obsolete < means <=', 'no blanks at all'],
  [9, 'debian/relation.test.ts', 'a folded field with CRLF', 'a comma may end the field'],
  [
    10,
    'archive/packages-universe.test.ts',
    'with the same bytes in two suites are one package',
    'with other bytes under the same version',
  ],
  [11, 'resolver/relations.test.ts', 'takes the first alternative that can be installed'],
  [12, 'resolver/relations.test.ts', 'is fulfilled by an alternative that is needed anyway'],
  [13, 'resolver/relations.test.ts', 'may ask for versions'],
  [14, 'resolver/relations.test.ts', 'that repeats a plain dependency changes nothing'],
  [15, 'resolver/relations.test.ts', 'without a version does not satisfy a relation with one'],
  [16, 'resolver/relations.test.ts', 'is judged by the version it is provided at'],
  [17, 'resolver/relations.test.ts', 'may be provided at several versions by one package'],
  [18, 'resolver/relations.test.ts', 'comes second to a real package of that name'],
  [19, 'resolver/relations.test.ts', 'with equal providers takes the byte-smallest name'],
  [20, 'resolver/relations.test.ts', 'with several providers', 'can be wanted itself'],
  [21, 'resolver/relations.test.ts', 'with a version is not triggered by an unversioned Provides'],
  [22, 'resolver/multi-arch.test.ts', 'a Provides may name an architecture, or any', 'exports its virtual packages'],
  [23, 'resolver/relations.test.ts', 'means "only one provider"'],
  [24, 'resolver/relations.test.ts', 'on its own name is ignored, also for other versions'],
  [25, 'resolver/relations.test.ts', 'keeps two packages apart'],
  [26, 'resolver/relations.test.ts', 'are not what Replaces alone means', 'let a package stand in for another'],
  [27, 'resolver/multi-arch.test.ts', 'Conflicts and Breaks reach the other architecture, unless they name one'],
  [28, 'resolver/versions.test.ts', 'is one that satisfies every relation on it'],
  [29, 'resolver/scenarios-solvers.test.ts', 'Pre-Depends are dependencies'],
  [30, 'resolver/relations.test.ts', 'may form a cycle'],
  [31, 'resolver/sets.test.ts', 'never change a hard choice', 'that cannot be met are reported and not fatal'],
  [32, 'resolver/sets.test.ts', 'Suggests always'],
  [33, 'resolver/versions.test.ts', 'can be asked for by suite', 'may be asked for with a relation'],
  [34, 'archive/packages-index.test.ts', 'restrictions belong to source packages'],
  [35, 'resolver/multi-arch.test.ts', ':native is for build dependencies and never satisfied'],
  [36, 'resolver/multi-arch.test.ts', 'architecture all counts as native'],
  [37, 'resolver/multi-arch.test.ts', 'Multi-Arch: foreign serves any architecture'],
  [38, 'resolver/multi-arch.test.ts', 'is never satisfied, as in dpkg', 'only where :any is written'],
  [39, 'resolver/multi-arch.test.ts', 'Multi-Arch: same is installed for both at one version'],
  [
    40,
    'resolver/multi-arch.test.ts',
    'two architectures of any other package exclude each other',
    'providers of one virtual package',
  ],
  [41, 'resolver/multi-arch.test.ts', 'a package depends on its own architecture'],
  [42, 'resolver/multi-arch.test.ts', 'an architecture that the root does not have is not satisfied'],
  [43, 'resolver/multi-arch.test.ts', 'the native one first'],
  [44, 'resolver/multi-arch.test.ts', 'dpkg is only ever native'],
  [45, 'resolver/sets.test.ts', 'essential'],
  [46, 'resolver/sets.test.ts', 'is judged by the candidate, not by older versions'],
  [47, 'archive/packages-index.test.ts', 'yes is important'],
  [48, 'resolver/sets.test.ts', 'usr-is-merged'],
  [49, '../fixtures/scenarios/what-a-binary-was-built-from-is-not-installed/archive.txt', 'Extra-Source-Only'],
  [50, '../fixtures/scenarios/what-a-binary-was-built-from-is-not-installed/archive.txt', 'Static-Built-Using'],
  [51, 'oracle/pins.test.ts', 'apt-cache policy says of'],
  [52, 'support/pin-combinations.ts', 'a tie goes to the highest version'],
  [53, 'resolver/versions.test.ts', 'is a preference: another version is taken where a relation needs it'],
  [
    54,
    'resolver/scenarios-apt-policy.test.ts',
    'libc6-dev follows the libc6 that is chosen',
    'its dependencies only where they must',
  ],
  [55, 'resolver/uninstallable.test.ts', 'is left for later below 100 %'],
  [56, 'archive/release-check.test.ts', 'or older than its max-age'],
  [57, 'resolver/versions.test.ts', 'is taken from the byte-smallest archive, and reported with both places'],
  [58, 'archive/packages-universe.test.ts', 'all is part of every root, listed in binary-all or in each'],
  [59, 'archive/packages-index.test.ts', 'does without every field that only some archives write'],
  [60, 'archive/packages-universe.test.ts', 'a stanza of another architecture than its index does not exist'],
  [61, 'archive/packages-index.test.ts', 'capitals and underscores in a third-party archive'],
  [62, 'resolver/uninstallable.test.ts', 'needs a metapackage whose own dependency is gone'],
]

describe('the rules of a deb resolver', () => {
  it('are numbered from 1 to 62 without a gap', () => {
    assert.deepEqual(
      rules.map(([rule]) => rule),
      Array.from({ length: 62 }, (_, at) => at + 1),
    )
  })

  for (const [rule, file, ...words] of rules)
    it(`number ${rule} has a sentence in ${file}`, () => {
      const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
      assert.ok(words.length > 0)
      for (const each of words) assert.ok(text.includes(each), `${file} says nothing of ${JSON.stringify(each)}`)
    })
})
