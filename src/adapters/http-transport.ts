import type { Transport } from '../kernel/index.ts'
import { createDirectTransport } from './direct-transport.ts'
import { defaultTransportSettings, type TransportSettings } from './transport-settings.ts'

export { defaultTransportSettings, type TransportSettings }

/**
 * Direct connections by our own client; what goes through a proxy by undici, which is loaded for the first such request: it takes 45 ms, which a
 * `lock update` without news would notice.
 */
export function createHttpTransport(settings: TransportSettings = defaultTransportSettings): Transport {
  const direct = createDirectTransport(settings)
  let undici: Promise<Transport> | undefined
  const byProxy = async (): Promise<Transport> => {
    undici ??= import('./undici-transport.ts').then(each => each.createUndiciTransport(settings))
    return undici
  }
  return {
    async request(request) {
      return (settings.proxyOf?.(request.url) === undefined ? direct : await byProxy()).request(request)
    },
    async close() {
      await Promise.all([direct.close(), (await undici)?.close()])
    },
  }
}
