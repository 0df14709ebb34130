import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readStanzas } from '../../src/debian-control-parser/index.ts'
import { readKeyring, verifyClearSigned } from '../../src/openpgp/index.ts'

/** What a reader of a repository would stumble over: signatures, indexes under their hash, debs that they list. */
export async function repositoryComplaints(folder: string): Promise<readonly string[]> {
  const complaints: string[] = []
  const keyring = await readKeyring(await readFile(join(folder, 'archive-key.asc')), 'archive-key.asc')
  const holds = async (path: string, sha256: string) => {
    const bytes = await readFile(join(folder, path)).catch(() => undefined)
    if (bytes === undefined) complaints.push(`${path} is not there`)
    else if (createHash('sha256').update(bytes).digest('hex') !== sha256) complaints.push(`${path} has other bytes`)
    return bytes ?? Buffer.of()
  }
  for (const suite of await readdir(join(folder, 'dists'))) {
    const bytes = await readFile(join(folder, 'dists', suite, 'InRelease')).catch(() => undefined)
    // The first publication may have been killed before it got there.
    if (bytes === undefined) continue
    const { text } = await verifyClearSigned(bytes, keyring, { at: new Date(), name: suite })
    for (const [, sha256 = '', path = ''] of text.matchAll(/^ ([0-9a-f]{64}) +\d+ (.*)$/gm)) {
      const hashed = `dists/${suite}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${sha256}`
      const index = await holds(hashed, sha256)
      if (!path.endsWith('/Packages')) continue
      for (const deb of readStanzas(index)) await holds(deb.field('Filename') ?? '', deb.field('SHA256') ?? '')
    }
  }
  return complaints
}
