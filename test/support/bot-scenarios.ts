import assert from 'node:assert/strict'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BotResult } from '../../src/bot/index.ts'
import type { BotScene, PassOptions } from './bot-scene.ts'
import type { ForgeFlavour } from './loopback-forge.ts'

export interface BotScenario {
  /** A sentence about the bot. */
  readonly name: string
  readonly flavour?: ForgeFlavour
  /** Of both passes. */
  readonly options?: PassOptions
  /** Before the first pass. */
  readonly given?: (scene: BotScene) => Promise<void> | void
  readonly first: (result: BotResult, scene: BotScene) => void
  /** Between the passes; by default nothing. */
  readonly between?: (scene: BotScene) => Promise<void> | void
  /** Of the second pass; by default it finds everything as it should be. */
  readonly second?: (result: BotResult, scene: BotScene) => void
}

const security = 'aptroot/aptroot/security'
const updates = 'aptroot/aptroot/updates'

const did = ({ outcomes }: BotResult) => outcomes.map(each => `${each.did} ${each.branch}`)
const codes = ({ faults }: BotResult) => faults.map(each => each.code)
const open = ({ forge }: BotScene) =>
  forge.requests.filter(each => each.state === 'open' && each.origin === 'own').map(each => each.branch)

/** `opened` for every branch, and the requests are there. */
function opens(...branches: readonly string[]) {
  return (result: BotResult, scene: BotScene) => {
    assert.deepEqual(codes(result), [])
    assert.deepEqual(
      did(result),
      branches.map(branch => `opened ${branch}`),
    )
    assert.deepEqual(open(scene).sort(), [...branches].sort())
  }
}

async function opened(scene: BotScene): Promise<void> {
  opens(security, updates)(await scene.pass(), scene)
}

/** A pass before, whose requests are there; then something happens to them. */
function after(happens: (scene: BotScene) => Promise<void> | void) {
  return async (scene: BotScene) => {
    await opened(scene)
    await happens(scene)
  }
}

const status = (code: number, headers: Record<string, string> = {}, body: unknown = {}) =>
  ({ kind: 'status', status: code, headers, body }) as const

const pulls = 'repos/team/images/pulls'

export const botScenarios: readonly BotScenario[] = [
  {
    name: 'proposes nothing while nothing is outdated',
    given: scene => {
      scene.archives = 'before'
    },
    first: (result, scene) => {
      assert.deepEqual(did(result), [])
      assert.deepEqual(scene.branches(), {})
    },
  },
  {
    name: 'opens a request for security fixes and one for the rest, each with a lock that moves only that',
    first: (result, scene) => {
      opens(security, updates)(result, scene)
      assert.match(scene.lockOf(security), /3\.0-1\+deb12u1/)
      assert.doesNotMatch(scene.lockOf(security), /7\.1-2/)
      assert.match(scene.lockOf(updates), /"2\.0-1"/)
      assert.doesNotMatch(scene.lockOf(updates), /3\.0-1\+deb12u1/)
      const [fix] = scene.forge.requests
      assert.equal(fix?.title, 'aptroot.lock: openssl 3.0-1 → 3.0-1+deb12u1')
      assert.match(fix?.body ?? '', /^Lock change: `main` → `aptroot\/aptroot\/security`\n\nNo change of trust\./)
    },
  },
  {
    name: 'makes a request for each source package where the policy has no groups',
    given: scene => scene.commitToBase({ 'aptroot.yaml': scene.manifest('policy: {groups: []}\n') }),
    first: opens('aptroot/aptroot/openssl', 'aptroot/aptroot/curl', 'aptroot/aptroot/nginx'),
  },
  {
    name: 'begins no more than the limit allows, security first',
    options: { limit: 1 },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`opened ${security}`, `left ${updates}`])
      assert.deepEqual(Object.keys(scene.branches()), [security])
    },
    second: result => assert.deepEqual(did(result), [`current ${security}`, `left ${updates}`]),
  },
  {
    name: 'refreshes its requests when the archives move on',
    given: after(scene => {
      scene.archives = 'later'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`refreshed ${security}`, `refreshed ${updates}`])
      assert.match(scene.forge.requests[0]?.title ?? '', /deb12u2$/)
      assert.match(scene.lockOf(updates), /7\.1-3/)
    },
  },
  {
    name: 'rebuilds its branches from a base branch that moved',
    given: after(scene => scene.commitToBase({ README: 'hello\n' })),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`refreshed ${security}`, `refreshed ${updates}`])
      scene.git('fetch', '--quiet', 'origin')
      const parent = scene.git('rev-parse', `origin/${security}^`)
      assert.equal(parent, scene.git('rev-parse', 'origin/main'))
    },
  },
  {
    name: 'closes a request of which nothing is left, and removes its branch',
    given: after(scene => scene.commitToBase({ 'aptroot.lock': scene.lockOf(security) })),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`withdrawn ${security}`, `refreshed ${updates}`])
      assert.deepEqual(open(scene), [updates])
      assert.deepEqual(Object.keys(scene.branches()), [updates])
    },
  },
  {
    name: 'removes a branch whose request was merged',
    given: after(scene => {
      scene.git('fetch', '--quiet', 'origin')
      scene.git('merge', '--quiet', '--no-ff', '--message=Merge', `origin/${security}`)
      scene.git('push', '--quiet', 'origin', 'main')
      for (const request of scene.forge.requests) if (request.branch === security) request.state = 'merged'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`withdrawn ${security}`, `refreshed ${updates}`])
      assert.deepEqual(Object.keys(scene.branches()), [updates])
    },
  },
  {
    name: "leaves a branch alone that has somebody else's commit",
    given: after(scene => {
      scene.pushTo(security, { NOTES: 'checked by hand\n' })
      scene.archives = 'later'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`left ${security}`, `refreshed ${updates}`])
      assert.equal(scene.lockOf(security, 'NOTES'), 'checked by hand\n')
    },
    second: result => assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`]),
  },
  {
    name: 'takes a commit of its own whose lock somebody edited for theirs',
    given: after(scene => {
      scene.git('fetch', '--quiet', 'origin')
      scene.git('checkout', '--quiet', '-b', 'edit', `origin/${security}`)
      writeFileSync(join(scene.clone, 'aptroot.lock'), `${scene.lockOf(security)}# looked at\n`)
      scene.git('commit', '--quiet', '--all', '--amend', '--no-edit')
      scene.git('push', '--quiet', '--force', 'origin', `edit:${security}`)
      scene.git('checkout', '--quiet', 'main')
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`])
      assert.match(scene.lockOf(security), /# looked at\n$/)
    },
    second: result => assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`]),
  },
  {
    name: 'leaves a branch alone that somebody merged the base branch into',
    given: after(scene => {
      scene.commitToBase({ README: 'hello\n' })
      scene.git('fetch', '--quiet', 'origin')
      scene.git('checkout', '--quiet', '-b', 'merge', `origin/${security}`)
      scene.git('merge', '--quiet', '--message=Update branch', 'origin/main')
      scene.git('push', '--quiet', 'origin', `merge:${security}`)
      scene.git('checkout', '--quiet', 'main')
    }),
    first: result => assert.deepEqual(did(result), [`left ${security}`, `refreshed ${updates}`]),
    second: result => assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`]),
  },
  {
    name: "does not withdraw a branch with somebody else's commit when nothing is left to propose",
    given: after(scene => {
      scene.pushTo(security, { NOTES: 'keep\n' })
      scene.archives = 'before'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`left ${security}`, `withdrawn ${updates}`])
      assert.deepEqual(open(scene), [security])
    },
    second: result => assert.deepEqual(did(result), [`left ${security}`]),
  },
  {
    name: 'does not propose again what a person closed',
    given: after(scene => {
      for (const request of scene.forge.requests) if (request.branch === security) request.state = 'closed'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`])
      assert.deepEqual(open(scene), [updates])
    },
    second: result => assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`]),
  },
  {
    name: 'proposes it again once it has changed',
    given: after(scene => {
      for (const request of scene.forge.requests) if (request.branch === security) request.state = 'closed'
      scene.archives = 'later'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`opened ${security}`, `refreshed ${updates}`])
      assert.deepEqual(open(scene), [updates, security])
    },
  },
  {
    name: 'pushes a branch again that somebody deleted under an open request',
    given: after(scene => {
      scene.git('push', '--quiet', 'origin', `:${security}`)
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`refreshed ${security}`, `current ${updates}`])
      assert.deepEqual(open(scene), [security, updates])
    },
  },
  {
    name: 'finds its request on the last of several pages',
    given: async scene => {
      for (let at = 0; at < 7; at++) scene.forge.add({ branch: `topic-${at}` })
      await scene.pass()
    },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`current ${security}`, `current ${updates}`])
      assert.equal(open(scene).length, 9)
    },
  },
  {
    name: "takes no notice of a fork's request from a branch of the same name",
    given: scene => {
      scene.forge.add({ branch: security, origin: 'fork', body: 'mine' })
    },
    first: (result, scene) => {
      opens(security, updates)(result, scene)
      assert.equal(scene.forge.requests[0]?.body, 'mine')
    },
  },
  {
    name: 'waits as long as Retry-After says and goes on',
    given: scene => scene.forge.next('GET', pulls, status(429, { 'retry-after': '7' })),
    first: (result, scene) => {
      opens(security, updates)(result, scene)
      assert.deepEqual(scene.clock.sleeps, [7000])
    },
  },
  {
    name: 'waits until X-RateLimit-Reset and goes on, without a second request',
    given: scene => {
      const reset = String(Date.parse('2026-01-20T00:00:30Z') / 1000)
      const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
      scene.forge.next('POST', pulls, status(403, headers, { message: 'API rate limit exceeded' }))
    },
    first: (result, scene) => {
      opens(security, updates)(result, scene)
      assert.deepEqual(scene.clock.sleeps, [31_000])
    },
  },
  {
    name: 'ends where a limit lasts for an hour, and goes on from there the next time',
    given: scene => scene.forge.next('POST', pulls, status(403, { 'retry-after': '3600' })),
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['FORGE_LIMITED'])
      assert.deepEqual(scene.clock.sleeps, [])
      assert.deepEqual(open(scene), [])
    },
    second: opens(security, updates),
  },
  {
    name: 'ends when the token expires half-way, and goes on with a new one',
    given: scene => {
      const expires = () => {
        scene.forge.token = 'another'
      }
      scene.forge.next('POST', pulls, { kind: 'meanwhile', happens: expires })
    },
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['FORGE_DENIED'])
      assert.doesNotMatch(result.faults.map(each => each.message).join(), /secret-token/)
      assert.deepEqual(open(scene), [security])
    },
    between: scene => {
      scene.forge.token = 'secret-token'
    },
    second: (result, scene) => {
      assert.deepEqual(codes(result), [])
      assert.deepEqual(open(scene), [security, updates])
    },
  },
  {
    name: 'finds the request that is there already where GitHub says 422',
    given: scene => {
      const other = () => void scene.forge.add({ branch: security, title: 'made by another pass' })
      scene.forge.next('POST', pulls, { kind: 'meanwhile', happens: other })
    },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`opened ${security}`, `opened ${updates}`])
      assert.deepEqual(open(scene), [security, updates])
      assert.match(scene.forge.requests[0]?.title ?? '', /openssl/)
    },
  },
  {
    name: 'finds the request that is there already where GitLab says 409',
    flavour: 'gitlab',
    given: scene => {
      const other = () => void scene.forge.add({ branch: security, title: 'made by another pass' })
      scene.forge.next('POST', 'merge_requests', { kind: 'meanwhile', happens: other })
    },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`opened ${security}`, `opened ${updates}`])
      assert.deepEqual(open(scene), [security, updates])
    },
  },
  {
    name: 'makes no second request when the answer to the first was lost',
    given: scene => scene.forge.next('POST', pulls, { kind: 'lost-answer' }),
    first: opens(security, updates),
  },
  {
    name: 'goes on with the next group when the forge fails, and comes back to it',
    given: scene => scene.forge.next('POST', pulls, status(502)),
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['NETWORK_STATUS'])
      assert.deepEqual(did(result), [`failed ${security}`, `opened ${updates}`])
      assert.deepEqual(open(scene), [updates])
    },
    second: result => assert.deepEqual(did(result), [`opened ${security}`, `current ${updates}`]),
  },
  {
    name: 'says what the forge refuses, and refuses nothing else',
    given: scene => scene.forge.next('POST', pulls, status(422, {}, { message: 'Validation Failed\u001b[2J' })),
    first: result => {
      assert.deepEqual(codes(result), ['FORGE_REFUSED'])
      assert.match(result.faults[0]?.message ?? '', /answered 422: Validation Failed\\u001b\[2J$/)
    },
    second: result => assert.deepEqual(did(result), [`opened ${security}`, `current ${updates}`]),
  },
  {
    name: 'opens and labels merge requests of GitLab',
    flavour: 'gitlab',
    options: { labels: ['dependencies', 'debian'] },
    first: (result, scene) => {
      opens(security, updates)(result, scene)
      assert.deepEqual(scene.forge.requests[0]?.labels, ['dependencies', 'debian'])
    },
  },
  {
    name: 'closes what is empty at GitLab as well',
    flavour: 'gitlab',
    given: after(scene => {
      scene.archives = 'before'
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`withdrawn ${security}`, `withdrawn ${updates}`])
      assert.deepEqual(open(scene), [])
      assert.deepEqual(scene.branches(), {})
    },
    second: result => assert.deepEqual(did(result), []),
  },
  {
    name: 'adds labels that got lost the first time',
    options: { labels: ['dependencies'] },
    given: scene => scene.forge.next('POST', 'labels', status(500)),
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['NETWORK_STATUS'])
      assert.deepEqual(open(scene), [security, updates])
    },
    second: (_, scene) =>
      assert.deepEqual(
        scene.forge.requests.map(each => each.labels),
        [['dependencies'], ['dependencies']],
      ),
  },
  {
    name: 'opens the request for a branch that an earlier pass pushed before it was killed',
    given: async scene => {
      await scene.pass({ requests: 'none' })
    },
    first: opens(security, updates),
  },
  {
    name: 'does not push over what somebody pushed after it looked',
    given: after(scene => {
      scene.archives = 'later'
      const person = () => void scene.pushTo(security, { NOTES: 'mine\n' })
      scene.forge.next('GET', pulls, { kind: 'meanwhile', happens: person })
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`left ${security}`, `refreshed ${updates}`])
      assert.equal(scene.lockOf(security, 'NOTES'), 'mine\n')
    },
    second: result => assert.deepEqual(did(result), [`left ${security}`, `current ${updates}`]),
  },
  {
    name: 'pushes nothing that could not be fetched',
    given: scene => {
      scene.archives = 'gone'
    },
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['FETCH_GONE'])
      assert.deepEqual(did(result), [`failed ${updates}`])
      assert.deepEqual(scene.branches(), {})
      assert.deepEqual(open(scene), [])
    },
    second: result => assert.deepEqual(codes(result), ['FETCH_GONE']),
  },
  {
    name: 'does not touch the branches of a lock that does not answer its manifest',
    given: after(scene => scene.commitToBase({ 'aptroot.yaml': scene.manifest('exclude: [perl]\n') })),
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['LOCK_STALE'])
      assert.deepEqual(did(result), [])
      assert.deepEqual(open(scene), [security, updates])
    },
    second: result => assert.deepEqual(codes(result), ['LOCK_STALE']),
  },
  {
    name: 'keeps the branches of two locks apart, and one that is broken does not stop the other',
    options: { manifests: ['web.aptroot.yaml', 'aptroot.yaml'] },
    given: scene => scene.commitToBase({ 'web.aptroot.yaml': scene.manifest(''), 'web.aptroot.lock': 'lock: [\n' }),
    first: (result, scene) => {
      assert.deepEqual(codes(result), ['LOCK_MALFORMED'])
      assert.deepEqual(open(scene), [security, updates])
    },
    between: scene => scene.commitToBase({ 'web.aptroot.lock': scene.lockOf('main') }),
    second: (result, scene) => {
      assert.deepEqual(codes(result), [])
      assert.deepEqual(open(scene), [security, updates, 'aptroot/web.aptroot/security', 'aptroot/web.aptroot/updates'])
    },
  },
  {
    name: 'withdraws what a new rule of the policy ignores',
    given: after(scene =>
      scene.commitToBase({
        'aptroot.yaml': scene.manifest(
          'policy: {ignore: [{source: "*", kinds: [revision, major], reason: not now, until: 2026-03-01}]}\n',
        ),
      }),
    ),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`withdrawn ${updates}`, `refreshed ${security}`])
      assert.deepEqual(open(scene), [security])
    },
  },
  {
    name: 'only pushes where there is no forge',
    options: { requests: 'none' },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`pushed ${security}`, `pushed ${updates}`])
      assert.deepEqual(scene.forge.calls, [])
    },
  },
  {
    name: 'with a plan changes nothing',
    options: { mode: 'print' },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`would-propose ${security}`, `would-propose ${updates}`])
      assert.deepEqual([scene.branches(), open(scene)], [{}, []])
    },
    second: result => assert.deepEqual(did(result), [`would-propose ${security}`, `would-propose ${updates}`]),
  },
  {
    name: 'does not follow a next page to another host',
    given: scene => scene.forge.next('GET', pulls, status(200, { link: '<http://127.0.0.2:9/>; rel="next"' }, [])),
    first: result => assert.deepEqual(codes(result), ['FORGE_REFUSED']),
    second: opens(security, updates),
  },
  {
    name: 'runs no hook of the clone, and nothing of a name reaches a shell',
    options: { manifests: ['$(touch x);.aptroot.yaml'] },
    given: scene => {
      for (const name of ['pre-push', 'post-checkout', 'pre-commit', 'reference-transaction']) {
        const hook = join(scene.clone, '.git/hooks', name)
        writeFileSync(hook, `#!/bin/sh\ntouch "${scene.clone}/hooked"\nexit 1\n`)
        chmodSync(hook, 0o755)
      }
      scene.git(
        ...['-c', 'core.hooksPath=/dev/null', 'push', '--quiet', 'origin'],
        `main:refs/heads/aptroot/aptroot/$(touch$\{IFS}x)`,
      )
      const files = { '$(touch x);.aptroot.yaml': scene.manifest(''), '$(touch x);.aptroot.lock': scene.lockOf('main') }
      for (const [name, text] of Object.entries(files)) writeFileSync(join(scene.clone, name), text)
      scene.git('add', '--all')
      scene.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message=Names')
      scene.git('-c', 'core.hooksPath=/dev/null', 'push', '--quiet', 'origin', 'main')
    },
    first: (result, scene) => {
      assert.deepEqual(codes(result), [])
      assert.deepEqual(
        open(scene).map(branch => branch.replace(/[0-9a-f]{10}/, '#')),
        ['aptroot/touch-x-aptroot-#/security', 'aptroot/touch-x-aptroot-#/updates'],
      )
      for (const name of ['hooked', 'x']) assert.equal(existsSync(join(scene.clone, name)), false, name)
    },
  },
]

/** Runs a scenario: both passes, and after each that no branch has two requests and no commit of a person's is lost. */
export async function playScenario(scenario: BotScenario, scene: BotScene): Promise<void> {
  await scenario.given?.(scene)
  const kept = scene.git('ls-remote', 'origin')
  scenario.first(await attempt(scene, scenario.options), scene)
  requireNoDuplicates(scene)
  assert.ok(kept.length > 0)
  await scenario.between?.(scene)
  const [branches, calls] = [scene.branches(), changingCalls(scene)]
  const second = await attempt(scene, scenario.options)
  requireNoDuplicates(scene)
  if (scenario.second !== undefined) return scenario.second(second, scene)
  const verbs = new Set(second.outcomes.map(each => each.did))
  assert.ok(
    [...verbs].every(each => each === 'current' || each === 'left'),
    [...verbs].join(),
  )
  assert.deepEqual(codes(second), [])
  assert.deepEqual(scene.branches(), branches)
  assert.equal(changingCalls(scene), calls)
}

/** A fault of the whole pass is told like that of a branch. */
async function attempt(scene: BotScene, options: PassOptions | undefined): Promise<BotResult> {
  const { isFault } = await import('../../src/kernel/index.ts')
  try {
    return await scene.pass(options)
  } catch (error) {
    if (!isFault(error)) throw error
    return { base: '', outcomes: [], faults: [error] }
  }
}

function changingCalls({ forge }: BotScene): number {
  return forge.calls.filter(({ method }) => method !== 'GET').length
}

function requireNoDuplicates(scene: BotScene): void {
  const branches = open(scene)
  assert.equal(new Set(branches).size, branches.length, `two requests for one branch: ${branches.join()}`)
}
