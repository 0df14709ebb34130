import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import { redacted } from '../../src/kernel/index.ts'
import {
  createQueue,
  credentialsFor,
  isPlainRelativePath,
  parseCredentialFile,
  urlBelow,
} from '../../src/transfer/index.ts'
import { assertFault } from '../support/assert-fault.ts'

describe('the URL of a file in an archive', () => {
  const table = [
    ['http://h/debian', 'pool/main/a/a_1_all.deb', 'http://h/debian/pool/main/a/a_1_all.deb', 'the plain case'],
    ['http://h/debian/', 'a.deb', 'http://h/debian/a.deb', 'a slash at the end of the base changes nothing'],
    ['http://h', 'a.deb', 'http://h/a.deb', 'an archive may be a whole host'],
    [
      'http://h/d',
      'a_1+b~c_all.deb',
      'http://h/d/a_1%2Bb~c_all.deb',
      'S3 takes a bare plus for a space; apt encodes it too',
    ],
    ['http://h/d', 'a_1%3a2_all.deb', 'http://h/d/a_1%253a2_all.deb', 'a percent sign in a file name is itself'],
    ['http://h/d', 'http:/x', 'http://h/d/http%3A/x', 'a scheme in a path is a name'],
    ['http://h/d', 'a?b#c', 'http://h/d/a%3Fb%23c', 'no query and no fragment'],
    ['http://h/d', '@evil/x', 'http://h/d/%40evil/x', 'no user'],
    ['file:///srv/d', 'ä/x', 'file:///srv/d/%C3%A4/x', 'bytes of UTF-8'],
    ['http://h/d', '../x', undefined, 'it cannot leave the archive'],
    ['http://h/d', 'a/../../x', undefined, 'it cannot leave the archive'],
    ['http://h/d', '//evil/x', undefined, 'it cannot change the host'],
    ['http://h/d', '/etc/passwd', undefined, 'it is relative'],
    ['http://h/d', 'a//b', undefined, 'an empty segment is no name'],
    ['http://h/d', './a', undefined, 'a dot is no name'],
    ['http://h/d', 'a\\b', undefined, 'URL parsers take a backslash for a slash'],
    ['http://h/d', 'a\nb', undefined, 'no header of ours'],
    ['http://h/d', '\ud800', undefined, 'no UTF-8'],
    ['http://h/d', '', undefined, 'no file'],
  ] as const
  for (const [base, path, url, why] of table)
    test(`${JSON.stringify(path)} below ${base} is ${url}: ${why}`, () => assert.equal(urlBelow(base, path), url))

  it('always stays below the base, whatever the path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), path => {
        const url = urlBelow('http://mirror.example.org/debian', path)
        if (url === undefined) return
        assert.ok(isPlainRelativePath(path))
        assert.equal(new URL(url).href, url)
        assert.ok(url.startsWith('http://mirror.example.org/debian/'))
        assert.equal(decodeURIComponent(new URL(url).pathname), `/debian/${path}`)
      }),
      { seed: 4713, numRuns: 2000 },
    )
  })

  it('needs a base that is one', async () => {
    await assertFault(() => urlBelow('mailto:x@y', 'a'), 'SETTINGS_INVALID')
    await assertFault(() => urlBelow('http://h/?list=1', 'a'), 'SETTINGS_INVALID', /query/)
  })
})

describe('a URL in a message', () => {
  const table = [
    ['http://user:secret@h:81/a', 'http://h:81/a'],
    ['https://h/a?X-Amz-Signature=secret#x', 'https://h/a?…'],
    ['file:///srv/a', 'file:///srv/a'],
    ['secret', '(malformed URL)'],
  ] as const
  for (const [url, shown] of table) test(`${url} is shown as ${shown}`, () => assert.equal(redacted(url), shown))
})

describe('credentials from apt auth.conf and netrc', () => {
  const entries = parseCredentialFile(`# a comment with machine words
machine mirror.example.org/debian-security login sec password s1
machine mirror.example.org login user password p1
machine http://plain.example.org:8080 login plain password p2
machine both.example.org
  login first
  account ignored
  password p3
machine turned.example.org password p4 login turned
default login anonymous password guest
machine broken`)
  const table = [
    ['https://mirror.example.org/debian-security/x', 'sec', 'the first entry whose path is a prefix'],
    ['https://mirror.example.org/debian/x', 'user', 'an entry without a path'],
    ['http://mirror.example.org/debian/x', undefined, 'no protocol named means https only'],
    ['http://plain.example.org:8080/x', 'plain', 'unless http is named'],
    ['http://plain.example.org/x', undefined, 'another port'],
    ['https://both.example.org/x', 'first', 'over several lines'],
    ['https://turned.example.org/x', 'turned', 'the password first'],
    ['https://other.example.org/x', undefined, 'a default would give a password to every host'],
  ] as const
  for (const [url, user, why] of table)
    test(`${url}: ${user ?? 'none'}, ${why}`, () =>
      assert.equal(credentialsFor(entries, new URL(url), 'https')?.user, user))

  test('an entry without a protocol serves http too where netrc is asked', () => {
    assert.equal(credentialsFor(entries, new URL('http://mirror.example.org/x'), 'all')?.user, 'user')
  })
})

describe('the queue', () => {
  it('runs as many jobs at a time as it may, in their order, and lets failures pass', async () => {
    const queue = createQueue(3)
    let running = 0
    let most = 0
    const order: number[] = []
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        queue(async () => {
          order.push(index)
          most = Math.max(most, ++running)
          await new Promise(resolve => setImmediate(resolve))
          running--
          if (index % 5 === 0) throw new Error(String(index))
          return index
        }),
      ),
    )
    assert.equal(most, 3)
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    )
    assert.equal(results.filter(result => result.status === 'rejected').length, 4)
  })
})
