import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { runAptroot } from '../support/aptroot-program.ts'

const folder = join(process.cwd(), 'examples/bot')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

/** Words of every line that starts a command of aptroot, up to the end of the line. */
function commandLines(text: string): readonly string[] {
  return [...text.matchAll(/\baptroot ((?:bot|lock) [a-z]+(?: .*)?)$/gm)].map(match => match[1] ?? '')
}

describe('the examples of the bot', () => {
  test('are read by what runs them', () => {
    const github = parse(read('github.yml')) as { jobs: { update: { steps: unknown[] } }; on: object }
    assert.ok(github.jobs.update.steps.length > 3)
    assert.ok('schedule' in github.on)
    const gitlab = parse(read('gitlab.yml')) as { aptroot: { script: string[] } }
    assert.equal(gitlab.aptroot.script.length, 2)
    execFileSync('sh', ['-n', join(folder, 'nightly.sh')])
    const renovate = JSON.parse(read('renovate.json')) as { customManagers: { matchStrings: string[] }[] }
    assert.match('20261120T000000Z', new RegExp(renovate.customManagers[0]?.matchStrings[0] ?? ''))
  })

  test('give only flags that there are', async () => {
    const help = await runAptroot(['bot', 'run', '--help'], { folder })
    const files = readdirSync(folder)
    const lines = files.flatMap(name => commandLines(read(name))).filter(line => line.startsWith('bot run'))
    assert.equal(lines.length, 3)
    for (const line of lines)
      for (const [flag] of line.matchAll(/--[a-z-]+/g)) assert.match(help.output, new RegExp(`${flag}\\b`), flag)
    const update = await runAptroot(['lock', 'update', '--help'], { folder })
    for (const flag of ['--all', '--snapshot']) assert.match(update.output, new RegExp(flag))
  })
})

describe('docs/bot.md', () => {
  test('names every flag of the command that is its own', async () => {
    const manual = readFileSync('docs/bot.md', 'utf8')
    const own = [
      'plan',
      'forge',
      'repository',
      'api',
      'label',
      'limit',
      'remote',
      'base',
      'author',
      'commit-date',
      'as-of',
    ]
    const help = await runAptroot(['bot', 'run', '--help'], { folder })
    for (const flag of own) {
      assert.match(help.output, new RegExp(`--${flag}\\b`))
      assert.ok(manual.includes(`\`--${flag}`), flag)
    }
  })
})
