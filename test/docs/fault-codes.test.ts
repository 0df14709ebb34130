import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'
import { exitCodeByFaultCode } from '../../src/kernel/index.ts'
import { readSections } from '../../src/workflows/explain-fault-code.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const manual = readFileSync(join(root, 'docs/fault-codes.md'), 'utf8')
const sections = readSections(manual)
const codes = Object.keys(exitCodeByFaultCode)

describe('docs/fault-codes.md', () => {
  test('has one section for every fault code', () => {
    assert.deepEqual(
      codes.filter(code => sections.filter(section => section.code === code).length !== 1),
      [],
    )
  })

  test('has no section for a code that does not exist', () => {
    const headings = [...manual.matchAll(/^### (.*)$/gm)].map(match => match[1] ?? '')
    assert.deepEqual(
      headings.filter(heading => !codes.includes(heading)),
      [],
    )
  })

  test('says in every section what happened, why, what to do, and the true exit code', () => {
    for (const section of sections) {
      assert.ok(section.summary.length > 10, section.code)
      assert.match(section.text, /^- Why: /m, section.code)
      assert.match(section.text, /^- What to do: /m, section.code)
      assert.match(section.text, new RegExp(`^- Exit code: ${section.exitCode}$`, 'm'), section.code)
    }
  })

  test('groups the sections by exit code, which is the order of `aptroot explain`', () => {
    for (const group of manual.split(/^## (?=Exit code)/m).slice(1)) {
      const [heading = ''] = group.split('\n', 1)
      const exitCodes = new Set(readSections(group).map(section => String(section.exitCode)))
      assert.deepEqual([...exitCodes], heading.split(':')[0]?.match(/\d+/g), heading)
    }
  })

  test('links to documents that exist', () => {
    for (const [, target] of manual.matchAll(/\]\(([^)#]+)\)/g)) {
      assert.ok(readdirSync(join(root, 'docs')).includes(target ?? ''), target)
    }
  })
})

describe('every fault code', () => {
  test('is provoked by a test that needs nothing but Node', () => {
    const folder = join(root, 'test')
    const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.test.ts') && !/^(docs|oracle|system|bench)\//.test(path))
      .map(path => readFileSync(join(folder, path), 'utf8'))
      // A file that never looks at a fault only mentions codes.
      .filter(text => /\b(assertFault|isFault|envelopeOf|errorOutput)\b/.test(text))
    assert.ok(texts.length > 10, `only ${texts.length} files were read`)
    const isNamed = (code: string) => texts.some(text => new RegExp(`['"\\[]${code}['"\\]\\\\]`).test(text))
    assert.deepEqual(
      codes.filter(code => !isNamed(code)),
      [],
    )
  })
})
