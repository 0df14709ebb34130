import type { Clock, ProcessRunner, Routes, Sender, Transport } from '../kernel/index.ts'

/** Everything outside that a workflow may touch beside the file system; the commands build it from `adapters`. */
export interface World {
  readonly clock: Clock
  readonly processRunner: ProcessRunner
  /**
   * Loaded on first use, since HTTP costs start-up time that `lock check` does not need. Closed when the command ends.
   *
   * @param routes default: direct connections, with Node's own authorities
   * @param timeoutSeconds how long a server may be silent
   */
  openTransport(routes?: Routes, timeoutSeconds?: number): Promise<Transport & Sender>
  /** Uniform in [0, 1): spreads retries over time, never touches a result. */
  random(): number
  readonly environment: Readonly<Record<string, string>>
  /** Absolute; relative paths of flags are judged from here. */
  readonly workingFolder: string
  /** Absolute: where work that nobody keeps is done. */
  readonly temporaryFolder: string
  /** This host's architecture in Debian's words: what a manifest without `architectures:` means. */
  readonly hostArchitecture: string | undefined
  /** The folder of the installed package: presets, schema and documents lie below it. */
  readonly packageFolder: string
}
