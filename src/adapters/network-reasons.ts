/** What an error code of Node, undici or OpenSSL means, for people. Never the message: it quotes what the server sent. */
export function reasonOf(errno: string): string {
  switch (errno) {
    case 'ENOTFOUND':
      return 'there is no host of that name'
    case 'EAI_AGAIN':
      return 'the name server did not answer'
    case 'ECONNREFUSED':
      return 'the connection was refused'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'the connection was closed by the other side'
    case 'ERR_SWITCHED_PROTOCOLS':
      return 'it switched to another protocol, unasked'
    case 'UND_ERR_INFO':
      return 'it sent interim answers only'
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return 'fewer bytes came than were announced'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `no trusted authority vouches for its certificate (${errno})`
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another host'
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
      return `it refused the handshake, as servers do that want a client certificate (${errno})`
    case 'PROXY_STATUS_407':
      return 'the proxy wants credentials (407)'
    default:
      return errno.replace(/^PROXY_STATUS_(\d{3})$/, 'the proxy answered $1')
  }
}

export function hintOf(errno: string): string {
  if (/^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_SSL_)/.test(errno))
    return 'Name the authority (`ca`) or your `certificate` and `key` under `tls` in the settings: docs/settings.md.'
  if (errno === 'PROXY_STATUS_407') return 'Put user and password into the address of the proxy: docs/settings.md.'
  return 'Check the address, the proxy and the network, or name another mirror with `--mirror ID=URI`.'
}
