import assert from 'node:assert/strict'
import { describe, it, test } from 'vitest'
import { fillTemplate } from '../../src/rootfs/template.ts'
import { assertFault } from '../support/assert-fault.ts'

const values = new Map([
  ['hostname', 'web-1'],
  ['braces', '{{hostname}}'],
])
const filled = (text: string) => Buffer.from(fillTemplate(Buffer.from(text), values, 'app.conf')).toString()

describe('a template', () => {
  const rows = [
    ['name={{hostname}}', 'name=web-1', 'a name between braces is its value'],
    ['{{ hostname }}{{hostname}}', 'web-1web-1', 'blanks around it do not matter'],
    ['{{{{}}hostname}}', '{{hostname}}', 'two braces that mean themselves'],
    ['{{braces}}', '{{hostname}}', 'a value is not looked at again'],
    ['{ x } }} $y %h @z@ é\r\n', '{ x } }} $y %h @z@ é\r\n', 'nothing else has a meaning'],
    ['', '', 'an empty file'],
  ] as const
  for (const [text, expected, why] of rows)
    test(`${why}: ${JSON.stringify(text)}`, () => assert.equal(filled(text), expected))

  it('names line and column of what has no value, and what was perhaps meant', async () => {
    const message = 'app.conf:2:3: "{{hostnam}}" has no value'
    const fault = await assertFault(() => filled('a\nb {{hostnam}}'), 'TEMPLATE_INVALID', message)
    assert.equal(fault.hint, 'Did you mean hostname? It knows hostname, braces.')
  })

  it('closes its braces in the same line', async () => {
    await assertFault(
      () => filled('x\n\n {{hostname\n}}'),
      'TEMPLATE_INVALID',
      'app.conf:3:2: `{{` is not closed in its line',
    )
  })

  it('is UTF-8', async () => {
    await assertFault(() => fillTemplate(Buffer.from([0xff]), values, 'x'), 'TEMPLATE_INVALID', 'x: it is not UTF-8')
  })
})
