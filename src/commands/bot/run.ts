import { Flags } from '@oclif/core'
import {
  type BotOutcome,
  type BotResult,
  createForge,
  forgeKinds,
  forgeSettings,
  remoteCredentials,
  runBot,
} from '../../bot/index.ts'
import { Fault } from '../../kernel/index.ts'
import { findProjects } from '../../workflows/project.ts'
import type { Site } from '../../workflows/site.ts'
import { BaseCommand } from '../base/base-command.ts'
import { parseInstant } from '../base/duration.ts'
import type { Answer } from '../base/envelope.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags } from '../base/settings-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class BotRun extends BaseCommand {
  static override summary = 'Propose what the policies let move: a branch and a request for each group'
  static override description =
    'One pass over the locks of this clone, as the base branch of the remote has them. Branches are named aptroot/LOCK/GROUP and rebuilt from the base branch; debs are fetched and relations proven before anything is pushed; a branch with commits of somebody else is left alone. The token is taken from APTROOT_FORGE_TOKEN, or from GITHUB_TOKEN, GITLAB_TOKEN or CI_JOB_TOKEN on their own CI.'
  static override flags = {
    ...manifestsFlags,
    plan: Flags.boolean({ summary: 'print what would be done; push, open and close nothing' }),
    forge: Flags.string({
      summary: 'whose requests: github, gitlab, or none to push branches only [default: the CI it runs on]',
      options: [...forgeKinds],
      helpGroup: 'FORGE',
    }),
    repository: Flags.string({
      summary: "the repository's name at the forge [default: the CI's]",
      helpValue: 'OWNER/NAME',
      helpGroup: 'FORGE',
    }),
    api: Flags.string({
      summary: "address of the forge's API [default: the CI's, else the public one]",
      helpValue: 'URL',
      helpGroup: 'FORGE',
    }),
    label: Flags.string({
      summary: 'label of the requests beside those of the policy; may be given several times',
      helpValue: 'NAME',
      helpGroup: 'FORGE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    limit: Flags.string({
      summary: "open requests at a time [default: the policies' least]",
      helpValue: 'N',
      helpGroup: 'FORGE',
    }),
    remote: Flags.string({
      summary: 'where branches are pushed to',
      helpValue: 'NAME',
      default: 'origin',
      helpGroup: 'GIT',
    }),
    base: Flags.string({
      summary: "the branch that locks are updated on [default: the remote's own]",
      helpValue: 'BRANCH',
      helpGroup: 'GIT',
    }),
    author: Flags.string({
      summary: 'of the commits',
      helpValue: 'NAME <MAIL>',
      default: 'aptroot <aptroot@localhost>',
      helpGroup: 'GIT',
    }),
    'commit-date': Flags.string({
      summary: 'lock: the newest date in the new lock, so that a second run makes the same commit; now: the clock',
      options: ['lock', 'now'],
      default: 'lock',
      helpGroup: 'GIT',
    }),
    'as-of': Flags.string({
      summary: 'judge signatures, expiry, rules and ages at this time instead of now',
      helpValue: 'TIME',
    }),
    ...storeFlags,
    ...networkFlags,
  }
  static override examples = [
    '<%= config.bin %> bot run --all',
    '<%= config.bin %> bot run --all --plan',
    '<%= config.bin %> bot run -f web.aptroot.yaml --forge github --repository example/images',
    '<%= config.bin %> bot run --forge gitlab --api https://gitlab.example.org/api/v4 --repository example/images',
    '<%= config.bin %> bot run --forge none --remote backup --base stable',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(BotRun)
    const session = this.session(flags)
    const world = this.world()
    const remote = checkedRemote(flags.remote)
    const settings = forgeSettings(
      {
        forge: forgeKinds.find(each => each === flags.forge),
        repository: flags.repository,
        api: flags.api,
      },
      world.environment,
    )
    const locks = []
    let site: Site | undefined
    for (const project of await findProjects(choiceOf(flags), world.workingFolder)) {
      site = await siteOf(flags, project, { session, world })
      locks.push({ project, site })
    }
    const routes = { proxyOf: site?.proxyOf, tlsOf: site?.tlsOf }
    const forge =
      settings.kind === 'none'
        ? undefined
        : createForge(settings, {
            transport: await world.openTransport(routes, site?.timeoutSeconds),
            clock: world.clock,
            signal: session.signal,
          })
    const result = await runBot(
      {
        locks,
        forge,
        bodyForge: settings.kind === 'gitlab' ? 'gitlab' : 'github',
        remote,
        base: flags.base === undefined ? undefined : checkedBranch(flags.base),
        configureGit: git => remoteCredentials(git, remote, settings),
        asOf: flags['as-of'] === undefined ? undefined : parseInstant('--as-of', flags['as-of']),
        identity: identityOf(flags.author),
        commitDate: flags['commit-date'] === 'now' ? 'now' : 'lock',
        labels: flags.label ?? [],
        limit: flags.limit === undefined ? undefined : limitOf(flags.limit),
        mode: flags.plan ? 'print' : 'act',
      },
      session,
      world,
    )
    return answerOf(result)
  }
}

/** A fault ends the command with its code; what was done for other branches stands beside it. */
function answerOf({ base, outcomes, faults }: BotResult): Answer {
  const told = faults.map(({ code, message }) => ({ code, message }))
  return {
    result: { base, branches: outcomes, faults: told },
    lines: outcomes.length === 0 ? ['Nothing to propose.'] : outcomes.map(outcomeLine),
    fault: faults[0],
  }
}

const tones = {
  opened: 'good',
  pushed: 'good',
  refreshed: 'changed',
  withdrawn: 'changed',
  'would-propose': 'good',
  'would-withdraw': 'changed',
  current: 'faint',
  left: 'notice',
  failed: 'bad',
} as const satisfies Readonly<Record<BotOutcome['did'], string>>

function outcomeLine({ did, branch, title, detail, request }: BotOutcome): Line {
  const told = [detail, title ?? '', request ?? ''].filter(each => each !== '')
  return [span(tones[did], did.replace('-', ' ')), ` ${branch}${told.length === 0 ? '' : `: ${told.join('; ')}`}`]
}

/** Name or address, but no option of git's. */
function checkedRemote(text: string): string {
  if (/^[A-Za-z0-9/.][!-~]*$/.test(text) && !text.includes('::')) return text
  throw new Fault('USAGE_INVALID', {
    message: '--remote is neither the name of a remote nor an address',
    hint: 'Name a remote of the clone, such as origin.',
  })
}

/** @see git-check-ref-format(1) */
function checkedBranch(text: string): string {
  const isBranch =
    /^[!-~]+$/.test(text) &&
    !/[~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock$|\/\./.test(text) &&
    !text.startsWith('aptroot/')
  if (isBranch) return text
  throw new Fault('USAGE_INVALID', {
    message: '--base is no name of a branch that could be updated',
    hint: "Name a branch of the remote, such as main; branches below aptroot/ are the bot's own.",
  })
}

function identityOf(text: string): { readonly name: string; readonly mail: string } {
  const [, name, mail] = /^([^<>\p{C}]+?) <([^<>\s\p{C}]+)>$/u.exec(text) ?? []
  if (name !== undefined && mail !== undefined) return { name, mail }
  throw new Fault('USAGE_INVALID', {
    message: '--author is not NAME <MAIL>',
    hint: 'For example: --author "aptroot <aptroot@example.org>".',
  })
}

function limitOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new Fault('USAGE_INVALID', {
    message: `--limit is ${JSON.stringify(text)}, which is no whole number from 1`,
    hint: 'For example: --limit 5.',
  })
}
