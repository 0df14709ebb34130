import type { Fault } from '../kernel/index.ts'
import { findOpenAfter } from './find-open.ts'
import { type ForgeAccess, type ForgeApi, refused, wordsOf } from './forge-api.ts'
import { fieldOf, type RequestNames, requestOf as readRequest, saysTheSame, textOf } from './forge-json.ts'
import type { Forge } from './model.ts'

const names: RequestNames = { number: 'number', url: 'html_url', branch: ['head', 'ref'], body: 'body' }

/** Pull requests of one repository. @see docs.github.com/rest/pulls/pulls, docs.github.com/rest/issues/labels */
export function createGitHub(repository: string, access: ForgeAccess, api: ForgeApi): Forge {
  const folder = `repos/${repository.split('/').map(encodeURIComponent).join('/')}`
  const isOwn = (value: unknown) =>
    textOf(fieldOf(value, 'head', 'repo', 'full_name')).toLowerCase() === repository.toLowerCase()
  const readAll = (values: readonly unknown[]) => values.filter(isOwn).flatMap(value => readRequest(value, names) ?? [])

  const forge: Forge = {
    async openRequests(prefix) {
      const found = readAll(await api.list(`${folder}/pulls?state=open&per_page=100`))
      return found.filter(each => each.branch.startsWith(prefix)).sort((a, b) => a.number - b.number)
    },
    async declinedRequests(branch) {
      const owner = repository.split('/', 1)[0] ?? ''
      const head = encodeURIComponent(`${owner}:${branch}`)
      const closed = await api.list(`${folder}/pulls?state=closed&head=${head}&per_page=100`)
      return readAll(closed.filter(each => typeof fieldOf(each, 'merged_at') !== 'string')).filter(
        each => each.branch === branch,
      )
    },
    async open({ branch, base, title, body }) {
      // Labels come with `update`: GitHub takes none here.
      return findOpenAfter(() => api.ask('POST', `${folder}/pulls`, { title, head: branch, base, body }), {
        branch,
        forge,
        read: value => readRequest(value, names),
        refusal,
      })
    },
    async update(request, { title, body, labels }) {
      if (!saysTheSame(request, { title, body }))
        await must('PATCH', `${folder}/pulls/${request.number}`, { title, body })
      const missing = labels.filter(label => !request.labels.includes(label))
      if (missing.length > 0) await must('POST', `${folder}/issues/${request.number}/labels`, { labels: missing })
    },
    async close(request, body) {
      await must('PATCH', `${folder}/pulls/${request.number}`, { state: 'closed', body })
    },
  }
  return forge

  async function must(method: 'POST' | 'PATCH', path: string, body: unknown): Promise<void> {
    const answer = await api.ask(method, path, body)
    if (answer.status >= 400) throw refusal(answer)
  }

  function refusal(answer: { readonly status: number; readonly body: unknown }): Fault {
    return refused(access, access.api, `answered ${answer.status}${wordsOf(answer.body, access)}`)
  }
}
