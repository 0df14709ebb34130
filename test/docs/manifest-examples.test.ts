import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'
import { readManifest } from '../../src/manifest/index.ts'

/** Examples of documents: whole manifests, parts of one, or items of `outputs`. */
const documents = ['docs/manifest.md', 'docs/outputs.md', 'docs/configuring.md', 'docs/policy.md', 'README.md']

function examplesOf(path: string): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)
}

/** What the example leaves out because the reader knows it. */
function completed(example: string): string {
  if (/^manifest:/m.test(example)) return example
  const body = example.startsWith('- ') ? `image:\n  outputs:\n${example.replaceAll(/^(?=.)/gm, '    ')}` : example
  // Groups of a policy may name any archive.
  const archives = [...body.matchAll(/archives: \[([a-z-]+)\]/g)].map(([, id]) => archiveNamed(id ?? ''))
  const distribution = /^archives:/m.test(body) ? '' : 'distribution: debian/bookworm\n'
  return `manifest: 1\n${distribution}${archives.length === 0 ? '' : `archives:\n${archives.join('')}`}${body}`
}

function archiveNamed(id: string): string {
  return `  - {id: ${id}, uri: "http://mirror.example.org/${id}", suites: [bookworm], components: [main], trusted: {reason: an example}}\n`
}

describe('an example of a manifest in the documents', () => {
  for (const path of documents)
    for (const [at, example] of examplesOf(path).entries())
      test(`is a manifest, or a part of one: number ${at + 1} of ${path}`, async () => {
        await readManifest(completed(example), `${path} ${at + 1}`, 'amd64')
      })
})
