import { encodeUtf8, type Session } from '../kernel/index.ts'
import type { ConfigureInputs } from './configure-inputs.ts'
import type { RootCustomisation } from './customise-root.ts'
import type { GrowingRoot } from './growing-root.ts'
import type { ScriptRunner } from './run-dpkg.ts'

export interface AptRequest extends Pick<ConfigureInputs, 'automatic' | 'nativeArchitecture' | 'foreignArchitectures'> {
  readonly customisation: Pick<RootCustomisation, 'removedPackages'>
}

interface AptPlace {
  readonly root: Pick<GrowingRoot, 'hasFile' | 'staging'>
  readonly scripts: ScriptRunner
}

/**
 * apt's own folders as apt makes them at its first run, and its marks of what nobody asked for.
 *
 * @throws {Fault} `SCRIPT_FAILED` when apt's cache cannot be emptied, or its folders cannot be given to its user
 * @see apt-mark(8)
 */
export async function finishApt(request: AptRequest, { root, scripts }: AptPlace, session: Session): Promise<void> {
  if (!root.hasFile('usr/bin/apt-get')) return
  const marks = request.automatic.flatMap(name => {
    const [packageName = '', architecture = request.nativeArchitecture] = name.split(':')
    if (request.customisation.removedPackages.includes(packageName)) return []
    return `Package: ${packageName}\nArchitecture: ${architecture}\nAuto-Installed: 1\n\n`
  })
  // What `dpkg --add-architecture` leaves, said also where there is one only.
  const architectures = [request.nativeArchitecture, ...request.foreignArchitectures]
  root.staging.writeFile('var/lib/dpkg/arch', encodeUtf8(architectures.map(each => `${each}\n`).join('')), 0o644)
  root.staging.writeFile('var/lib/apt/extended_states', encodeUtf8(marks.join('')), 0o644)
  const folders = '/var/lib/apt/lists/partial /var/cache/apt/archives/partial'
  const script = `set -e; for each in ${folders}; do test ! -d "$each" || { chown _apt:root "$each"; chmod 700 "$each"; }; done; rm -rf /var/lib/apt/lists/auxfiles`
  await scripts.required('apt-get clean', { program: '/usr/bin/apt-get', arguments: ['clean'] }, session)
  await scripts.required("giving apt's folders to _apt", { program: '/bin/sh', arguments: ['-c', script] }, session)
}
