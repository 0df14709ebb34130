import assert from 'node:assert/strict'
import { after, type BotScenario, codes, did, open, opens, pulls, security, status, updates } from './bot-scenario.ts'

/** What a forge may do to a pass. */
export const forgeScenarios: readonly BotScenario[] = [
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
    name: 'only pushes where there is no forge',
    options: { requests: 'none' },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`pushed ${security}`, `pushed ${updates}`])
      assert.deepEqual(scene.forge.calls, [])
    },
  },
  {
    name: 'does not follow a next page to another host',
    given: scene => scene.forge.next('GET', pulls, status(200, { link: '<http://127.0.0.2:9/>; rel="next"' }, [])),
    first: result => assert.deepEqual(codes(result), ['FORGE_REFUSED']),
    second: opens(security, updates),
  },
]
