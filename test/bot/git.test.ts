import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import { type Git, openGit } from '../../src/bot/git.ts'
import { forgeSettings, remoteCredentials } from '../../src/bot/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

const path = process.env.PATH ?? ''
const processRunner = createProcessRunner({ searchPath: path, maximumOutputBytes: 1_000_000 })
const { signal } = new AbortController()

async function clone(userConfiguration = ''): Promise<Git> {
  const home = await scratchFolder()
  const folder = join(home, 'clone')
  mkdirSync(folder)
  writeFileSync(join(home, '.gitconfig'), userConfiguration)
  execFileSync('git', ['init', '--quiet', folder], { env: { PATH: path, HOME: home } })
  return openGit(folder, { processRunner, environment: { PATH: path, HOME: home, GITHUB_TOKEN: 'secret' }, signal })
}

describe('the git of the bot', () => {
  test("takes over what leads to remotes, and nothing else of the user's", async () => {
    const git = await clone(
      '[user]\n\tname = Somebody\n[commit]\n\tgpgSign = true\n[http "https://git.example.org/"]\n\tproxy = http://127.0.0.1:9\n',
    )
    assert.equal((await git.run('config', 'http.https://git.example.org/.proxy')).trim(), 'http://127.0.0.1:9')
    assert.equal((await git.run('config', 'commit.gpgSign')).trim(), 'false')
    assert.equal((await git.ask({ words: ['config', 'user.name'] })).exitStatus, 1)
  })

  test('says what git complained of without the password of an address', async () => {
    const git = await clone()
    const fault = await assertFault(
      () => git.run('fetch', 'file://user:password@/no/such/folder'),
      'PROGRAM_FAILED',
      /^git fetch failed: /,
    )
    assert.doesNotMatch(JSON.stringify(fault), /password/)
  })
})

describe('the token for the remote', () => {
  const settings = forgeSettings(
    { forge: 'github', repository: 'team/images', api: undefined },
    {
      GITHUB_TOKEN: 'secret',
      GITHUB_SERVER_URL: 'https://git.example.org',
      GITHUB_API_URL: 'https://git.example.org/api/v3',
    },
  )
  const headerFor = async (git: Git, address: string) =>
    (await git.ask({ words: ['config', '--get-urlmatch', 'http.extraHeader', address] })).output.trim()

  test("goes to the CI's own server over https, and nowhere else", async () => {
    const plain = await clone()
    for (const [remote, shows] of [
      ['https://git.example.org/team/images.git', true],
      ['https://git.example.org.evil.example/team/images.git', false],
      ['https://other.example.org/team/images.git', false],
      ['http://git.example.org/team/images.git', false],
      ['git@git.example.org:team/images.git', false],
    ] as const) {
      await plain.ask({ words: ['remote', 'remove', 'origin'] })
      await plain.run('remote', 'add', 'origin', remote)
      const git = await remoteCredentials(plain, 'origin', settings)
      assert.equal((await headerFor(git, remote)) !== '', shows, remote)
      assert.equal(await headerFor(git, 'https://other.example.org/'), '')
    }
  })

  test('is not needed where the clone has credentials', async () => {
    const plain = await clone()
    const address = 'https://git.example.org/team/images.git'
    await plain.run('remote', 'add', 'origin', address)
    await plain.run('config', 'http.https://git.example.org/.extraHeader', 'Authorization: Basic own')
    const git = await remoteCredentials(plain, 'origin', settings)
    assert.equal(await headerFor(git, address), 'Authorization: Basic own')
  })
})
