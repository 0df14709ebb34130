import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { isFault } from '../../src/kernel/index.ts'
import { readPackageDescription } from '../../src/manifest/index.ts'
import { packageKeys, packageSourceKeys } from '../../src/manifest/package-description.ts'
import { assertFault } from '../support/assert-fault.ts'

const schema = JSON.parse(readFileSync(new URL('../../schema/aptroot-package.schema.json', import.meta.url), 'utf8'))
const accepts = new Ajv({ strictTypes: false }).compile(schema)
const manual = readFileSync(new URL('../../docs/package-build.md', import.meta.url), 'utf8')
const read = (lines: string) => readPackageDescription(`package: 1\n${lines}`, 'package.yaml')

const everyKey = `package: 1
name: hello
version: "1.0-1"
version-template: "{version}+r{revision}"
root: roots/build.aptroot.yaml
source:
  path: src
  exclude: ["*.o", /build]
command: [make, deb, deb]
environment:
  DEB_BUILD_OPTIONS: nocheck
architectures: [amd64, arm64]
outputs: ["*.deb"]
output-folder: debs
source-date-epoch: 1735689600
`

describe('the description of a package', () => {
  test('needs no more than its format: a Debian source beside the lock of its build root', async () => {
    const { command, environment, ...described } = await read('')
    assert.deepEqual(described, {
      fileName: 'package.yaml',
      name: undefined,
      version: undefined,
      versionTemplate: undefined,
      root: 'aptroot.yaml',
      source: '',
      exclude: [],
      architectures: undefined,
      outputs: ['*.deb', '*.udeb', '*.ddeb', '*.buildinfo', '*.changes'],
      outputFolder: 'out',
      sourceDateEpochSeconds: undefined,
    })
    assert.equal(command, undefined)
    assert.equal(environment.size, 0)
  })

  test('says everything else in a key each', async () => {
    const described = await readPackageDescription(everyKey, 'package.yaml')
    assert.deepEqual(described.command, { kind: 'words', words: ['make', 'deb', 'deb'] })
    assert.deepEqual([described.source, described.exclude], ['src', ['*.o', '/build']])
    assert.deepEqual([...described.environment], [['DEB_BUILD_OPTIONS', 'nocheck']])
    assert.ok(accepts(parse(everyKey)), JSON.stringify(accepts.errors))
  })

  test('has a command of one text for those who want a shell', async () => {
    const { command } = await read('command: |\n  mkdir x\n  dpkg-deb --build x ..\n')
    assert.deepEqual(command, { kind: 'script', text: 'mkdir x\ndpkg-deb --build x ..\n' })
  })

  const bad = [
    ['sources: src\n', 2, 1, 'MANIFEST_INVALID', 'the key is source'],
    ['root: ../roots/build.aptroot.yaml\n', 2, 7, 'MANIFEST_PATH_OUTSIDE', 'a pull request reads nothing outside'],
    ['source: {path: /etc}\n', 2, 16, 'MANIFEST_PATH_OUTSIDE', 'nor builds from there'],
    ['output-folder: ../../x\n', 2, 16, 'MANIFEST_PATH_OUTSIDE', 'nor writes there'],
    ['output-folder: .\n', 2, 16, 'MANIFEST_INVALID', 'outputs among the sources would be inputs'],
    ['environment: {SOURCE_DATE_EPOCH: "1"}\n', 2, 15, 'MANIFEST_INVALID', 'there is a key for it'],
    ['outputs: ["../*.deb"]\n', 2, 11, 'MANIFEST_INVALID', 'names, no paths'],
    ['command: ""\n', 2, 10, 'MANIFEST_INVALID', 'nothing to run'],
    ['architectures: [amd65]\n', 2, 17, 'MANIFEST_INVALID', 'Debian knows no such architecture'],
    ['version: "1.0 beta"\n', 2, 10, 'MANIFEST_INVALID', 'no version has a blank'],
    ['version: 1.0\n', 2, 10, 'MANIFEST_INVALID', 'that is a number for YAML'],
    ['version-template: "{version} {revision}"\n', 2, 19, 'MANIFEST_INVALID', 'no version has a blank'],
  ] as const
  for (const [text, line, column, code, why] of bad) {
    test(`is refused with its place where it says ${JSON.stringify(text)}: ${why}`, async () => {
      const fault = await assertFault(read(text), code, `package.yaml:${line}:${column}: `)
      if (fault.hint?.includes('docs/')) assert.match(fault.hint, /docs\/package-build\.md/)
      if (!/architectures|SOURCE_DATE|output-folder: \.\n/.test(text)) assert.ok(!accepts(parse(`package: 1\n${text}`)))
    })
  }

  test('of a later format is refused', () =>
    assertFault(readPackageDescription('package: 2\n', 'package.yaml'), 'MANIFEST_INVALID', 'has the format 2'))

  test('has its keys in the schema and in the manual', () => {
    assert.deepEqual(Object.keys(schema.properties), [...packageKeys.keys])
    assert.deepEqual(Object.keys(schema.properties.source.anyOf[1].properties), [...packageSourceKeys.keys])
    const rows = manual.split('\n').filter(line => line.startsWith('| '))
    assert.deepEqual(
      packageKeys.keys.filter(key => !rows.some(row => row.split(' | ')[0]?.includes(`\`${key}\``))),
      [],
    )
  })

  test('is in the manual as an example that is accepted', async () => {
    const [, example = ''] = /```yaml\n(package: 1\n.*?)```/s.exec(manual) ?? []
    const problem = await readPackageDescription(example, 'package.yaml').then(
      () => undefined,
      (error: unknown) => (isFault(error) ? error.message : error),
    )
    assert.equal(problem, undefined)
    assert.ok(accepts(parse(example)), JSON.stringify(accepts.errors))
  })
})
