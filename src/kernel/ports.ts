/** What the rooms need from the world and tests replace. The file system is not a port: tests use real folders. */

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD'
  /** http or https; credentials travel in `headers`, never in the URL. */
  readonly url: URL
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A request that changes something at the server: sent once, since nobody knows what a lost one did. */
export interface TransportChange extends Omit<TransportRequest, 'method'> {
  readonly method: 'POST' | 'PUT' | 'PATCH'
  readonly body: Uint8Array
}

export interface TransportResponse {
  readonly status: number
  /** Lower-case names; a repeated header is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>
  /** Must be consumed or destroyed by `return()`; bytes as sent, no content decoding. */
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * One HTTP exchange: no redirects, no retries, no decoding; `transfer` decides about those.
 *
 * @throws {Fault} `NETWORK_UNREACHABLE`, `NETWORK_TIMEOUT`, and `NETWORK_TRUNCATED` while the body is read
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>
  close(): Promise<void>
}

/** As `Transport`, for what changes something. */
export interface Sender {
  send(change: TransportChange): Promise<TransportResponse>
}

/** With what https connections to a host are made; PEM texts. What is undefined is Node's own. */
export interface TlsMaterial {
  /** Authorities that may vouch for the host, instead of the built-in ones. */
  readonly ca: string | undefined
  /** Of the client. */
  readonly certificate: string | undefined
  /** Secret. */
  readonly key: string | undefined
}

/** How a host is reached. */
export interface Routes {
  /** The proxy for a URL (http or https, credentials within), or undefined for a direct connection. */
  readonly proxyOf?: ((url: URL) => URL | undefined) | undefined
  /** Asked for https URLs. */
  readonly tlsOf?: ((url: URL) => TlsMaterial | undefined) | undefined
}

export interface ProcessRequest {
  readonly program: string
  readonly arguments: readonly string[]
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>
  readonly workingFolder: string
  /** Standard input; a source that throws ends the program, and `run` throws the same. */
  readonly input?: Uint8Array | AsyncIterable<Uint8Array>
  /** Become the program's descriptors 3, 4, … in this order. */
  readonly descriptors?: readonly ProcessDescriptor[]
  /**
   * The program has this process's own three standard streams, and its terminal if there is one, instead of pipes: the result holds no
   * output then. Says where its standard output goes.
   */
  readonly attached?: 'standard output' | 'standard error'
  /** Gets standard output and standard error as they come, beside the result. */
  readonly onOutput?: (bytes: Uint8Array) => void
  readonly signal: AbortSignal
}

/** A pipe between this process and the program, beside the standard three. */
export type ProcessDescriptor =
  /** The program reads these bytes and then the end. */
  | { readonly kind: 'input'; readonly bytes: Uint8Array }
  /** What the program writes. */
  | { readonly kind: 'output'; readonly onBytes: (bytes: Uint8Array) => void }
  /** The program waits for the byte that comes once the promise is kept. */
  | { readonly kind: 'gate'; readonly opened: Promise<void> }

export interface ProcessResult {
  /** 128 + signal number when killed by a signal. */
  readonly exitStatus: number
  readonly output: Uint8Array
  readonly errorOutput: Uint8Array
}

export interface ProcessRunner {
  run(request: ProcessRequest): Promise<ProcessResult>
  /** The absolute path of a program on PATH, or undefined. */
  find(program: string): Promise<string | undefined>
  /**
   * A small process that starts programs from now on: a large one is copied for each that it starts, which takes 5 ms with 200 MB, and for
   * that time their memory a second time.
   *
   * @param temporaryFolder absolute
   */
  openLauncher?(temporaryFolder: string): Launcher
}

/** Runs as the runner that it is of. What the small process cannot do, that runner does. */
export interface Launcher extends ProcessRunner {
  /** Begins now what the first program would begin. */
  start(): void
  /** Ends the small process, and what it runs. */
  close(): Promise<void>
}

export interface Clock {
  now(): Date
  /** @throws the signal's reason when aborted */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
}

/** Signs Release files. */
export interface ReleaseSigner {
  /** Of the primary key; upper-case hex. */
  readonly fingerprint: string
  /** Armored; what readers of the archive trust. */
  readonly publicKey: string
  /**
   * InRelease.
   *
   * @param at the date of the signature, which a signer with a clock of its own may not keep to
   */
  clearSign(text: string, at: Date): Promise<Uint8Array>
  /** Release.gpg of the text's UTF-8 bytes; armored. */
  signDetached(text: string, at: Date): Promise<Uint8Array>
}
