import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import { compileExpression, expressionProblem } from '../../src/debian/index.ts'

const seed = 20261121

const judged = [
  ['nginx', 'nginx', 'yes', 'a name is itself'],
  ['nginx', 'nginx-common', 'no', 'a name is not the beginning of another'],
  ['NGINX', 'nginx', 'yes', 'case does not matter'],
  ['lib*', 'libc6', 'yes', 'a star is any run of characters'],
  ['lib*', 'glib', 'no', 'a pattern means the whole name'],
  ['*-dev', 'libc6-dev', 'yes', 'a star may come first'],
  ['*a*b*', 'xaxxbx', 'yes', 'and more than once'],
  ['libc?', 'libc6', 'yes', 'a question mark is one character'],
  ['libc?', 'libc', 'no', 'and not none'],
  ['libc[56]', 'libc6', 'yes', 'brackets are one of several'],
  ['libc[5-7]', 'libc6', 'yes', 'or of a range'],
  ['libc[!5-7]', 'libc6', 'no', 'or none of them'],
  ['libc[^5]', 'libc6', 'yes', 'which may be written with ^ as well'],
  ['python3.[[:digit:]]*', 'python3.11', 'yes', 'or of a class'],
  ['a[]x]b', 'a]b', 'yes', 'a bracket that closes stands first to be meant'],
  ['a[b', 'a[b', 'yes', 'a bracket that is never closed is itself'],
  ['a\\*b', 'a*b', 'yes', 'a backslash takes the meaning away'],
  ['a\\*b', 'axb', 'no', 'and only the character remains'],
  ['5.32*', '5.32.1-4', 'yes', 'a version by its beginning'],
  ['/^lib/', 'libc6', 'yes', 'slashes make a regular expression'],
  ['/lib/', 'glibc-doc', 'yes', 'which may match anywhere'],
  ['/^LIB.*-dev$/', 'libc6-dev', 'yes', 'without regard to case'],
  ['/^(nginx|apache2)$/', 'apache2', 'yes', 'alternatives'],
  ['/^(nginx|apache2)$/', 'apache2-bin', 'no', 'and an end'],
  ['/^php[0-9]+[.][0-9]+-(cli|fpm)$/', 'php8.2-fpm', 'yes', 'repetitions of sets'],
  ['/^a{2,3}$/', 'aaa', 'yes', 'counted repetitions'],
  ['/^a{2,3}$/', 'aaaa', 'no', 'with an upper bound'],
  ['/^a{2,}$/', 'aaaaa', 'yes', 'or without'],
  ['/^a{2}$/', 'aaa', 'no', 'or exact'],
  ['/^a?b+c*$/', 'bbcc', 'yes', 'once or not, once or more, any times'],
  ['/^[^-]+$/', 'linux-image', 'no', 'a negated set'],
  ['/^x\\.y$/', 'xzy', 'no', 'an escaped dot is a dot'],
  ['/a.c/', 'abc', 'yes', 'a dot is any character'],
  ['/^(a|b|)c$/', 'c', 'yes', 'an empty alternative'],
  ['/a|^b/', 'cb', 'no', 'an anchor belongs to its alternative'],
  ['/^(ab*)+$/', 'abbab', 'yes', 'repetitions of groups'],
] as const

describe('an expression of apt_preferences(5)', () => {
  for (const [expression, text, verdict, why] of judged)
    test(`${expression} and ${text}: ${verdict}, ${why}`, () =>
      assert.equal(compileExpression(expression)(text), verdict === 'yes'))

  for (const [expression, why] of [
    ['/(/', /never closed/],
    ['/)/', /closes nothing/],
    ['/[a/', /never closed/],
    ['/*a/', /repeats nothing/],
    ['/a{/', /begins no repetition/],
    ['/a{3,2}/', /is no repetition/],
    ['/a{1000}/', /begins no repetition|is no repetition/],
    ['/(a)\\1/', /not supported/],
    ['/[[:colour:]]/', /no class/],
    ['/[z-a]/', /backwards/],
    ['/((a{200}){200}){200}/', /too large/],
    ['/((((((){255}){255}){255}){255}){255}){255}/', /too large/],
    [`/${'('.repeat(50)}${')'.repeat(50)}/`, /deeper/],
    [`/${'a'.repeat(600)}/`, /longer/],
  ] as const)
    it(`is refused where it cannot be meant: ${expression.slice(0, 40)}`, () =>
      assert.match(expressionProblem(expression) ?? '', why))

  it('takes no longer for what makes other matchers hang', () => {
    const text = `${'a'.repeat(3000)}!`
    const before = process.cpuUsage()
    for (const expression of ['/^(a+)+$/', '/^(a|a)*$/', '/^(a*)*b$/', '/(.*a){12}b/', '*a*a*a*a*a*a*a*a*b'])
      assert.equal(compileExpression(expression)(text), false, expression)
    // A matcher that goes back and tries again needs years for any of them.
    assert.ok(process.cpuUsage(before).user < 10_000_000)
  })

  it(`agrees with JavaScript's own regular expressions where both read the same (seed ${seed})`, () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(ab)', '(a*b)')
    const piece = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}')).map(parts => parts.join(''))
    const branch = fc.array(piece, { minLength: 1, maxLength: 4 }).map(pieces => pieces.join(''))
    const source = fc
      .tuple(fc.constantFrom('', '^'), branch, fc.constantFrom('', '|b'), fc.constantFrom('', '$'))
      .map(parts => parts.join(''))
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    fc.assert(
      fc.property(source, text, (expression, each) => {
        assert.equal(compileExpression(`/${expression}/`)(each), new RegExp(expression, 'i').test(each))
      }),
      { seed, numRuns: 3000 },
    )
  })
})
