import type { ProcessResult, Session } from '../kernel/index.ts'

/** What isolates a program, the strongest first. */
export const sandboxBackEnds = ['bubblewrap', 'chroot'] as const
export type SandboxBackEnd = (typeof sandboxBackEnds)[number]

/** A program of the root file system itself. */
export interface SandboxedProgram {
  /** Absolute, as seen from inside. */
  readonly program: string
  readonly arguments: readonly string[]
  /** Beside the fixed environment of the sandbox. */
  readonly environment?: Readonly<Record<string, string>>
  /** Of standard input, which is empty otherwise. */
  readonly input?: Uint8Array
  /** The program talks to the user: with this process's own streams, for as long as it likes. */
  readonly attached?: 'standard output' | 'standard error'
  /** `host`: the program may use this host's network. */
  readonly network?: 'none' | 'host'
  /** Gets what the program prints, standard output and standard error in the order of their coming. */
  readonly onOutput?: (bytes: Uint8Array) => void
}

/** Runs programs in one root file system. Whatever a program leaves running is gone when `run` returns. */
export interface Sandbox {
  readonly backEnd: SandboxBackEnd
  /** What this back end cannot keep from a script, in words that follow "cannot"; empty for the strongest. */
  readonly weaknesses: readonly string[]
  /**
   * @throws {Fault} `SCRIPT_LIMIT` when the program takes more than the limits allow or prints without end,
   *   `PROGRAM_FAILED` when the back end cannot be started
   */
  run(program: SandboxedProgram, session: Session): Promise<ProcessResult>
}

export interface SandboxLimits {
  /** For one program with all that it starts. */
  readonly seconds: number
  /** No file grows beyond this; writing on is an error for the program (RLIMIT_FSIZE). */
  readonly fileBytes: number
  /** At a time. */
  readonly processes: number
  /** What the whole root may take of the disk. */
  readonly diskBytes: number
  /** Files and folders of the whole root. */
  readonly paths: number
}

/** A kernel with its initramfs, or a thousand packages, come nowhere near. */
export const defaultLimits: SandboxLimits = {
  seconds: 3600,
  fileBytes: 16 * 1024 ** 3,
  processes: 4096,
  diskBytes: 64 * 1024 ** 3,
  paths: 4_000_000,
}

/** All that a program in the sandbox sees of the world: the same everywhere. */
export function sandboxEnvironment(sourceDateEpochSeconds: number): Readonly<Record<string, string>> {
  return {
    DEBIAN_FRONTEND: 'noninteractive',
    DEBCONF_NONINTERACTIVE_SEEN: 'true',
    // TeX takes the date of its formats from SOURCE_DATE_EPOCH only when it is told to.
    FORCE_SOURCE_DATE: '1',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    // Perl's hashes are listed in another order by each process: update-language of tex-common writes languages so.
    PERL_HASH_SEED: '0',
    PYTHONHASHSEED: '0',
    SOURCE_DATE_EPOCH: `${sourceDateEpochSeconds}`,
  }
}
