import { systemClock } from '../../src/adapters/system-clock.ts'
import type { Clock, ReleaseSigner } from '../../src/kernel/index.ts'
import { readSigningKey } from '../../src/openpgp/index.ts'
import { describeDeb, type OfferedDeb, Repository, RepositoryFolder } from '../../src/repository/index.ts'
import { buildDeb, type DebDescription, debFileName } from './deb-builder.ts'
import { makeTestKey } from './signing.ts'

/** A deb as a publisher offers it. */
export async function offeredDeb(
  control: Readonly<Record<string, string>>,
  files: DebDescription['files'] = [],
): Promise<OfferedDeb> {
  const description: DebDescription = { control, files }
  const bytes = buildDeb(description)
  return describeDeb({ name: debFileName(description), content: () => once(bytes) })
}

export async function testSigner(name = 'Repository'): Promise<ReleaseSigner> {
  const key = await makeTestKey({ name })
  return readSigningKey(Buffer.from(key.armor()), { name: 'test.key', passphrase: undefined, at: new Date() })
}

export function repositoryAt(path: string, clock: Clock = systemClock): Repository {
  return new Repository({ folder: new RepositoryFolder(path, 'repository'), clock, compressXz: undefined })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
