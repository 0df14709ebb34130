import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { branchOf } from '../../src/bot/branch-name.ts'
import type { BotState, ForgeRequest, Proposal } from '../../src/bot/model.ts'
import { planActions } from '../../src/bot/plan.ts'

const proposal = (group: string, urgency: Proposal['urgency'] = 'other'): Proposal => ({
  lockName: 'aptroot.lock',
  group,
  branch: `aptroot/aptroot/${group}`,
  commit: `commit of ${group}`,
  digest: `digest of ${group}`,
  urgency,
  text: { title: group, body: group, labels: [] },
  sources: [group],
})
const branch = (group: string, owner: 'bot' | 'foreign' = 'bot') => ({
  name: `aptroot/aptroot/${group}`,
  commit: `commit of ${group}`,
  owner,
})
const request = (group: string, number = 1): ForgeRequest => ({
  number,
  url: '',
  branch: `aptroot/aptroot/${group}`,
  title: '',
  body: '',
  labels: [],
})

/** `propose php push open` for each action. */
function plan(state: Partial<BotState>): readonly string[] {
  const whole: BotState = {
    proposals: [],
    obstacles: [],
    branches: [],
    requests: [],
    declined: new Map(),
    prefixes: ['aptroot/aptroot/'],
    limit: 3,
    ...state,
  }
  return planActions(whole).map(action => {
    if (action.kind === 'leave') return `leave ${action.branch.slice(16)} ${action.because}`
    if (action.kind === 'withdraw') return `withdraw ${action.branch.slice(16)}`
    const push = action.push === undefined ? [] : ['push']
    const asked = typeof action.request === 'string' ? action.request : 'refresh'
    return ['propose', action.proposal.group, ...push, asked].join(' ')
  })
}

describe('the plan of a pass', () => {
  test('pushes and opens what is new, and only refreshes what is as it should be', () => {
    assert.deepEqual(plan({ proposals: [proposal('php')] }), ['propose php push open'])
    const there = { proposals: [proposal('php')], branches: [branch('php')], requests: [request('php')] }
    assert.deepEqual(plan(there), ['propose php refresh'])
  })

  test('takes security fixes first when there is not room for all', () => {
    const proposals = ['a', 'b', 'c', 'd'].map(name => proposal(name))
    assert.deepEqual(plan({ proposals: [...proposals, proposal('fix', 'security')] }), [
      'propose fix push open',
      'propose a push open',
      'propose b push open',
      'leave c limit',
      'leave d limit',
    ])
  })

  test('counts what is open and stays, and not what it withdraws', () => {
    const requests = ['gone', 'mine'].map((name, at) => request(name, at + 1))
    const branches = [branch('gone'), branch('mine', 'foreign')]
    const proposals = [proposal('a'), proposal('b'), proposal('c')]
    assert.deepEqual(plan({ proposals, requests, branches }), [
      'withdraw gone',
      'leave mine foreign-commits',
      'propose a push open',
      'propose b push open',
      'leave c limit',
    ])
  })

  test('keeps up what is open beyond a limit that was lowered', () => {
    const names = ['a', 'b']
    const state = { proposals: names.map(name => proposal(name)), requests: names.map(name => request(name)), limit: 1 }
    assert.deepEqual(plan(state), ['propose a push refresh', 'propose b push refresh'])
  })

  test('does not withdraw what could not be prepared', () => {
    const obstacle = { lockName: 'aptroot.lock', group: 'php', branch: 'aptroot/aptroot/php', because: 'x' }
    assert.deepEqual(plan({ obstacles: [obstacle], branches: [branch('php')], requests: [request('php')] }), [
      'leave php obstacle',
    ])
  })

  test('has nothing to do with the branches of other locks', () => {
    const other = { ...branch('x'), name: 'aptroot/web.aptroot/x' }
    assert.deepEqual(plan({ branches: [other], requests: [{ ...request('x'), branch: other.name }] }), [])
  })

  test('of a second pass over what a first one left is empty but for what is current', () => {
    const proposals = [proposal('a'), proposal('b', 'security')]
    const branches = [branch('a'), branch('b')]
    assert.deepEqual(plan({ proposals, branches, requests: undefined }), ['propose b none', 'propose a none'])
  })
})

describe('the name of a branch', () => {
  test('is the path of the lock and the group', () => {
    assert.equal(branchOf('aptroot.lock', 'security'), 'aptroot/aptroot/security')
    assert.equal(branchOf('web.aptroot.lock', 'libstdc++6'), 'aptroot/web.aptroot/libstdc++6')
  })

  test('is one that git takes and no other lock has, whatever the lock is called', () => {
    const paths = [
      'a/b.lock',
      'a-b.lock',
      'a b.lock',
      '.lock',
      '..lock',
      'a..b.lock',
      'x.lock.lock',
      '$(id).lock',
      'ä.lock',
    ]
    const names = paths.map(path => branchOf(path, 'g'))
    assert.equal(new Set(names).size, paths.length)
    for (const name of names) assert.match(name, /^aptroot\/[A-Za-z0-9](?:[A-Za-z0-9+_-]|\.(?=[A-Za-z0-9]))*\/g$/)
  })
})
