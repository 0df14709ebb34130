import type { Fault } from '../kernel/index.ts'
import { findOpenAfter } from './find-open.ts'
import { type ForgeAccess, type ForgeAnswer, type ForgeApi, refused, wordsOf } from './forge-api.ts'
import { fieldOf, type RequestNames, requestOf as readRequest, saysTheSame } from './forge-json.ts'
import type { Forge } from './model.ts'

const names: RequestNames = { number: 'iid', url: 'web_url', branch: ['source_branch'], body: 'description' }

/** Merge requests of one project. @see docs.gitlab.com/api/merge_requests */
export function createGitLab(project: string, access: ForgeAccess, api: ForgeApi): Forge {
  const folder = `projects/${encodeURIComponent(project)}/merge_requests`
  const isOwn = (value: unknown) => fieldOf(value, 'source_project_id') === fieldOf(value, 'target_project_id')
  const readAll = (values: readonly unknown[]) => values.filter(isOwn).flatMap(value => readRequest(value, names) ?? [])

  const forge: Forge = {
    async openRequests(prefix) {
      const found = readAll(await api.list(`${folder}?state=opened&scope=all&per_page=100`))
      return found.filter(each => each.branch.startsWith(prefix)).sort((a, b) => a.number - b.number)
    },
    async declinedRequests(branch) {
      const source = encodeURIComponent(branch)
      const closed = await api.list(`${folder}?state=closed&scope=all&source_branch=${source}&per_page=100`)
      return readAll(closed).filter(each => each.branch === branch)
    },
    async open({ branch, base, title, body, labels }) {
      const made = {
        source_branch: branch,
        target_branch: base,
        title,
        description: body,
        labels: labels.join(','),
        remove_source_branch: true,
      }
      return findOpenAfter(() => api.ask('POST', folder, made), {
        branch,
        forge,
        read: value => readRequest(value, names),
        refusal,
      })
    },
    async update(request, { title, body, labels }) {
      const missing = labels.filter(label => !request.labels.includes(label))
      if (saysTheSame(request, { title, body }) && missing.length === 0) return
      await must(`${folder}/${request.number}`, {
        title,
        description: body,
        ...(missing.length === 0 ? {} : { add_labels: missing.join(',') }),
      })
    },
    async close(request, body) {
      await must(`${folder}/${request.number}`, { state_event: 'close', description: body })
    },
  }
  return forge

  async function must(path: string, body: unknown): Promise<void> {
    const answer = await api.ask('PUT', path, body)
    if (answer.status >= 400) throw refusal(answer)
  }

  function refusal(answer: ForgeAnswer): Fault {
    return refused(access, access.api, `answered ${answer.status}${wordsOf(answer.body, access)}`)
  }
}
