import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { Fault, type TlsMaterial } from '../kernel/index.ts'

/** undici's words for what a TLS connection is made with. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/**
 * Tried before a connection is opened, since OpenSSL's complaint would otherwise look like one of the server.
 *
 * @throws {Fault} `SETTINGS_INVALID` when the texts are no certificate and key that fit; their contents are not told
 */
export function checkedTlsOptions({ ca, certificate, key }: TlsMaterial, host: string): TlsOptions {
  const options = {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  }
  try {
    // OpenSSL takes a text without a certificate for an empty list of authorities.
    if (ca !== undefined) new X509Certificate(ca)
    createSecureContext(options)
    return options
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new Fault('SETTINGS_INVALID', {
      message: `the certificates of \`tls\` for ${host} cannot be used: ${reason}`,
      hint: 'Each file is PEM; the key has no password and belongs to the certificate.',
      context: { setting: 'tls', host, reason },
    })
  }
}
