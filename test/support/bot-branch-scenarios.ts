import assert from 'node:assert/strict'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, type BotScenario, codes, did, open, opens, pulls, security, updates } from './bot-scenario.ts'

/** What people, archives and policies may do to the bot's branches. */
export const branchScenarios: readonly BotScenario[] = [
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
    name: 'does not withdraw what somebody pushed to after it looked',
    given: after(scene => {
      scene.archives = 'before'
      const person = () => void scene.pushTo(security, { NOTES: 'mine\n' })
      scene.forge.next('GET', pulls, { kind: 'meanwhile', happens: person })
    }),
    first: (result, scene) => {
      assert.deepEqual(did(result), [`left ${security}`, `withdrawn ${updates}`])
      assert.deepEqual(open(scene), [security])
    },
    second: result => assert.deepEqual(did(result), [`left ${security}`]),
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
    name: 'with a plan changes nothing',
    options: { mode: 'print' },
    first: (result, scene) => {
      assert.deepEqual(did(result), [`would-propose ${security}`, `would-propose ${updates}`])
      assert.deepEqual([scene.branches(), open(scene)], [{}, []])
    },
    second: result => assert.deepEqual(did(result), [`would-propose ${security}`, `would-propose ${updates}`]),
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
