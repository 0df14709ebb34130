import type { TlsMaterial } from '../kernel/index.ts'
import { readSettingFile } from './secret-file.ts'

/** Absolute paths of PEM files. */
export interface TlsFiles {
  /** Authorities that may vouch for a host, instead of the built-in ones. */
  readonly ca?: string | undefined
  /** Of the client; with `key`, or with the key in the same file. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

export interface TlsSettings extends TlsFiles {
  /** Host name → what it has of its own; the rest is as for all hosts. */
  readonly hosts: ReadonlyMap<string, TlsFiles>
}

/**
 * Reads the files once, and answers for each URL with what its host gets.
 *
 * @throws {Fault} `SETTINGS_INVALID` for a file that cannot be read
 */
export async function readTlsMaterial(
  settings: TlsSettings | undefined,
): Promise<((url: URL) => TlsMaterial | undefined) | undefined> {
  if (settings === undefined) return undefined
  const forAll = await materialOf(settings, 'tls')
  const forHosts = new Map<string, TlsMaterial>()
  for (const [host, files] of settings.hosts)
    forHosts.set(host, overlaid(await materialOf(files, `tls.hosts.${host}`), forAll))
  const unlessEmpty = (material: TlsMaterial) =>
    material.ca === undefined && material.certificate === undefined ? undefined : material
  return url => unlessEmpty(forHosts.get(url.hostname.replace(/^\[|\]$/g, '')) ?? forAll)
}

/** Certificate and key are a pair: one host's certificate is never used with the key of all. */
function overlaid(own: TlsMaterial, forAll: TlsMaterial): TlsMaterial {
  const client = own.certificate === undefined ? forAll : own
  return { ca: own.ca ?? forAll.ca, certificate: client.certificate, key: client.key }
}

async function materialOf({ ca, certificate, key }: TlsFiles, name: string): Promise<TlsMaterial> {
  const keyPath = key ?? certificate
  return {
    ca: ca === undefined ? undefined : await readSettingFile(ca, `${name}.ca`),
    certificate: certificate === undefined ? undefined : await readSettingFile(certificate, `${name}.certificate`),
    key: keyPath === undefined ? undefined : await readSettingFile(keyPath, `${name}.key`),
  }
}
