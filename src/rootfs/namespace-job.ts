import {
  Fault,
  isFault,
  type JournalEvent,
  type PlainFault,
  type ProcessResult,
  plainFault,
  type Session,
} from '../kernel/index.ts'
import { type NamespacedProgram, runInUserNamespace } from '../sandbox/index.ts'
import type { ConfigureHost } from './configure-root.ts'

/** What a process in the namespace answers, a line of JSON each. */
type JobMessage =
  | { readonly kind: 'event'; readonly event: JournalEvent }
  | { readonly kind: 'fault'; readonly fault: PlainFault }

/** How the process is told its job: on standard input, or, where that is the user's, by arguments. */
export type JobQuestion = Pick<NamespacedProgram, 'input' | 'attached'> & { readonly arguments?: readonly string[] }

/** @throws {Fault} what the process answers, and as `runInUserNamespace` */
export async function askInNamespace(
  host: ConfigureHost,
  question: JobQuestion,
  session: Session,
): Promise<ProcessResult> {
  const entry = host.namespace
  if (entry === undefined) throw new Fault('INTERNAL', { message: 'there is no way into a user namespace' })
  let open = ''
  let fault: Fault | undefined
  const result = await runInUserNamespace(
    {
      ...question,
      program: entry.program,
      arguments: [...entry.arguments, ...(question.arguments ?? [])],
      environment: { PATH: entry.searchPath },
      onMessage: bytes => {
        const lines = `${open}${Buffer.from(bytes).toString('utf8')}`.split('\n')
        open = lines.pop() ?? ''
        for (const line of lines) fault = hearAnswer(line, session) ?? fault
      },
    },
    host.runner,
    session,
  )
  if (fault !== undefined) throw fault
  return result
}

/** A line of `answerJob`: an event is passed on, a fault is returned. */
export function hearAnswer(line: string, session: Session): Fault | undefined {
  const message = JSON.parse(line) as JobMessage
  if (message.kind === 'fault') return new Fault(message.fault.code, message.fault)
  session.journal.emit(message.event)
  return undefined
}

/** The other end. Whatever is not a fault is a bug, and thrown. */
export async function answerJob(send: (line: string) => void, work: (session: Session) => Promise<void>) {
  const say = (message: JobMessage) => send(`${JSON.stringify(message)}\n`)
  try {
    await work({
      signal: new AbortController().signal,
      journal: { emit: event => say({ kind: 'event', event }) },
    })
  } catch (error) {
    if (!isFault(error)) throw error
    say({ kind: 'fault', fault: plainFault(error) })
  }
}
