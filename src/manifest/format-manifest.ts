import type { ArchiveDefinition, BaseSet, RecommendsPolicy } from './model.ts'

/** An archive as it is written into a manifest. */
export type ArchiveText = Omit<ArchiveDefinition, 'position'>

/** What `init` knows. `distribution` with no archives, archives alone, or both. */
export interface NewManifest {
  readonly distribution: string | undefined
  /** Beside those of the distribution. */
  readonly archives: readonly ArchiveText[]
  /** `amd64`, `amd64+i386`. */
  readonly architectures: readonly [string, ...string[]]
  readonly base: BaseSet
  /** Items as in a manifest: `nginx`, `openssl (>= 3.0)`. */
  readonly packages: readonly string[]
  readonly exclude: readonly string[]
  readonly recommends: RecommendsPolicy
}

/** The text of a first manifest: short, commented where a newcomer has a choice, and accepted by `readManifest`. */
export function createManifest(manifest: NewManifest): string {
  const { distribution, archives, architectures, base, packages, exclude, recommends } = manifest
  const output = architectures.length > 1 ? 'out/{architecture}/rootfs.tar' : 'out/rootfs.tar'
  const lines = [
    '# What a root file system is made of. `aptroot lock update` turns it into a lockfile, `aptroot lock install` turns',
    '# that into the root file system.',
    'manifest: 1',
    ...(distribution === undefined ? [] : [`distribution: ${scalar(distribution)}`]),
    `architectures: ${flowList(architectures)}`,
    ...(archives.length === 0 ? [] : ['archives:', ...archives.flatMap(each => blockItem(archiveFields(each), '  '))]),
    `base: ${base} # wanted beside the packages: none, essential, required or important`,
    ...(packages.length === 0 ? ['packages: []'] : ['packages:', ...packages.map(each => `  - ${scalar(each)}`)]),
    ...(exclude.length === 0 ? [] : [`exclude: ${flowList(exclude)} # may never be chosen`]),
    `recommends: ${recommendsText(recommends)}`,
    'image:',
    base === 'none'
      ? '  configure: none # unpacked only; maintainer scripts need the essential packages'
      : '  configure: scripts # maintainer scripts run in a sandbox; none: unpacked only',
    '  outputs:',
    `    - {format: tar, path: "${output}"}`,
  ]
  return `${lines.join('\n')}\n`
}

function recommendsText(policy: RecommendsPolicy): string {
  switch (policy.kind) {
    case 'skip':
      return 'false'
    case 'follow':
      return 'true'
    case 'follow-of':
      return flowList(policy.packages)
  }
}

/** A key and its value in flow style, or the lines of a text that needs several. */
export type FieldText =
  | { readonly key: string; readonly kind: 'flow'; readonly value: string }
  | { readonly key: string; readonly kind: 'lines'; readonly lines: readonly string[] }

/** In the order of the manual; what has its default is left out. */
export function archiveFields(archive: ArchiveText): readonly FieldText[] {
  const [uri, ...mirrors] = archive.uris
  return [
    flow('id', scalar(archive.id)),
    flow('uri', scalar(uri)),
    ...(mirrors.length === 0 ? [] : [flow('mirrors', flowList(mirrors))]),
    flow('suites', flowList(archive.suites)),
    ...(archive.components.length === 0 ? [] : [flow('components', flowList(archive.components))]),
    ...(archive.architectures === undefined ? [] : [flow('architectures', flowList(archive.architectures))]),
    trustField(archive.trust),
    ...(archive.snapshot === undefined ? [] : [flow('snapshot', scalar(archive.snapshot))]),
    ...(archive.maxAgeSeconds === undefined ? [] : [flow('max-age', durationText(archive.maxAgeSeconds))]),
    ...(archive.security ? [flow('security', 'true')] : []),
  ]
}

/** A list item in block style: `- id: x`, and the other keys below `id`. */
export function blockItem(fields: readonly FieldText[], indentation: string): readonly string[] {
  return fields.flatMap((field, at) => {
    const begin = `${indentation}${at === 0 ? '- ' : '  '}${field.key}:`
    if (field.kind === 'flow') return [`${begin} ${field.value}`]
    return [`${begin} |`, ...field.lines.map(line => (line === '' ? '' : `${indentation}    ${line}`))]
  })
}

/** `{id: x, …}` */
export function flowItem(fields: readonly FieldText[]): string {
  const pairs = fields.map(field =>
    field.kind === 'flow'
      ? `${field.key}: ${field.value}`
      : `${field.key}: ${JSON.stringify(`${field.lines.join('\n')}\n`)}`,
  )
  return `{${pairs.join(', ')}}`
}

/** Plain where no reader of YAML could take it for something else, else in double quotes. */
export function scalar(text: string): string {
  const plain = /^[A-Za-z](?:[A-Za-z0-9.+=/:~_-]*[A-Za-z0-9+])?$/.test(text)
  return plain && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text)
}

function flowList(items: readonly string[]): string {
  return `[${items.map(scalar).join(', ')}]`
}

function flow(key: string, value: string): FieldText {
  return { key, kind: 'flow', value }
}

function trustField(trust: ArchiveText['trust']): FieldText {
  switch (trust.kind) {
    case 'unsigned':
      return flow('trusted', `{reason: ${JSON.stringify(trust.reason)}}`)
    case 'signed-by':
      switch (trust.signedBy.kind) {
        case 'inline':
          return { key: 'signed-by', kind: 'lines', lines: trust.signedBy.armor.trimEnd().split(/\r?\n/) }
        case 'named':
          return flow('signed-by', scalar(trust.signedBy.name))
        case 'path':
          // A file without folder or ending would be taken for the name of a key ring.
          return flow(
            'signed-by',
            scalar(/[/.]/.test(trust.signedBy.path) ? trust.signedBy.path : `./${trust.signedBy.path}`),
          )
      }
  }
}

/** In the largest unit that divides it; a part of an hour is rounded up, since `max-age` has no smaller unit. */
function durationText(seconds: number): string {
  const hours = Math.max(1, Math.ceil(seconds / 3600))
  return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`
}
