import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { createHttpTransport, defaultTransportSettings } from '../../src/adapters/http-transport.ts'
import { createForge, type Forge, forgeSettings } from '../../src/bot/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type LoopbackForge, startForge } from '../support/loopback-forge.ts'
import { virtualClock } from '../support/virtual-clock.ts'

let server: LoopbackForge
const transport = createHttpTransport({ ...defaultTransportSettings, stallTimeoutMilliseconds: 2000 })
const { signal } = new AbortController()
beforeEach(async () => {
  server = await startForge('github')
})
afterEach(() => server.close())

function forgeOf(token: string, clock = virtualClock()): Forge {
  const choice = { forge: 'github', repository: 'team/images', api: server.api } as const
  const settings = forgeSettings(choice, { APTROOT_FORGE_TOKEN: token })
  assert.ok(settings.kind !== 'none')
  return createForge(settings, { transport, clock, signal })
}

const text = { title: 't', body: 'b', labels: [] }

describe('a forge', () => {
  test('that knows the token no more is a fault that does not repeat it', async () => {
    const fault = await assertFault(() => forgeOf('expired-token').openRequests(''), 'FORGE_DENIED')
    assert.match(fault.message, /answered 401: Bad credentials: Bearer \(token\)$/)
  })

  test('that asks to wait longer than a pass may take is left for the next one', async () => {
    server.next('GET', 'pulls', { kind: 'status', status: 429, headers: { 'retry-after': '301' } })
    const fault = await assertFault(() => forgeOf('secret-token').openRequests(''), 'FORGE_LIMITED')
    assert.match(fault.message, /takes no more requests from this token until 2026-11-20T00:05:01Z/)
  })

  test('is asked again where it failed, but never twice to make something', async () => {
    const clock = virtualClock()
    const failure = { kind: 'status', status: 503 } as const
    server.next('GET', 'pulls', failure, failure)
    assert.deepEqual(await forgeOf('secret-token', clock).openRequests(''), [])
    assert.deepEqual(clock.sleeps, [2000, 4000])
    server.next('POST', 'pulls', failure)
    const opening = () => forgeOf('secret-token').open({ ...text, branch: 'aptroot/a/b', base: 'main' })
    await assertFault(opening, 'NETWORK_STATUS')
    assert.equal(server.calls.filter(each => each.method === 'POST').length, 1)
  })

  test('that redirects is not followed', async () => {
    server.next('GET', 'pulls', { kind: 'status', status: 301, headers: { location: 'http://127.0.0.1:9/' } })
    await assertFault(() => forgeOf('secret-token').openRequests(''), 'FORGE_REFUSED')
  })

  test('tells of merged requests as settled, of closed ones as declined', async () => {
    server.add({ branch: 'aptroot/a/b', state: 'merged' })
    server.add({ branch: 'aptroot/a/b', state: 'closed', body: 'no' })
    const declined = await forgeOf('secret-token').declinedRequests('aptroot/a/b')
    assert.deepEqual(
      declined.map(each => each.body),
      ['no'],
    )
  })
})

describe('whose token is sent where', () => {
  const github = { forge: 'github', repository: 'team/images', api: undefined } as const
  const ci = { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'team/ci', GITHUB_TOKEN: 'of-the-ci' }
  const settingsOf = (choice: Parameters<typeof forgeSettings>[0], environment: Record<string, string>) => {
    const settings = forgeSettings(choice, environment)
    assert.ok(settings.kind !== 'none')
    return [settings.kind, settings.api.href, settings.repository, settings.token.value]
  }
  const nothing = { forge: undefined, repository: undefined, api: undefined }

  test('is what the CI says of itself', () => {
    assert.deepEqual(settingsOf(nothing, ci), ['github', 'https://api.github.com/', 'team/ci', 'of-the-ci'])
    const gitlab = { GITLAB_CI: 'true', CI_PROJECT_PATH: 'a/b/c', CI_API_V4_URL: 'https://git.example.org/api/v4' }
    assert.deepEqual(settingsOf(nothing, { ...gitlab, CI_JOB_TOKEN: 'job\n' }), [
      'gitlab',
      'https://git.example.org/api/v4/',
      'a/b/c',
      'job',
    ])
  })

  test('is never the token of a CI for another host', async () => {
    const api = 'https://evil.example.org/api'
    await assertFault(() => forgeSettings({ ...github, api }, ci), 'FORGE_DENIED')
    assert.equal(settingsOf({ ...github, api }, { ...ci, APTROOT_FORGE_TOKEN: 'mine' })[3], 'mine')
  })

  for (const [what, choice, environment] of [
    ['no forge is named', nothing, {}],
    ['the API is plain http', { ...github, api: 'http://git.example.org' }, ci],
    ['the API has a password', { ...github, api: 'https://a:b@git.example.org' }, ci],
    ['the repository is a path', { ...github, repository: '../x' }, ci],
  ] as const)
    test(`is refused where ${what}`, () => assertFault(() => forgeSettings(choice, environment), 'USAGE_INVALID'))
})
