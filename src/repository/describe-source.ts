import { createHash } from 'node:crypto'
import { isPackageName, readSourcePackage, versionProblem } from '../debian/index.ts'
import { type FieldText, formatStanza, linesOf, readSingleStanza, type Stanza } from '../debian-control-parser/index.ts'
import { concatBytes, decodeUtf8, encodeUtf8, Fault, isSha256, quoted } from '../kernel/index.ts'
import { poolFolder } from './pool-folder.ts'
import type { OfferedSource } from './source-records.ts'

/** A source package of one's own, as dpkg-buildpackage leaves it. */
export interface SourceSource {
  /** For messages: the `.dsc` as the user named it. */
  readonly name: string
  /** Opens the `.dsc`, or a file that lies beside it, from its beginning. */
  readonly content: (file: string) => AsyncIterable<Uint8Array>
}

/** Debian's are a few kB; a signed one of a source with a hundred tarballs is 100 kB. */
const maximumDscBytes = 4 * 1024 * 1024

/**
 * Reads a `.dsc` and each file that it names to its end.
 *
 * @throws {Fault} `SOURCE_MALFORMED`, also when a file is not as the `.dsc` says
 */
export async function describeSource(given: SourceSource): Promise<OfferedSource> {
  const dscName = given.name.slice(given.name.lastIndexOf('/') + 1)
  const dsc = await readDsc(given, dscName)
  const stanza = fieldsOf(dsc, given.name)
  const [name, version] = [stanza.field('Source') ?? '', stanza.field('Version') ?? '']
  if (!isPackageName(name)) throw malformed(given.name, `${quoted(name)} is no name of a source`)
  const problem = versionProblem(version)
  if (problem !== undefined) throw malformed(given.name, `${quoted(version)} is no version: ${problem}`)
  const files = linesOf(stanza.field('Checksums-Sha256') ?? '').filter(line => line.trim() !== '')
  if (files.length === 0) throw malformed(given.name, 'it names no files with their SHA256')
  for (const line of files) await checkFile(line.trim(), given)
  const digest = createHash('sha256').update(dsc).digest('hex')
  const text = sourcesStanza(stanza, [`${digest} ${dsc.length} ${dscName}`, ...files.map(line => line.trim())], {
    name,
    directory: poolFolder({ source: name, version }),
  })
  try {
    return { source: readSourcePackage(encodeUtf8(text), given.name), content: given.content }
  } catch (cause) {
    throw cause instanceof Fault ? malformed(given.name, cause.message, cause) : cause
  }
}

async function readDsc({ content, name }: SourceSource, dscName: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of content(dscName)) {
    sizeBytes += chunk.length
    if (sizeBytes > maximumDscBytes) throw malformed(name, `it is longer than ${maximumDscBytes} bytes`)
    chunks.push(chunk)
  }
  return concatBytes(chunks)
}

/** Who signed a `.dsc` of one's own does not matter here: the repository's signature is what readers trust. */
function fieldsOf(dsc: Uint8Array, name: string): Stanza {
  const text = decodeUtf8(dsc) ?? ''
  const signed = /^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[^\n]+\n)*\n([\s\S]*?)\n-----BEGIN PGP SIGNATURE-----\n/.exec(
    text,
  )
  const plain = (signed?.[1] ?? text).replace(/^- /gm, '')
  try {
    return readSingleStanza(encodeUtf8(`${plain.trimEnd()}\n`))
  } catch (cause) {
    throw malformed(name, cause instanceof Error ? cause.message : 'it does not parse', cause)
  }
}

async function checkFile(line: string, { name, content }: SourceSource): Promise<void> {
  const [sha256 = '', size = '', file = '', ...more] = line.split(/\s+/)
  if (!isSha256(sha256) || more.length > 0 || file === '' || /^\.|\//.test(file))
    throw malformed(name, `${quoted(line)} names no file beside it`)
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of content(file)) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  if (hash.digest('hex') !== sha256 || String(sizeBytes) !== size)
    throw malformed(name, `${file}, which it names, has other bytes than it says`)
}

/** As a Sources file has it: Package for Source, the `.dsc` among the files, and where they lie; SHA256 alone. */
function sourcesStanza(
  dsc: Stanza,
  files: readonly string[],
  { name, directory }: { readonly name: string; readonly directory: string },
): string {
  const left = dsc.fieldNames().filter(field => !/^(source|files|checksums-.*|directory|package)$/i.test(field))
  return formatStanza([
    ['Package', name],
    ...left.map((field): FieldText => [field, dsc.field(field) ?? '']),
    ['Directory', directory],
    ['Checksums-Sha256', ['', ...files].join('\n ')],
  ])
}

function malformed(file: string, problem: string, cause?: unknown): Fault {
  return new Fault('SOURCE_MALFORMED', {
    message: `${file} cannot be published: ${problem}`,
    hint: 'Build the source package again, for example with `dpkg-buildpackage -S`.',
    context: { file, problem },
    cause,
  })
}
