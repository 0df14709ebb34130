import { Fault, type Session } from '../kernel/index.ts'
import { drain, exchange } from './exchange.ts'
import { openLocalFile } from './local-file.ts'
import type { ReceiveWorld } from './receive.ts'
import { retryDelay } from './retry.ts'
import type { DownloadAddress } from './url.ts'

/**
 * Asks for a file's length without its bytes, again after what may pass.
 *
 * @returns undefined when the server does not say it
 * @throws {Fault} as a download
 */
export async function probe(
  world: ReceiveWorld,
  { url, credentials }: DownloadAddress,
  session: Session,
): Promise<number | undefined> {
  if (url.protocol === 'file:') {
    const { handle, sizeBytes } = await openLocalFile(url)
    await handle.close()
    return sizeBytes
  }
  for (let failures = 1; ; failures++) {
    try {
      const { response } = await exchange(world, { url, credentials, headers: {}, method: 'HEAD' }, session)
      await drain(response, world.clock)
      const length = response.headers['content-length'] ?? ''
      return /^\d{1,15}$/.test(length) ? Number(length) : undefined
    } catch (error) {
      session.signal.throwIfAborted()
      const delay = error instanceof Fault ? retryDelay(error, failures, world.random) : undefined
      if (delay === undefined) throw error
      await world.clock.sleep(delay, session.signal)
    }
  }
}
