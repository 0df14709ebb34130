import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { Fault } from '../../src/kernel/index.ts'
import { changeKinds, distributionPresets, keyringNames, readManifest } from '../../src/manifest/index.ts'
import { patterns } from '../../src/manifest/patterns.ts'
import { archiveKeys } from '../../src/manifest/read-archives.ts'
import { imageKeys } from '../../src/manifest/read-image.ts'
import { manifestKeys } from '../../src/manifest/read-manifest.ts'
import { ownDebsKeys } from '../../src/manifest/read-own-debs.ts'
import { pinKeys } from '../../src/manifest/read-pins.ts'
import { agedKinds, groupKeys, policyKeys, ruleKeys } from '../../src/manifest/read-policy.ts'
import { badManifests, everyKey, manifestHead } from '../support/manifest-samples.ts'

const schemaText = readFileSync(new URL('../../schema/aptroot.schema.json', import.meta.url), 'utf8')
const schema = JSON.parse(schemaText)
const accepts = new Ajv({ strictTypes: false }).compile(schema)

/** What only the reader can judge: Debian's syntax and tables, the calendar, two entries that mean the same. */
const beyondSchemas: readonly RegExp[] = [
  /is not one item/,
  /is not a list of relations/,
  /restricted to different architectures/,
  /has build profiles/,
  /neither an architecture nor a wildcard/,
  /not an architecture that Debian knows/,
  /names an architecture twice/,
  /is not a version/,
  /the archive of a group cannot be/,
  /no name of a suite/,
  /no day of the calendar/,
  /says [anolcvb]= twice/,
  /cannot be matched/,
  /is the `uri` already/,
  /is no URL/,
  /is written twice, first in line/,
  /comes with `distribution/,
  /gives \w+ to both/,
  /`configure: none` runs none/,
]

async function faultOf(text: string): Promise<Fault | undefined> {
  try {
    await readManifest(text, 'aptroot.yaml', 'amd64')
    return undefined
  } catch (error) {
    assert.ok(error instanceof Fault, String(error))
    return error
  }
}

async function assertAgreement(text: string): Promise<'accepted' | 'refused'> {
  const fault = await faultOf(text)
  const accepted = accepts(parse(text))
  if (fault === undefined) assert.ok(accepted, `only the reader accepts\n${text}\n${JSON.stringify(accepts.errors)}`)
  else if (!beyondSchemas.some(each => each.test(fault.message)))
    assert.ok(!accepted, `only the schema accepts\n${text}\n${fault.message}`)
  return fault === undefined ? 'accepted' : 'refused'
}

describe('schema/aptroot.schema.json', () => {
  test('accepts the manifest with every key', async () => {
    assert.equal(await assertAgreement(everyKey), 'accepted')
  })

  for (const [text, , , code] of badManifests.filter(([, , , code]) => code !== 'MANIFEST_MALFORMED')) {
    test(`judges ${JSON.stringify(text.slice(-90))} like the reader (${code ?? 'MANIFEST_INVALID'})`, async () => {
      await assertAgreement(manifestHead + text)
    })
  }

  test('agrees with the reader about manifests with arbitrary changes', async () => {
    const whole: unknown = parse(everyKey)
    const value = fc.constantFrom<unknown>(
      ...[
        null,
        true,
        false,
        0,
        1,
        -1,
        1.5,
        '',
        ' ',
        '.',
        './',
        'x',
        'none',
        'a b',
        '../x',
        '/x',
        'x/../y',
        '{architecture}',
      ],
      ...[
        '{arch}',
        'file:///x',
        'http://h',
        'http://u@h/',
        'a=b',
        '1d',
        '2027-01-31',
        'debian-archive',
        'amd64',
        '\u0001',
      ],
      ...[[], {}, ['x'], ['x', 'x'], [1], { x: 1 }, [{}], [['x']], 'tar', ['./'], ['main'], { reason: 'x' }],
    )
    const change = fc.record({
      steps: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }),
      kind: fc.constantFrom('replace' as const, 'remove' as const, 'add' as const),
      key: fc.constantFrom(
        'x',
        'node',
        'mirrors',
        'trusted',
        'components',
        'origin',
        'outputs',
        'debs',
        'run',
        'priority',
      ),
      value,
    })
    let refused = 0
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async changes => {
        const text = JSON.stringify(changes.reduce((before, each) => changed(before, each.steps, each), whole))
        if ((await assertAgreement(text)) === 'accepted') accepted++
        else refused++
      }),
      { seed: 20261120, numRuns: 750 },
    )
    assert.ok(refused > 60 && accepted > 60, `${refused} refused, ${accepted} accepted: the changes test one side only`)
  }, 120_000)

  test('has the keys of the reader, no more and no fewer', () => {
    assert.deepEqual(Object.keys(schema.properties), [...manifestKeys.keys])
    assert.deepEqual(Object.keys(schema.definitions.archive.properties), [...archiveKeys.keys])
    assert.deepEqual(Object.keys(schema.definitions.pin.properties), [...pinKeys.keys])
    assert.deepEqual(Object.keys(schema.definitions.ownDebs.properties), [...ownDebsKeys.keys])
    assert.deepEqual(Object.keys(schema.definitions.image.properties), [...imageKeys.keys])
    const { policy, policyGroup, policyRule } = schema.definitions
    assert.deepEqual(Object.keys(policy.properties), [...policyKeys.keys])
    assert.deepEqual(Object.keys(policyGroup.properties), [...groupKeys.keys])
    assert.deepEqual(Object.keys(policyRule.properties), [...ruleKeys.keys])
    assert.deepEqual(Object.keys(policy.properties['minimum-age'].properties), [...agedKinds])
    assert.deepEqual(policyRule.properties.kinds.items.enum, [...changeKinds])
  })

  test('has every pattern of the reader word for word', () => {
    const packageText = readFileSync(new URL('../../schema/aptroot-package.schema.json', import.meta.url), 'utf8')
    const texts = schemaText + packageText
    const missing = Object.entries(patterns).filter(([, pattern]) => !texts.includes(JSON.stringify(pattern)))
    assert.deepEqual(missing, [])
  })

  test('knows the distributions and key rings that ship with aptroot', () => {
    const names = distributionPresets.map(({ name }) => name)
    assert.deepEqual(schema.properties.distribution.enum, [...names, ...names.map(name => name.replace(/^.*\//, ''))])
    assert.deepEqual(schema.definitions.archive.properties['signed-by'].anyOf[0].enum, keyringNames())
  })
})

describe('docs/manifest.md', () => {
  const manual = readFileSync(new URL('../../docs/manifest.md', import.meta.url), 'utf8')

  test('has every key in a table', () => {
    const keys = [manifestKeys, archiveKeys, pinKeys, imageKeys].flatMap(set => [...set.keys])
    const rows = manual.split('\n').filter(line => line.startsWith('| '))
    assert.deepEqual(
      keys.filter(key => !rows.some(row => row.split(' | ')[0]?.includes(`\`${key}\``))),
      [],
    )
  })

  test('begins with a manifest that is accepted', async () => {
    const [, example = ''] = /```yaml\n(manifest: 1\n.*?)```/s.exec(manual) ?? []
    assert.equal(await assertAgreement(example), 'accepted')
  })
})

interface Change {
  readonly kind: 'replace' | 'remove' | 'add'
  readonly key: string
  readonly value: unknown
}

/** A copy with one change at the place that the steps lead to (each modulo the number of entries there). */
function changed(node: unknown, steps: readonly number[], change: Change): unknown {
  const [step = 0, ...rest] = steps
  if (typeof node !== 'object' || node === null) return change.value
  const entries: (readonly [string, unknown])[] = Object.entries(node)
  const entry = entries[step % Math.max(1, entries.length)]
  if (change.kind === 'add' && rest.length === 0) entries.push([change.key, change.value])
  else if (entry === undefined) return change.value
  else {
    const at = entries.indexOf(entry)
    if (rest.length > 0) entries[at] = [entry[0], changed(entry[1], rest, change)]
    else if (change.kind === 'remove') entries.splice(at, 1)
    else entries[at] = [entry[0], change.value]
  }
  return Array.isArray(node) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
}
