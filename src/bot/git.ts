import { Fault, type ProcessRunner, printable } from '../kernel/index.ts'

/** git in one folder, with an environment of its own making. */
export interface Git {
  readonly folder: string
  /** @throws {Fault} `PROGRAM_FAILED` when git ends with another status than 0 */
  run(...words: readonly string[]): Promise<string>
  /** The same, with more said. */
  ask(request: GitRequest): Promise<GitAnswer>
  /** The same git in another folder. */
  in(folder: string): Git
  /** The same git with one more value of its configuration. */
  with(key: string, value: string): Git
}

export interface GitRequest {
  readonly words: readonly string[]
  readonly input?: Uint8Array
  /** Beside the fixed ones. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface GitAnswer {
  readonly exitStatus: number
  readonly output: string
  readonly bytes: Uint8Array
  /** First line that git complained with, without credentials. */
  readonly complaint: string
}

export interface GitWorld {
  readonly processRunner: ProcessRunner
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** Of the user's: how to get to the remote, and nothing that changes what git does. */
const passedVariables = [
  ...[
    'PATH',
    'HOME',
    'XDG_CONFIG_HOME',
    'TMPDIR',
    'SSH_AUTH_SOCK',
    'GIT_SSH_COMMAND',
    'GIT_SSL_CAINFO',
    'SSL_CERT_FILE',
  ],
  ...['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'],
]

/** Nothing of the repository's own is run, and nothing asks a person. */
const fixedConfiguration: readonly ConfigurationEntry[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.autocrlf', 'false'],
  ['core.quotePath', 'false'],
  ['commit.gpgSign', 'false'],
  ['push.gpgSign', 'false'],
  ['push.followTags', 'false'],
  ['submodule.recurse', 'false'],
  ['protocol.ext.allow', 'never'],
  // With a redirect the credentials would go along.
  ['http.followRedirects', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
]

/** What is taken over from the user's own configuration. */
const userKeys = '^(safe\\.directory|credential\\..*|http\\..*|url\\..*)$'

/**
 * git in a folder. It reads the configuration of the repository and, of the user's, what leads to remotes: `safe.directory`, `credential`, `http`
 * and `url`; hooks and monitors never run. Arguments are words, never a shell's line.
 *
 * @throws {Fault} `PROGRAM_FAILED` when there is no git
 */
export async function openGit(folder: string, world: GitWorld): Promise<Git> {
  const program = await world.processRunner.find('git')
  if (program === undefined)
    throw new Fault('PROGRAM_FAILED', {
      message: 'git is not on PATH',
      hint: 'Install git.',
      context: { program: 'git' },
    })
  const passed = Object.fromEntries(
    passedVariables.flatMap(name => {
      const value = world.environment[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const plain = { ...passed, LC_ALL: 'C.UTF-8', GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', SSH_ASKPASS: '' }
  const user = await world.processRunner.run({
    program,
    arguments: ['config', '--global', '--includes', '--null', '--get-regexp', userKeys],
    environment: plain,
    workingFolder: folder,
    signal: world.signal,
  })
  const userConfiguration: readonly ConfigurationEntry[] = new TextDecoder()
    .decode(user.output)
    .split('\0')
    .flatMap((entry): ConfigurationEntry[] => {
      const at = entry.indexOf('\n')
      return at < 0 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]]
    })
  const environment = { ...plain, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  return gitIn(folder, {
    program,
    environment,
    configuration: [...userConfiguration, ...fixedConfiguration],
    world,
  })
}

type ConfigurationEntry = readonly [key: string, value: string]

interface GitProgram {
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
  readonly configuration: readonly ConfigurationEntry[]
  readonly world: GitWorld
}

function gitIn(folder: string, git: GitProgram): Git {
  const { program, configuration, world } = git
  const environment = { ...git.environment, ...configurationVariables(configuration) }
  const ask = async (request: GitRequest): Promise<GitAnswer> => {
    const result = await world.processRunner.run({
      program,
      arguments: request.words,
      environment: { ...environment, ...request.environment },
      workingFolder: folder,
      ...(request.input === undefined ? {} : { input: request.input }),
      signal: world.signal,
    })
    const decoder = new TextDecoder()
    return {
      exitStatus: result.exitStatus,
      output: decoder.decode(result.output),
      bytes: result.output,
      complaint: complaintOf(decoder.decode(result.errorOutput)),
    }
  }
  return {
    folder,
    ask,
    async run(...words) {
      const answer = await ask({ words })
      if (answer.exitStatus === 0) return answer.output
      throw gitFault(words[0] ?? '', answer)
    },
    in: other => gitIn(other, git),
    with: (key, value) => gitIn(folder, { ...git, configuration: [...configuration, [key, value]] }),
  }
}

export function gitFault(word: string, { exitStatus, complaint }: GitAnswer): Fault {
  return new Fault('PROGRAM_FAILED', {
    message: `git ${word} failed: ${complaint === '' ? `exit status ${exitStatus}` : complaint}`,
    hint: 'Try the same with git by hand: remote, branch and permissions; docs/bot.md says which configuration is read.',
    context: { program: 'git', exitStatus },
  })
}

/** The first line that says what went wrong; an address keeps neither user nor password. */
function complaintOf(text: string): string {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  const telling = lines.find(line => /^(fatal|error|remote: error)/.test(line)) ?? lines[0] ?? ''
  return printable(telling.replace(/(?<=:\/\/)[^\s/@]*@/g, '').replace(/^(fatal|error): /, '')).slice(0, 300)
}

/** @see git-config(1), GIT_CONFIG_COUNT */
function configurationVariables(entries: readonly ConfigurationEntry[]): Record<string, string> {
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(entries.length)],
    ...entries.flatMap(([key, value], at) => [
      [`GIT_CONFIG_KEY_${at}`, key],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ]),
  ])
}
