import { fileURLToPath } from 'node:url'
import { Fault, isFault } from '../../kernel/index.ts'
import { readProgramVersion } from '../../workflows/program-version.ts'
import { BaseCommand } from './base-command.ts'
import { type Answer, type Envelope, envelopeOfAnswer, envelopeOfFault } from './envelope.ts'
import { faultOf, internalFault } from './failure.ts'
import { type CommandTable, type FoundCommand, type FoundHelp, findPlainCommand } from './find-command.ts'
import { listenForInterruption } from './interruption.ts'
import type { Invocation } from './invocation.ts'
import { loadOclif } from './load-oclif.ts'
import { Output } from './output.ts'
import { beforeSeparator } from './separator.ts'
import { colourOf, factsOf } from './terminal.ts'
import { span } from './text.ts'

/** How long an interrupted command may clean up before the process ends anyway. */
const graceMilliseconds = 3_000

/**
 * Runs one command line and ends the process with its exit code. Every answer and every fault of every command is
 * printed here, as text or as one JSON envelope.
 */
export async function runCommandLine(
  argv: readonly string[],
  packageFolder: URL,
  commands: CommandTable,
): Promise<void> {
  const interruption = listenForInterruption()
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((each): each is [string, string] => each[1] !== undefined),
  )
  const invocation: Invocation = {
    format: beforeSeparator(argv).includes('--json') ? 'json' : 'text',
    signal: interruption.signal,
    stdout: new Output(process.stdout, colourOf(factsOf(process.stdout), environment), 'standard output'),
    stderr: new Output(process.stderr, colourOf(factsOf(process.stderr), environment), 'standard error'),
    environment,
    packageFolder: fileURLToPath(packageFolder),
    warnings: [],
    closers: [],
  }
  const report = { verbose: beforeSeparator(argv).some(word => word === '--verbose' || word === '-v') }
  const surprise = (error: unknown) => {
    printFault(invocation, 'unknown', internalFault(error), report)
    process.exit(70)
  }
  process.on('uncaughtException', surprise)
  process.on('unhandledRejection', surprise)

  let exitCode = await dispatch(argv, invocation, { ...report, commands })
  try {
    await invocation.stdout.flush()
  } catch (error) {
    if (!isFault(error)) throw error
    // stdout is what failed, so the envelope cannot go there either.
    printFaultText(invocation, error, report)
    exitCode = error.exitCode
  }
  await invocation.stderr.flush().catch(() => undefined)
  // A connection or timer that a bug left open must not keep the process alive.
  process.exit(exitCode)
}

interface ReportOptions {
  readonly verbose: boolean
}

async function dispatch(
  argv: readonly string[],
  invocation: Invocation,
  report: ReportOptions & { readonly commands: CommandTable },
): Promise<number> {
  let commandName = ''
  let helpCommand = 'aptroot --help'
  try {
    const [first, ...rest] = argv
    if (first === '--version' || first === 'version') return await printVersion(invocation)
    const words = first === 'help' ? [...rest, '--help'] : [...argv]
    const found = (await findPlainCommand(words, invocation.packageFolder)) ?? (await findWithOclif(words, invocation))
    switch (found.kind) {
      case 'help':
        await found.show()
        return 0
      case 'command': {
        commandName = found.id.replaceAll(':', ' ')
        helpCommand = `aptroot ${commandName} --help`
        const answer = await runCommand(found, report.commands, invocation)
        await close(invocation)
        return printAnswer(invocation, commandName, answer)
      }
      default:
        return found satisfies never
    }
  } catch (error) {
    await close(invocation)
    const fault = faultOf(error, { signal: invocation.signal, helpCommand })
    printFault(invocation, commandName, fault, report)
    return fault.exitCode
  }
}

async function findWithOclif(
  words: readonly string[],
  { packageFolder }: Invocation,
): Promise<FoundCommand | FoundHelp> {
  const { findCommand } = await loadOclif()
  return findCommand(words, packageFolder)
}

async function runCommand(
  { id, argv, load, config }: FoundCommand,
  commands: CommandTable,
  invocation: Invocation,
): Promise<Answer> {
  // One that is part of this script shares its modules; a file of dist/commands would bring its own.
  const CommandClass = (await commands[id]?.())?.default ?? (await load())
  CommandClass.id = id
  const instance = new CommandClass([...argv], (await config(CommandClass)) as never)
  if (!(instance instanceof BaseCommand)) throw new Fault('INTERNAL', { message: `${id} does not extend BaseCommand` })
  const running = instance.start(invocation)
  const grace = new Promise<never>((_, reject) => {
    invocation.signal.addEventListener('abort', () => {
      setTimeout(() => reject(invocation.signal.reason), graceMilliseconds).unref()
    })
  })
  return await Promise.race([running, grace])
}

async function close(invocation: Invocation): Promise<void> {
  for (const closer of invocation.closers.splice(0).reverse()) await closer()
}

function printAnswer(invocation: Invocation, commandName: string, answer: Answer): number {
  if (invocation.format === 'json') {
    printEnvelope(invocation, envelopeOfAnswer(commandName, answer, invocation.warnings))
  } else {
    if (answer.document === undefined || process.stdout.isTTY === true) invocation.stdout.lines(answer.lines)
    else invocation.stdout.raw(answer.document)
    if (answer.fault !== undefined) printFaultText(invocation, answer.fault, { verbose: false })
  }
  return answer.fault?.exitCode ?? answer.exitCode ?? 0
}

function printFault(invocation: Invocation, commandName: string, fault: Fault, report: ReportOptions): void {
  if (invocation.format === 'json') printEnvelope(invocation, envelopeOfFault(commandName, fault, invocation.warnings))
  if (invocation.format === 'text' || (fault.code === 'INTERNAL' && report.verbose))
    printFaultText(invocation, fault, report)
}

function printFaultText(invocation: Invocation, fault: Fault, report: ReportOptions): void {
  invocation.stderr.line([span('bad', 'error: '), fault.message, span('faint', ` [${fault.code}]`)])
  const { excerpt } = fault.context
  // The line of the manifest, and a caret below the place.
  if (Array.isArray(excerpt)) for (const line of excerpt) invocation.stderr.line([span('faint', `  ${line}`)])
  if (fault.hint !== undefined) invocation.stderr.line([span('strong', 'hint: '), fault.hint])
  if (fault.code !== 'INTERNAL' || !report.verbose) return
  const cause = fault.cause instanceof Error ? fault.cause : fault
  invocation.stderr.lines((cause.stack ?? String(cause)).split('\n'))
}

function printEnvelope(invocation: Invocation, envelope: Envelope): void {
  invocation.stdout.raw(`${JSON.stringify(envelope, undefined, 2)}\n`)
}

async function printVersion(invocation: Invocation): Promise<number> {
  const version = await readProgramVersion(invocation)
  const answer = { result: { version, node: process.versions.node }, lines: [`aptroot/${version}`] }
  return printAnswer(invocation, 'version', answer)
}
