import type { OutputTarget, WantedOutput } from '../image/index.ts'
import { Fault } from '../kernel/index.ts'
import type { Manifest, OutputFormat, OutputOptions, RootArchitecture } from '../manifest/index.ts'
import { confinePath, isInside } from './confine-path.ts'
import type { InstallLockRequest } from './install-lock.ts'
import { nameOfRoot } from './update-lock.ts'

/** An output given on the command line: it may lie anywhere, since the user typed it and no pull request did. */
export interface TypedOutput {
  readonly format: OutputFormat
  /** Absolute; may hold `{architecture}`. */
  readonly path: string
  /** As the user wrote it. */
  readonly name: string
}

/** Where there is no `outputs:`, one tar for each root. */
const defaultOutput = { format: 'tar', path: 'out/{architecture}/rootfs.tar' } as const

/** What the command line or the manifest wants written of one root, every path judged. */
export async function outputsOf(
  request: Pick<InstallLockRequest, 'project' | 'outputs' | 'purpose'>,
  manifest: Manifest,
  root: RootArchitecture,
): Promise<readonly WantedOutput[]> {
  if (request.purpose !== 'build') return []
  const filled = (text: string): string => text.replaceAll('{architecture}', nameOfRoot(root))
  if (request.outputs !== undefined) {
    const { defaultOptions } = await import('../manifest/index.ts')
    return request.outputs.map(({ format, path, name }) => ({
      ...filledOptions(defaultOptions(format), filled),
      path: filled(path),
      name: filled(name),
    }))
  }
  const wanted = manifest.image.outputs.length === 0 ? [defaultOutput] : manifest.image.outputs
  return await Promise.all(
    wanted.map(async ({ path, ...options }) => ({
      ...filledOptions(options, filled),
      path: await confinePath(request.project, filled(path)),
      name: filled(path),
    })),
  )
}

function filledOptions(options: OutputOptions, filled: (text: string) => string): OutputOptions {
  return options.format === 'ostree' ? { ...options, reference: filled(options.reference) } : options
}

/**
 * Roots may share an OCI layout, which has an image for each architecture, and an ostree repository, which has branches. Nothing lies in
 * an output but what belongs to it: a folder is replaced with all that is in it.
 *
 * @throws {Fault} `MANIFEST_INVALID`
 */
export function refuseSharedOutputs(
  outputs: readonly { readonly root: RootArchitecture; readonly output: WantedOutput }[],
  documents: readonly OutputTarget[],
): void {
  const seen = new Map<string, string>()
  for (const { root, output } of outputs) {
    const part = output.format === 'oci' ? root.native : output.format === 'ostree' ? output.reference : ''
    const kind = part === '' ? '' : output.format
    const place = `${kind}\0${part}\0${output.path}`
    const other = seen.get(output.path)
    if (seen.has(place) || (other !== undefined && (other !== kind || kind === '')))
      throw new Fault('MANIFEST_INVALID', {
        message: `two outputs would be written to ${JSON.stringify(output.name)}`,
        hint: 'Put {architecture} into the path, or give each output a path of its own.',
        context: { path: output.name },
      })
    seen.set(place, kind).set(output.path, kind)
  }
  for (const { output } of outputs) {
    const others = outputs.map(each => each.output).filter(({ path }) => path !== output.path)
    const within = [...others, ...documents].find(({ path }) => isInside(output.path, path))
    if (within === undefined) continue
    throw new Fault('MANIFEST_INVALID', {
      message: `${JSON.stringify(within.name)} would be written into ${JSON.stringify(output.name)}, another output`,
      hint: 'Give each a place of its own, none below another.',
      context: { path: within.name, output: output.name },
    })
  }
}
