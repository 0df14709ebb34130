import type { SourcePosition } from './model.ts'

/** How a container is started and what its image says of itself; the words are those of the OCI image configuration. */
export interface OciOptions {
  /** Name of the image in the layout: `nginx:latest`; annotation `org.opencontainers.image.ref.name`. */
  readonly reference: string | undefined
  /** `single`: the whole tree; `packages`: grouped by source package, so that an update changes few layers. */
  readonly layers: 'single' | 'packages'
  readonly entrypoint: readonly string[] | undefined
  readonly command: readonly string[] | undefined
  /** By name, sorted. */
  readonly environment: ReadonlyMap<string, string>
  readonly user: string | undefined
  readonly workingFolder: string | undefined
  readonly labels: ReadonlyMap<string, string>
  readonly annotations: ReadonlyMap<string, string>
}

export interface OstreeOptions {
  /** The branch that names the commit; may hold `{architecture}`. */
  readonly reference: string
  /** `deployment`: /etc as /usr/etc, the kernel in /usr/lib/modules, /sysroot; `plain`: the tree as it is. */
  readonly layout: 'deployment' | 'plain'
  readonly subject: string
}

export interface SquashfsOptions {
  readonly compression: 'gzip' | 'xz' | 'zstd'
}

export interface Ext4Options {
  /** undefined: as much as the tree needs, and a fifth more. */
  readonly sizeBytes: number | undefined
  /** At most 16 bytes; undefined: none. */
  readonly label: string | undefined
}

export type OutputOptions =
  | { readonly format: 'tar' }
  | { readonly format: 'directory' }
  | ({ readonly format: 'oci' } & OciOptions)
  | ({ readonly format: 'ostree' } & OstreeOptions)
  | ({ readonly format: 'squashfs' } & SquashfsOptions)
  | { readonly format: 'erofs' }
  | ({ readonly format: 'ext4' } & Ext4Options)

export type OutputFormat = OutputOptions['format']

export type OutputDefinition = OutputOptions & {
  /** Inside the project; may hold `{architecture}`. */
  readonly path: string
  readonly position: SourcePosition
}

const defaults: { readonly [Format in OutputFormat]: Extract<OutputOptions, { readonly format: Format }> } = {
  tar: { format: 'tar' },
  directory: { format: 'directory' },
  oci: {
    format: 'oci',
    reference: undefined,
    layers: 'single',
    entrypoint: undefined,
    command: undefined,
    environment: new Map(),
    user: undefined,
    workingFolder: undefined,
    labels: new Map(),
    annotations: new Map(),
  },
  ostree: { format: 'ostree', reference: 'aptroot/{architecture}', layout: 'deployment', subject: '' },
  squashfs: { format: 'squashfs', compression: 'zstd' },
  erofs: { format: 'erofs' },
  ext4: { format: 'ext4', sizeBytes: undefined, label: undefined },
}

/** What holds where only the format is named. */
export function defaultOptions<Format extends OutputFormat>(
  format: Format,
): Extract<OutputOptions, { readonly format: Format }> {
  return defaults[format]
}

export const outputFormats = Object.keys(defaults) as readonly OutputFormat[]
