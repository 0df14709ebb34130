import type { Transport } from '../kernel/index.ts'
import { createDirectTransport } from './direct-transport.ts'
import { defaultTransportSettings, type TransportSettings } from './transport-settings.ts'

export { defaultTransportSettings, type TransportSettings }

/**
 * Direct connections by Node's own client; what goes through a proxy or shows certificates of its own by undici, which is
 * loaded for the first such request.
 */
export function createHttpTransport(settings: TransportSettings = defaultTransportSettings): Transport {
  const direct = createDirectTransport(settings)
  let special: Promise<Transport> | undefined
  const onSpecialRoute = async (): Promise<Transport> => {
    special ??= import('./undici-transport.ts').then(each => each.createUndiciTransport(settings))
    return special
  }
  return {
    async request(request) {
      const { url } = request
      const tls = url.protocol === 'https:' ? settings.tlsOf?.(url) : undefined
      const isPlain = settings.proxyOf?.(url) === undefined && tls === undefined
      return (isPlain ? direct : await onSpecialRoute()).request(request)
    },
    async close() {
      await Promise.all([direct.close(), (await special)?.close()])
    },
  }
}
