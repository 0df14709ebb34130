import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ForgeFlavour = 'github' | 'gitlab'

export interface StoredRequest {
  readonly number: number
  readonly branch: string
  readonly base: string
  title: string
  body: string
  labels: string[]
  state: 'open' | 'closed' | 'merged'
  /** Whose branch it is: this repository's, or a fork's. */
  readonly origin: 'own' | 'fork'
}

/** What happens to one call instead of an answer. */
export type ForgeFault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: unknown
    }
  /** It is done, and the connection breaks before the answer. */
  | { readonly kind: 'lost-answer' }
  /** This runs first, then the call is answered. */
  | { readonly kind: 'meanwhile'; readonly happens: () => void }

export interface ForgeCall {
  readonly method: string
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface LoopbackForge {
  /** `http://127.0.0.1:PORT/api/` */
  readonly api: string
  readonly requests: StoredRequest[]
  /** Every call that was answered with a token, in order. */
  readonly calls: readonly ForgeCall[]
  token: string
  /** For the next calls of this method whose path has this text, one each. */
  next(method: string, path: string, ...faults: readonly ForgeFault[]): void
  add(request: Partial<StoredRequest> & Pick<StoredRequest, 'branch'>): StoredRequest
  close(): Promise<void>
}

const pageLength = 3

/** A forge's API for one repository, `team/images`: pages by Link, one open request for a branch, a token. */
export async function startForge(flavour: ForgeFlavour): Promise<LoopbackForge> {
  const requests: StoredRequest[] = []
  const calls: ForgeCall[] = []
  const scripts: { method: string; path: string; fault: ForgeFault }[] = []
  const server = createServer((request, response) => {
    answer(request, response).catch(error => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  const forge: LoopbackForge = {
    api: `http://127.0.0.1:${port}/api/`,
    requests,
    calls,
    token: 'secret-token',
    next: (method, path, ...faults) => scripts.push(...faults.map(fault => ({ method, path, fault }))),
    add(given) {
      const number = requests.length + 1
      const added = {
        number,
        base: 'main',
        title: '',
        body: '',
        labels: [],
        state: 'open',
        origin: 'own',
        ...given,
      } as const
      const stored: StoredRequest = { ...added, labels: [...added.labels] }
      requests.push(stored)
      return stored
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return forge

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', forge.api)
    const method = request.method ?? ''
    const text = Buffer.concat(chunks).toString()
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    const path = url.pathname.slice('/api/'.length)
    const given = flavour === 'github' ? request.headers.authorization : request.headers['private-token']
    if (given !== (flavour === 'github' ? `Bearer ${forge.token}` : forge.token))
      return send(response, 401, { message: `Bad credentials: ${given}` })
    calls.push({ method, path: `${path}${url.search}`, body })
    const at = scripts.findIndex(each => each.method === method && `${path}${url.search}`.includes(each.path))
    const fault = at < 0 ? undefined : scripts.splice(at, 1)[0]?.fault
    if (fault?.kind === 'status') return send(response, fault.status, fault.body ?? {}, fault.headers)
    if (fault?.kind === 'meanwhile') fault.happens()
    const result = flavour === 'github' ? gitHub(method, path, { url, body }) : gitLab(method, path, { url, body })
    if (fault?.kind === 'lost-answer') return void response.destroy()
    send(response, result.status, result.body, result.headers)
  }

  function gitHub(method: string, path: string, { url, body }: Call): Result {
    const wanted = url.searchParams
    if (method === 'GET' && path === 'repos/team/images/pulls') {
      const state = wanted.get('state') ?? 'open'
      const head = wanted.get('head')?.replace(/^team:/, '')
      const found = requests.filter(each => (each.state === 'open' ? 'open' : 'closed') === state)
      return page(found.filter(each => head === undefined || each.branch === head).map(asGitHub), url)
    }
    if (method === 'POST' && path === 'repos/team/images/pulls') {
      const branch = String(body.head)
      if (openOf(branch) !== undefined)
        return {
          status: 422,
          body: {
            message: 'Validation Failed',
            errors: [{ message: `A pull request already exists for team:${branch}.` }],
          },
        }
      const made = forge.add({ branch, base: String(body.base), title: String(body.title), body: String(body.body) })
      return { status: 201, body: asGitHub(made) }
    }
    const [, kind, number, rest] = /^repos\/team\/images\/(pulls|issues)\/(\d+)(\/labels)?$/.exec(path) ?? []
    const known = requests.find(each => each.number === Number(number))
    if (known === undefined || kind === undefined) return { status: 404, body: { message: 'Not Found' } }
    if (method === 'POST' && rest === '/labels') {
      known.labels.push(...(body.labels as string[]))
      return { status: 200, body: known.labels.map(name => ({ name })) }
    }
    change(known, { title: body.title, body: body.body, closes: body.state === 'closed' })
    return { status: 200, body: asGitHub(known) }
  }

  function gitLab(method: string, path: string, { url, body }: Call): Result {
    const folder = 'projects/team%2Fimages/merge_requests'
    if (method === 'GET' && path === folder) {
      const state = url.searchParams.get('state')
      const branch = url.searchParams.get('source_branch')
      const found = requests.filter(each => (each.state === 'open' ? 'opened' : each.state) === state)
      return page(found.filter(each => branch === null || each.branch === branch).map(asGitLab), url)
    }
    if (method === 'POST' && path === folder) {
      const branch = String(body.source_branch)
      const open = openOf(branch)
      if (open !== undefined)
        return {
          status: 409,
          body: { message: [`Another open merge request already exists for this source branch: !${open.number}`] },
        }
      const labels = String(body.labels ?? '')
        .split(',')
        .filter(Boolean)
      const text = { title: String(body.title), body: String(body.description) }
      return { status: 201, body: asGitLab(forge.add({ branch, base: String(body.target_branch), labels, ...text })) }
    }
    const known = requests.find(each => path === `${folder}/${each.number}`)
    if (known === undefined) return { status: 404, body: { message: '404 Not found' } }
    known.labels.push(
      ...String(body.add_labels ?? '')
        .split(',')
        .filter(Boolean),
    )
    change(known, { title: body.title, body: body.description, closes: body.state_event === 'close' })
    return { status: 200, body: asGitLab(known) }
  }

  function openOf(branch: string): StoredRequest | undefined {
    return requests.find(each => each.branch === branch && each.state === 'open' && each.origin === 'own')
  }
}

interface Call {
  readonly url: URL
  readonly body: Readonly<Record<string, unknown>>
}

interface Result {
  readonly status: number
  readonly body: unknown
  readonly headers?: Record<string, string>
}

function change(
  request: StoredRequest,
  said: { readonly title: unknown; readonly body: unknown; readonly closes: boolean },
) {
  if (typeof said.title === 'string') request.title = said.title
  if (typeof said.body === 'string') request.body = said.body
  if (said.closes) request.state = 'closed'
}

function asGitHub(request: StoredRequest) {
  const { number, branch, base, title, body, labels, state, origin } = request
  return {
    number,
    html_url: `https://forge.example.org/team/images/pull/${number}`,
    head: { ref: branch, repo: { full_name: origin === 'own' ? 'team/images' : 'stranger/images' } },
    base: { ref: base },
    title,
    body,
    labels: labels.map(name => ({ name })),
    state: state === 'open' ? 'open' : 'closed',
    merged_at: state === 'merged' ? '2026-01-20T00:00:00Z' : null,
  }
}

function asGitLab(request: StoredRequest) {
  const { number, branch, base, title, body, labels, state, origin } = request
  return {
    iid: number,
    web_url: `https://forge.example.org/team/images/-/merge_requests/${number}`,
    source_branch: branch,
    target_branch: base,
    source_project_id: origin === 'own' ? 7 : 8,
    target_project_id: 7,
    title,
    description: body,
    labels,
    state: state === 'open' ? 'opened' : state,
  }
}

function page(items: readonly unknown[], url: URL): Result {
  const at = Number(url.searchParams.get('page') ?? '1')
  const next = new URL(url)
  next.searchParams.set('page', String(at + 1))
  const links = [`<${url.origin}/api/first>; rel="first"`]
  if (items.length > at * pageLength) links.push(`<${next.href}>; rel="next"`)
  return { status: 200, body: items.slice((at - 1) * pageLength, at * pageLength), headers: { link: links.join(', ') } }
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
