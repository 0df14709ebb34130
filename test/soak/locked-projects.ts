import { createHash, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LockedDeb, writeLockfile } from '../../src/lockfile/index.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

/** A deb as fetching sees it: bytes under a digest. Nobody opens it. */
export interface ServedDeb {
  readonly locked: LockedDeb
  /** Below the mirror's address. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** @param sizes bytes of each */
export function randomDebs(prefix: string, sizes: readonly number[]): readonly ServedDeb[] {
  return sizes.map((size, index) => {
    const bytes = randomBytes(size)
    const name = `${prefix}${String(index).padStart(4, '0')}`
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const locked = lockedDeb(`${name}:amd64=1`, {
      from: 'demo/stable/main',
      sha256,
      sizeBytes: size,
      root: 'wanted',
    })
    return { locked, bytes, path: `demo/${locked.directory}/${name}_1_amd64.deb` }
  })
}

/** A project whose lock pins exactly these debs, as if it had been resolved. */
export async function lockedProject(folder: string, debs: readonly ServedDeb[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const names = debs.map(({ locked }) => locked.name)
  await writeFile(
    join(folder, 'aptroot.yaml'),
    `manifest: 1
architectures: [amd64]
archives:
  - id: demo
    uri: http://mirror.example.org/demo
    suites: [stable]
    components: [main]
    trusted: {reason: made for this test}
base: none
packages:
${names.map(name => `  - ${name}\n`).join('')}image: {configure: none}
`,
  )
  const request = requestWith({ archives: ['demo stable main [unsigned]'], wanted: names })
  const lock = lockWith(
    debs.map(({ locked }) => locked),
    { request },
  )
  await writeFile(join(folder, 'aptroot.lock'), writeLockfile(lock))
}
