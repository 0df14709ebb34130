import type { Sender, Transport } from '../kernel/index.ts'
import { createDirectTransport } from './direct-transport.ts'
import { defaultTransportSettings, type TransportSettings } from './transport-settings.ts'

export { defaultTransportSettings, type TransportSettings }

/**
 * Direct connections by Node's own client; what goes through a proxy, shows certificates of its own or
 * has a body by undici, which is loaded for the first such request.
 */
export function createHttpTransport(settings: TransportSettings = defaultTransportSettings): Transport & Sender {
  const direct = createDirectTransport(settings)
  let special: Promise<Transport & Sender> | undefined
  const onSpecialRoute = async (): Promise<Transport & Sender> => {
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
    send: async change => (await onSpecialRoute()).send(change),
    async close() {
      await Promise.all([direct.close(), (await special)?.close()])
    },
  }
}
