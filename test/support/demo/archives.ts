import { readPrivateKey } from 'openpgp'
import { buildArchive } from '../archive-builder.ts'
import { applicationPackages, eximPackages, opensslPackages } from './application-packages.ts'
import { basePackages } from './base-packages.ts'
import { demoArchitectures } from './package.ts'

/**
 * All files of `fixtures/archive/`: `demo/`, and `demo-security/` in two states, before and after an update of the
 * source openssl. The same key gives the same bytes on any day.
 *
 * @param armoredKey the secret key of `fixtures/keys/`
 */
export async function demoArchives(armoredKey: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const keys = [await readPrivateKey({ armoredKey })]
  const common = { codename: 'demo', architectures: demoArchitectures, keys }
  const stable = {
    ...common,
    suite: 'stable',
    label: 'Demo',
    date: new Date('2025-09-06T10:00:00Z'),
    packages: [
      ...basePackages,
      ...applicationPackages,
      ...opensslPackages('3.0.15-1+demo1'),
      ...eximPackages('4.96-15+demo6'),
    ],
  }
  const security = { ...common, suite: 'stable-security', codename: 'demo-security', label: 'Demo-Security' }
  const eximFix = eximPackages('4.96-15+demo7')
  const parts = {
    demo: await buildArchive([stable]),
    'demo-security': await buildArchive([{ ...security, date: new Date('2025-09-13T08:00:00Z'), packages: eximFix }]),
    'demo-security-updated': await buildArchive([
      {
        ...security,
        date: new Date('2025-09-30T18:00:00Z'),
        packages: [...eximFix, ...opensslPackages('3.0.15-1+demo2')],
      },
    ]),
  }
  const files = new Map<string, Uint8Array>()
  for (const [folder, content] of Object.entries(parts))
    for (const [path, bytes] of Object.entries(content)) files.set(`${folder}/${path}`, bytes)
  return files
}
