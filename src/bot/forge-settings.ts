import { Fault } from '../kernel/index.ts'
import { createForgeApi, type ForgeAccess, type ForgeWorld } from './forge-api.ts'
import type { Git } from './git.ts'
import { createGitHub } from './github.ts'
import { createGitLab } from './gitlab.ts'
import type { Forge } from './model.ts'

export const forgeKinds = ['github', 'gitlab', 'none'] as const

export type ForgeKind = (typeof forgeKinds)[number]

/** As the command line says it; undefined: what the CI's own variables say. */
export interface ForgeChoice {
  readonly forge: ForgeKind | undefined
  readonly repository: string | undefined
  readonly api: string | undefined
}

export type ForgeSettings =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'github' | 'gitlab'
      readonly repository: string
      /** Ends in a slash. */
      readonly api: URL
      readonly token: ForgeToken
      /** Whose repositories the token opens: `https://github.com`. */
      readonly server: string | undefined
    }

/** Secret: never printed, and sent to `api` and `server` alone. */
export interface ForgeToken {
  readonly kind: 'token' | 'job'
  readonly value: string
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Which forge, and who asks. `APTROOT_FORGE_TOKEN` is for whatever `--api` names; tokens that a CI gives are taken for that CI's own host only,
 * so that a changed address cannot carry them away.
 *
 * @throws {Fault} `USAGE_INVALID`; `FORGE_DENIED` when there is no token
 */
export function forgeSettings(choice: ForgeChoice, environment: Variables): ForgeSettings {
  const kind = choice.forge ?? kindOf(environment)
  if (kind === 'none') return { kind }
  const ci = kind === 'github' ? gitHubCi(environment) : gitLabCi(environment)
  const api = apiOf(choice.api ?? ci.api)
  const repository = choice.repository ?? ci.repository
  if (repository === undefined || !isRepository(repository))
    throw new Fault('USAGE_INVALID', {
      message: repository === undefined ? 'which repository is not known' : `${repository} is no OWNER/NAME`,
      hint: 'Name it as the forge does: --repository OWNER/NAME.',
    })
  const isOwnHost = api.host === apiOf(ci.api).host
  const token = tokenOf(environment.APTROOT_FORGE_TOKEN, 'token') ?? (isOwnHost ? ci.token : undefined)
  if (token === undefined)
    throw new Fault('FORGE_DENIED', {
      message: `there is no token for ${api.host}`,
      hint: 'Give one in APTROOT_FORGE_TOKEN; docs/bot.md says what it has to be allowed. `--forge none` pushes branches only.',
      context: { host: api.host },
    })
  return { kind, repository, api, token, server: isOwnHost ? ci.server : undefined }
}

function kindOf(environment: Variables): ForgeKind {
  if (environment.GITHUB_ACTIONS === 'true') return 'github'
  if (environment.GITLAB_CI === 'true') return 'gitlab'
  throw new Fault('USAGE_INVALID', {
    message: 'which forge is not known: this is neither GitHub Actions nor GitLab CI',
    hint: `Say it with --forge ${forgeKinds.join('|')}.`,
  })
}

interface CiFacts {
  readonly api: string
  readonly server: string
  readonly repository: string | undefined
  readonly token: ForgeToken | undefined
}

/** @see docs.github.com, "Variables reference" */
function gitHubCi(environment: Variables): CiFacts {
  return {
    api: environment.GITHUB_API_URL ?? 'https://api.github.com',
    server: environment.GITHUB_SERVER_URL ?? 'https://github.com',
    repository: environment.GITHUB_REPOSITORY,
    token: tokenOf(environment.GITHUB_TOKEN, 'token'),
  }
}

/** @see docs.gitlab.com, "Predefined CI/CD variables" */
function gitLabCi(environment: Variables): CiFacts {
  return {
    api: environment.CI_API_V4_URL ?? 'https://gitlab.com/api/v4',
    server: environment.CI_SERVER_URL ?? 'https://gitlab.com',
    repository: environment.CI_PROJECT_PATH,
    token: tokenOf(environment.GITLAB_TOKEN, 'token') ?? tokenOf(environment.CI_JOB_TOKEN, 'job'),
  }
}

/** `OWNER/NAME`, at GitLab with any number of groups; no step of a path. */
function isRepository(text: string): boolean {
  return text.includes('/') && text.split('/').every(part => /^[A-Za-z0-9._-]+$/.test(part) && !/^\.{1,2}$/.test(part))
}

/** Header values hold no line ends; a token that was pasted with one is meant without. */
function tokenOf(text: string | undefined, kind: ForgeToken['kind']): ForgeToken | undefined {
  const value = text?.trim() ?? ''
  if (value === '') return undefined
  if (/^[!-~]{1,4096}$/.test(value)) return { kind, value }
  throw new Fault('FORGE_DENIED', {
    message: 'the token of the forge holds characters that no token has',
    hint: 'Give it in APTROOT_FORGE_TOKEN as the forge showed it, without quotes.',
  })
}

function apiOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text.endsWith('/') ? text : `${text}/`) : undefined
  const isLoopback = url?.hostname === '127.0.0.1' || url?.hostname === 'localhost' || url?.hostname === '[::1]'
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  if (url !== undefined && isSafe && url.username === '' && url.password === '' && url.search === '') return url
  throw new Fault('USAGE_INVALID', {
    message: 'the address of the API is no https:// address without user and query',
    hint: 'For example: --api https://github.example.org/api/v3, --api https://gitlab.example.org/api/v4.',
  })
}

/** The forge's requests, over a transport. */
export function createForge(settings: Exclude<ForgeSettings, { readonly kind: 'none' }>, world: ForgeWorld): Forge {
  const access = accessOf(settings)
  const api = createForgeApi(access, world)
  return settings.kind === 'github'
    ? createGitHub(settings.repository, access, api)
    : createGitLab(settings.repository, access, api)
}

function accessOf({ kind, api, token }: Exclude<ForgeSettings, { readonly kind: 'none' }>): ForgeAccess {
  const { value } = token
  if (kind === 'github')
    return {
      api,
      authorization: { header: 'authorization', value: `Bearer ${value}`, secret: value },
      headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    }
  const header = token.kind === 'job' ? 'job-token' : 'private-token'
  return { api, authorization: { header, value, secret: value }, headers: { accept: 'application/json' } }
}

/**
 * Lets git show the token to the forge's own repositories over https, where the clone has no credentials for them. Other hosts never see it:
 * git sends the header to addresses that begin so.
 *
 * @see git-config(1), `http.<url>.extraHeader`
 */
export async function remoteCredentials(git: Git, remote: string, settings: ForgeSettings): Promise<Git> {
  if (settings.kind === 'none' || settings.server === undefined || !URL.canParse(settings.server)) return git
  const { origin, protocol } = new URL(settings.server)
  const asked = await git.ask({ words: ['remote', 'get-url', '--push', remote] })
  const address = asked.exitStatus === 0 ? asked.output.trim() : remote
  if (protocol !== 'https:' || !address.startsWith(`${origin}/`)) return git
  const known = await git.ask({ words: ['config', '--get-urlmatch', 'http.extraHeader', address] })
  if (known.output.trim() !== '') return git
  const user =
    settings.kind === 'github' ? 'x-access-token' : settings.token.kind === 'job' ? 'gitlab-ci-token' : 'oauth2'
  const secret = Buffer.from(`${user}:${settings.token.value}`).toString('base64')
  return git.with(`http.${origin}/.extraHeader`, `Authorization: Basic ${secret}`)
}
