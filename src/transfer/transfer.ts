import { concatBytes, Fault, redacted, type Session, type Stage } from '../kernel/index.ts'
import type { BlobClaim, BlobIdentity, BlobOutcome, BlobWriter, Store } from '../store/index.ts'
import { fileBytes, openLocalFile } from './local-file.ts'
import { probe } from './probe.ts'
import { createQueue, type Queue } from './queue.ts'
import { lengthFault, type ReceiveRequest, type Receiver, type ReceiveWorld, receive } from './receive.ts'
import { type DownloadAddress, parseAddress } from './url.ts'

/** Files that may wait for the disk at a time, each of them open. */
const commitsAtATime = 32

/** Between two looks at another process's claim. */
const claimPollMilliseconds = 50

export interface TransferWorld extends ReceiveWorld {
  /** Downloads at a time, over all hosts. */
  readonly parallelism: number
}

export interface Report {
  readonly stage: Stage
  readonly name: string
}

export interface BytesRequest {
  /** A longer file is refused, at its announced length or at the first byte too many. */
  readonly maximumBytes: number
  /** Where the length is known (a Release lists it): any other is refused. */
  readonly sizeBytes?: number
  /** How progress is named; default: stage `archive`, the redacted URL. */
  readonly report?: Report
  /** `passed-by`: what a cache on the way has may be too old. Default: `used`. */
  readonly caches?: 'used' | 'passed-by'
}

export interface BlobRequest {
  /** How progress is named; default: stage `fetch`, the redacted URL. */
  readonly report?: Report
}

/**
 * Downloads. URLs are http, https or file and may hold credentials, which are sent to that host alone and never printed.
 *
 * Faults of both: `NETWORK_STATUS` (context `status`), `NETWORK_UNREACHABLE`, `NETWORK_TIMEOUT`, `NETWORK_TRUNCATED`,
 * `NETWORK_REDIRECT_REFUSED`, each after as many attempts as can help; `FETCH_INTEGRITY` for another length;
 * `SETTINGS_INVALID` for another kind of URL; the signal's reason when interrupted.
 */
export interface Transfer {
  readonly parallelism: number
  /** A file in memory. Its bytes are as hostile as the server: nothing but the length was checked. */
  downloadBytes(url: string, request: BytesRequest, session: Session): Promise<Uint8Array>
  /**
   * A file into the store, whole and of the given digest, continuing what an earlier attempt left. Wrong bytes are
   * asked for once more, past caches. An interrupted download can be continued by the next one.
   *
   * @throws {Fault} `FETCH_INTEGRITY` when the bytes are wrong twice; the store's faults
   */
  downloadBlob(url: string, blob: BlobIdentity, destination: BlobDestination, session: Session): Promise<void>
  /**
   * Whether a file is there, without its bytes (HEAD); an absent one is the fault that `isAbsent` knows.
   *
   * @returns its length, where the server says it
   */
  probe(url: string, session: Session): Promise<number | undefined>
}

export interface BlobDestination extends BlobRequest {
  readonly store: Store
  /** Called when all bytes came, and only the disk is waited for. */
  readonly received?: () => void
}

export function createTransfer(world: TransferWorld): Transfer {
  const queue = createQueue(world.parallelism)
  const commits = createQueue(commitsAtATime)
  return {
    parallelism: world.parallelism,
    downloadBytes: (url, request, session) => queue(() => downloadBytes(world, url, request, session)),
    downloadBlob: async (url, blob, destination, session) =>
      downloadBlob({ world, queue, commits, address: parseAddress(url), blob, destination, session }),
    probe: (url, session) => queue(() => probe(world, parseAddress(url), session)),
  }
}

/** Whether a fault says that the server is there and the file is not. */
export function isAbsent(error: unknown): boolean {
  return (
    error instanceof Fault &&
    error.code === 'NETWORK_STATUS' &&
    (error.context.status === 404 || error.context.status === 410)
  )
}

async function downloadBytes(
  world: TransferWorld,
  address: string,
  request: BytesRequest,
  session: Session,
): Promise<Uint8Array> {
  const { url, credentials } = parseAddress(address)
  const report = request.report ?? { stage: 'archive', name: redacted(url) }
  const wanted: ReceiveRequest = {
    url,
    credentials,
    maximumBytes: Math.min(request.maximumBytes, request.sizeBytes ?? Number.MAX_SAFE_INTEGER),
    sizeBytes: request.sizeBytes,
    caches: request.caches ?? 'used',
    report,
  }
  const chunks = bytesReceiver(wanted.maximumBytes)
  started(session, report, request.sizeBytes)
  if (url.protocol === 'file:') await receiveFile(wanted, chunks, session)
  else await receive(world, wanted, chunks, session)
  session.journal.emit({ kind: 'finished', ...report })
  return chunks.bytes()
}

interface BlobDownload {
  readonly world: TransferWorld
  /** Only what uses the network has a place in it: waiting for a claim and for the disk hold up no other download. */
  readonly queue: Queue
  /** Writing to the disk goes on beside the next downloads. */
  readonly commits: Queue
  readonly address: DownloadAddress
  readonly blob: BlobIdentity
  readonly destination: BlobDestination
  readonly session: Session
}

async function downloadBlob(download: BlobDownload): Promise<void> {
  const { address, blob, destination, session } = download
  const report = destination.report ?? { stage: 'fetch', name: redacted(address.url) }
  session.signal.throwIfAborted()
  started(session, report, blob.sizeBytes)
  const claim = await claimed(download)
  try {
    // The process that we waited for has it by now.
    const isThere = await destination.store.has(blob)
    if (!isThere || (await destination.store.check(blob)) !== 'sound') await downloadClaimed(download, report)
  } finally {
    claim.release()
  }
  session.journal.emit({ kind: 'finished', ...report })
}

/** Waits while another living process downloads the same blob: the work is done once, whoever does it. */
async function claimed({ world, blob, destination, session }: BlobDownload): Promise<BlobClaim> {
  for (;;) {
    const claim = await destination.store.claimBlob(blob)
    if (claim !== 'held') return claim
    await world.clock.sleep(claimPollMilliseconds, session.signal)
  }
}

async function downloadClaimed(download: BlobDownload, report: Report): Promise<void> {
  const { blob, destination, session } = download
  const writer = await destination.store.beginBlob(blob)
  try {
    const first = await receiveBlob(download, writer, { report, caches: 'used' })
    if (first !== undefined) {
      session.journal.emit({ kind: 'warned', stage: report.stage, message: `${first.message}; asking once more` })
      await writer.restart()
      const second = await receiveBlob(download, writer, { report, caches: 'passed-by' })
      if (second !== undefined) throw second
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'FETCH_INTEGRITY') await writer.discard()
    else await writer.suspend()
    throw error
  }
}

/** @returns the fault where the bytes were wrong; other faults are thrown */
async function receiveBlob(
  { world, queue, commits, address, blob, destination, session }: BlobDownload,
  writer: BlobWriter,
  manner: { readonly report: Report; readonly caches: ReceiveRequest['caches'] },
): Promise<Fault | undefined> {
  const { url, credentials } = address
  const request = { url, credentials, maximumBytes: blob.sizeBytes, sizeBytes: blob.sizeBytes, ...manner }
  try {
    // An earlier process may have been ended between the last byte and its commit.
    if (writer.sizeBytes === blob.sizeBytes && blob.sizeBytes > 0 && (await writer.commit()).kind === 'stored')
      return undefined
    const receiver = blobReceiver(writer)
    await queue(() =>
      url.protocol === 'file:' ? receiveFile(request, receiver, session) : receive(world, request, receiver, session),
    )
  } catch (error) {
    if (error instanceof Fault && error.code === 'FETCH_INTEGRITY') return error
    throw error
  }
  const outcome = await commits(() => {
    destination.received?.()
    return writer.commit()
  })
  return faultOf(outcome, request, blob)
}

function faultOf(outcome: BlobOutcome, request: ReceiveRequest, blob: BlobIdentity): Fault | undefined {
  switch (outcome.kind) {
    case 'stored':
      return undefined
    case 'too-long':
      return lengthFault(request, `more than ${blob.sizeBytes}`)
    case 'too-short':
      return lengthFault(request, String(outcome.sizeBytes))
    case 'wrong-digest':
      return new Fault('FETCH_INTEGRITY', {
        message: `${redacted(request.url)} has sha256 ${outcome.sha256}, but ${blob.sha256} is wanted`,
        hint: 'The mirror replaced the file or something on the way changed it. Name another mirror with `--mirror ID=URI`.',
        context: { url: redacted(request.url), wanted: blob.sha256, found: outcome.sha256 },
      })
  }
}

async function receiveFile(request: ReceiveRequest, receiver: Receiver, session: Session): Promise<void> {
  if (receiver.receivedBytes > 0) await receiver.restart()
  const { handle, sizeBytes } = await openLocalFile(request.url)
  if (sizeBytes > request.maximumBytes || (request.sizeBytes !== undefined && sizeBytes !== request.sizeBytes)) {
    await handle.close()
    throw lengthFault(request, String(sizeBytes))
  }
  for await (const chunk of fileBytes(handle, redacted(request.url))) {
    session.signal.throwIfAborted()
    if ((await receiver.write(chunk)) === 'too-long') throw lengthFault(request, `more than ${request.maximumBytes}`)
    session.journal.emit({ kind: 'progressed', ...request.report, doneBytes: receiver.receivedBytes })
  }
}

function started(session: Session, report: Report, totalBytes: number | undefined): void {
  session.journal.emit({ kind: 'started', ...report, ...(totalBytes === undefined ? {} : { totalBytes }) })
}

/** The digest of the whole decides, so a beginning may be continued from any server. */
function blobReceiver(writer: BlobWriter): Receiver {
  return {
    get receivedBytes() {
      return writer.sizeBytes
    },
    resumes: 'by-digest',
    write: bytes => writer.write(bytes),
    restart: () => writer.restart(),
  }
}

function bytesReceiver(maximumBytes: number): Receiver & { bytes(): Uint8Array } {
  let chunks: Uint8Array[] = []
  let receivedBytes = 0
  return {
    get receivedBytes() {
      return receivedBytes
    },
    resumes: 'by-validator',
    async write(bytes) {
      if (receivedBytes + bytes.length > maximumBytes) return 'too-long'
      chunks.push(bytes)
      receivedBytes += bytes.length
      return 'accepted'
    },
    async restart() {
      chunks = []
      receivedBytes = 0
    },
    bytes: () => concatBytes(chunks),
  }
}
