import { byteStringOf, displayByteString } from '../codec/index.ts'
import { type PackageFacts, readPackageStates } from '../dpkg/index.ts'
import { Fault, type ProcessResult, type Session } from '../kernel/index.ts'
import type { Sandbox, SandboxBackEnd, SandboxedProgram } from '../sandbox/index.ts'
import { clash } from './clash.ts'
import { ScriptLog } from './script-log.ts'
import type { ScriptTrace } from './script-trace.ts'
import type { Staging } from './staging.ts'

function trace(line: string, session: Session): void {
  session.journal.emit({
    kind: 'traced',
    stage: 'configure',
    message: displayByteString(line.slice(0, 1000)).slice(1, -1),
  })
}

/** What dpkg opens as it starts; a pipe there would let it wait for ever. */
const databaseFiles = ['status', 'available', 'diversions', 'statoverride', 'arch', 'lock', 'triggers/Unincorp']

const controlFolder = 'var/lib/dpkg/tmp.ci'

/** Runs what packages bring in the root that is being made, with the dpkg of that root. */
export class ScriptRunner {
  readonly log: ScriptLog
  readonly #sandbox: Sandbox
  readonly #staging: Staging
  readonly #dpkgVersion: string
  readonly #trace: ScriptTrace | undefined

  /** @param trace hears of each script; packages are then configured one by one, in the same order */
  constructor(sandbox: Sandbox, staging: Staging, dpkgVersion: string, trace?: ScriptTrace) {
    this.#sandbox = sandbox
    this.#staging = staging
    this.#dpkgVersion = dpkgVersion
    this.#trace = trace
    this.log = new ScriptLog()
  }

  get backEnd(): SandboxBackEnd {
    return this.#sandbox.backEnd
  }

  /**
   * `preinst install`, as dpkg runs it before a package is unpacked: from tmp.ci, with the other control files beside it.
   *
   * @throws {Fault} `SCRIPT_FAILED`
   * @see dpkg's maintscript_exec
   */
  async preinst(facts: PackageFacts, session: Session): Promise<void> {
    const { deb } = facts
    this.#staging.makeFolders(controlFolder)
    this.#staging.writeFile(`${controlFolder}/control`, deb.control, 0o644)
    for (const { name, bytes, mode } of deb.controlFiles)
      this.#staging.writeFile(`${controlFolder}/${name}`, bytes, mode & 0o777)
    const result = await this.#run(
      `the preinst of ${facts.instanceName}`,
      {
        program: `/${controlFolder}/preinst`,
        arguments: ['install'],
        environment: {
          DPKG_ADMINDIR: '/var/lib/dpkg',
          DPKG_MAINTSCRIPT_ARCH: deb.architecture,
          DPKG_MAINTSCRIPT_NAME: 'preinst',
          DPKG_MAINTSCRIPT_PACKAGE: facts.name,
          DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT: '1',
          DPKG_ROOT: '',
          DPKG_RUNNING_VERSION: this.#dpkgVersion,
        },
        onOutput: bytes => this.log.add(bytes, line => trace(line, session)),
      },
      session,
    )
    this.#staging.remove(controlFolder)
    if (result.exitStatus === 0) return
    throw this.#failure({ name: facts.instanceName, script: 'preinst', status: result.exitStatus })
  }

  /** `dpkg --configure` of packages that are unpacked, in the order given as far as their relations allow. */
  async configure(packages: readonly PackageFacts[], session: Session): Promise<void> {
    if (this.#trace !== undefined) return await this.#configureEach(packages, session)
    const byName = new Map(packages.map(facts => [facts.name, facts]))
    let under: string | undefined
    const finish = () => {
      if (under !== undefined) session.journal.emit({ kind: 'finished', stage: 'configure', name: under })
      under = undefined
    }
    const names = packages.map(facts => facts.instanceName)
    await this.#dpkg('dpkg --configure', ['--configure', ...names], session, line => {
      const name = /^Setting up ([^ :]+)/.exec(line)?.[1]
      if (name === undefined || !byName.has(name)) return
      finish()
      under = name
      session.journal.emit({ kind: 'started', stage: 'configure', name })
    })
    finish()
  }

  /** What is still to be done: triggers, and packages that waited for others. */
  async finish(session: Session): Promise<void> {
    await this.#dpkg('the last triggers', ['--configure', '--pending'], session)
    const states = readPackageStates(this.#staging.readText('var/lib/dpkg/status') ?? '')
    const [open] = states.filter(({ state }) => state !== 'installed')
    if (open === undefined) return
    throw new Fault('SCRIPT_FAILED', {
      message: `${open.name} is ${open.state} after all scripts ran`,
      hint: 'Its postinst or a trigger left it so; `--log FILE` keeps what the scripts printed.',
      context: { package: open.name, state: open.state },
    })
  }

  /** Any program of the root. */
  async program(path: string, programArguments: readonly string[], input: Uint8Array | undefined, session: Session) {
    return this.#run(
      path,
      {
        program: path,
        arguments: programArguments,
        ...(input === undefined ? {} : { input }),
        onOutput: bytes => this.log.add(bytes, line => trace(line, session)),
      },
      session,
    )
  }

  /**
   * A program of the root that has to succeed.
   *
   * @param step what a message calls it, in words before "ended with status"
   * @param reasonIn what of its last lines says why it failed; default: the last one
   * @throws {Fault} `SCRIPT_FAILED`
   */
  async required(
    step: string,
    run: { readonly program: string; readonly arguments: readonly string[]; readonly input?: Uint8Array },
    session: Session,
    reasonIn: (lines: readonly string[]) => string | undefined = lines => lines.at(-1),
  ): Promise<void> {
    const { exitStatus } = await this.#run(
      step,
      { ...run, onOutput: bytes => this.log.add(bytes, line => trace(line, session)) },
      session,
    )
    if (exitStatus === 0) return
    const output = this.#lastLines()
    const reason = reasonIn(output)
    throw new Fault('SCRIPT_FAILED', {
      message: `${step} ended with status ${exitStatus}${reason === undefined ? '' : `: ${reason}`}`,
      hint: 'Read its last lines with --json, or all with --log FILE.',
      context: { script: step, exitStatus, output },
    })
  }

  /** Packages leave with all that is theirs. @throws {Fault} `SCRIPT_FAILED` that says who needs a package, or what its script said */
  async purge(names: readonly string[], session: Session): Promise<void> {
    if (names.length === 0) return
    const run = { program: '/usr/bin/dpkg', arguments: ['--purge', '--', ...names] }
    await this.required(`dpkg --purge ${names.join(' ')}`, run, session, whyNotPurged)
  }

  /** Slower, but at any time it is known whose script runs. */
  async #configureEach(packages: readonly PackageFacts[], session: Session): Promise<void> {
    const names = packages.map(facts => facts.instanceName)
    const inOrder: string[] = []
    await this.#dpkg('dpkg', ['--no-act', '--no-triggers', '--configure', ...names], session, line => {
      const name = /^Setting up (\S+) /.exec(line)?.[1]
      if (name !== undefined) inOrder.push(name)
    })
    for (const name of inOrder) {
      session.journal.emit({ kind: 'started', stage: 'configure', name })
      // In a circle of Depends the other one comes later: dpkg, asked for both, knows that.
      const dpkgArguments = ['--force-depends', '--no-triggers', '--configure', name]
      await this.#dpkg(`the postinst of ${name}`, dpkgArguments, session)
      session.journal.emit({ kind: 'finished', stage: 'configure', name })
    }
    const states = readPackageStates(this.#staging.readText('var/lib/dpkg/status') ?? '')
    for (const { name } of states.filter(each => each.triggers === 'pending'))
      await this.#dpkg(`the triggers of ${name}`, ['--force-depends', '--triggers-only', name], session)
    await this.#dpkg('the last triggers', ['--configure', '--pending'], session)
  }

  async #run(script: string, program: SandboxedProgram, session: Session): Promise<ProcessResult> {
    this.#trace?.begin(script)
    try {
      return await this.#sandbox.run(program, session)
    } finally {
      this.#trace?.end()
    }
  }

  #lastLines(): readonly string[] {
    return this.log.lastLines().map(line => displayByteString(line).slice(1, -1))
  }

  /** @param what its scripts, for the trace */
  async #dpkg(
    what: string,
    dpkgArguments: readonly string[],
    session: Session,
    onLine?: (line: string) => void,
  ): Promise<void> {
    for (const name of databaseFiles) {
      const kind = this.#staging.kindOf(`var/lib/dpkg/${name}`)
      if (kind !== undefined && kind !== 'file')
        throw clash(`var/lib/dpkg/${name}`, 'is no file any more: a script replaced it')
    }
    const result = await this.#run(
      what,
      {
        program: '/usr/bin/dpkg',
        arguments: dpkgArguments,
        onOutput: bytes =>
          this.log.add(bytes, line => {
            trace(line, session)
            onLine?.(line)
          }),
      },
      session,
    )
    if (result.exitStatus === 0) return
    const said = byteStringOf(result.errorOutput)
    const [, name = 'dpkg'] = /error processing package (\S+) \(/.exec(said) ?? []
    const [, script = 'postinst', status = `${result.exitStatus}`] =
      /installed \S+ package (\S+) script subprocess returned error exit status (\d+)/.exec(said) ?? []
    const scriptName = script === 'post-installation' ? 'postinst' : script
    throw this.#failure({ name, script: scriptName, status: Number(status) })
  }

  #failure({ name, script, status }: { readonly name: string; readonly script: string; readonly status: number }) {
    const last = this.#lastLines().filter(
      line => !/^(dpkg: error|installed |Errors were|Processing was)/.test(line.trim()),
    )
    return new Fault('SCRIPT_FAILED', {
      message: `the ${script} of ${name} ended with status ${status}${last.length === 0 ? '' : `: ${last.at(-1)}`}`,
      hint: `Read its last lines with --json, or all with --log FILE; \`aptroot lock why ${name}\` says who wants the package.`,
      context: { package: name, script, exitStatus: status, output: last },
    })
  }
}

/** dpkg's last line is only the name of a package. Before it stands who needs that, or what its script said. */
function whyNotPurged(lines: readonly string[]): string | undefined {
  const at = lines.findIndex(line => /^dpkg: error processing package \S+ \(--purge\)/.test(line))
  const [, name] = /package (\S+) \(/.exec(lines[at] ?? '') ?? []
  const said = lines[at + 1]?.trim()
  if (name === undefined || said === undefined) return lines.at(-1)
  const because = said.startsWith('dependency problems')
    ? lines.slice(0, at).findLast(line => /^ \S+ depends on /.test(line))
    : undefined
  return `${name}: ${because?.trim() ?? said}`
}
