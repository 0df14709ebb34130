import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'vitest'

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...['docs', 'examples'].flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.md'))
      .map(name => join(folder, name)),
  ),
].sort()

/** Headings as forges name them in addresses: small letters, words joined by hyphens. */
function anchorsOf(path: string): ReadonlySet<string> {
  const prose = readFileSync(path, 'utf8').replaceAll(/^```.*?^```$/gms, '')
  const headings = [...prose.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text)
  return new Set(
    headings.map(text =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

describe('the pages of the manual', () => {
  test('lead to pages and headings that are there', () => {
    const broken = pages.flatMap(page => {
      const prose = readFileSync(page, 'utf8')
        .replaceAll(/^```.*?^```$/gms, '')
        .replaceAll(/`[^`\n]*`/g, '')
      return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
        if (/^[a-z]+:/.test(target)) return []
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        if (!existsSync(file)) return [`${page}: ${target}`]
        return anchor === undefined || anchorsOf(file).has(anchor) ? [] : [`${page}: ${target}`]
      })
    })
    assert.ok(pages.length > 30)
    assert.deepEqual(broken, [])
  })
})
