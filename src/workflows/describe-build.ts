import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import type { EmittedOutput } from '../image/index.ts'
import type { NamedDigest } from '../interchange/index.ts'
import { encodeUtf8, Fault, type Session, unreachable } from '../kernel/index.ts'
import type { Lockfile } from '../lockfile/index.ts'
import type { AssembledRoot } from '../rootfs/index.ts'
import { readProgramVersion } from './program-version.ts'
import type { Project } from './project.ts'
import { readTextFile } from './text-file.ts'
import type { World } from './world.ts'

/** A document about a build, given on the command line. */
export interface TypedDocument {
  /** Absolute; may hold `{architecture}`. */
  readonly path: string
  /** As the user wrote it. */
  readonly name: string
}

export interface WantedDocuments {
  /** Bills of materials, each of one root. */
  readonly bills: readonly TypedDocument[]
  /** One for the whole run. */
  readonly provenance: TypedDocument | undefined
}

/** @throws {Fault} `USAGE_INVALID` for a name that does not say its format, or a single name for several roots */
export function checkDocuments({ bills }: WantedDocuments, roots: readonly string[]): void {
  for (const { name } of bills) {
    if (billFormatOf(name) === undefined)
      throw new Fault('USAGE_INVALID', {
        message: `${name} does not say which bill of materials it is to be`,
        hint: 'Let the name end in .spdx.json or .cdx.json.',
        context: { file: name },
      })
    if (roots.length > 1 && !name.includes('{architecture}'))
      throw new Fault('USAGE_INVALID', {
        message: `${name} is one file, but ${roots.length} roots have a bill of materials each`,
        hint: 'Put {architecture} into the name, or choose one root with --architecture.',
        context: { file: name },
      })
  }
}

/** Every file that is wanted, for these roots. */
export function placesOfDocuments(
  { bills, provenance }: WantedDocuments,
  roots: readonly string[],
): readonly TypedDocument[] {
  return [
    ...roots.flatMap(root => bills.map(bill => filled(bill, root))),
    ...(provenance === undefined ? [] : [provenance]),
  ]
}

function billFormatOf(name: string): 'spdx' | 'cyclonedx' | undefined {
  if (name.endsWith('.spdx.json')) return 'spdx'
  return name.endsWith('.cdx.json') ? 'cyclonedx' : undefined
}

/**
 * Writes the bills of materials of one root. Which script made what is found out by running them once more, one by one, unless the store knows.
 *
 * @returns the names of the files
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`, `STORE_CORRUPT`
 */
export async function writeBills(
  wanted: readonly TypedDocument[],
  of: { readonly project: Project; readonly lock: Lockfile; readonly root: string; readonly assembled: AssembledRoot },
  { session, world }: { readonly session: Session; readonly world: World },
): Promise<readonly string[]> {
  if (wanted.length === 0) return []
  const { billOfImage, formatCycloneDx, formatSpdx } = await import('../interchange/index.ts')
  const { lock, root, assembled } = of
  const toolVersion = await readProgramVersion(world)
  const bill = await billOfImage(
    { ...assembled, scripts: await assembled.traceScripts(session) },
    { lock, root, name: `${imageName(of.project)} ${root}`, toolVersion },
    session,
  )
  const written: string[] = []
  for (const document of wanted.map(each => filled(each, root))) {
    const text = billFormatOf(document.name) === 'spdx' ? formatSpdx(bill) : formatCycloneDx(bill)
    await writeDocument(document, text, session)
    written.push(document.name)
  }
  return written
}

/** `web` of `web.aptroot.lock`; a lock without a name has its folder's no more than a time: what is built is the same anywhere. */
function imageName({ lockName }: Project): string {
  return basename(lockName).replace(/\.lock$/, '')
}

function filled({ path, name }: TypedDocument, root: string): TypedDocument {
  return { path: path.replaceAll('{architecture}', root), name: name.replaceAll('{architecture}', root) }
}

export interface DocumentedRoot {
  readonly architecture: string
  readonly digest: string
  readonly outputs: readonly EmittedOutput[]
  /** What the project brought into the image, by path there. */
  readonly projectFiles: readonly NamedDigest[]
}

/**
 * Writes the provenance of a run.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function writeProvenance(
  document: TypedDocument,
  of: {
    readonly project: Project
    readonly lockText: string
    readonly lock: Lockfile
    readonly sourceDateEpochSeconds: number
    readonly roots: readonly DocumentedRoot[]
  },
  { session, world }: { readonly session: Session; readonly world: World },
): Promise<void> {
  const { formatProvenance, lockedDebs } = await import('../interchange/index.ts')
  const { project, lock, roots } = of
  const manifestText = await readTextFile(project.manifestPath, 'MANIFEST_MISSING')
  const built = []
  for (const { architecture, digest, outputs } of roots) {
    const described = []
    for (const output of outputs) described.push(await digestOfOutput(output, digest))
    built.push({ architecture, digest, outputs: described })
  }
  const projectFiles = new Map(
    roots.flatMap(root => root.projectFiles.map(file => [`${file.name} ${file.sha256}`, file])),
  )
  const text = formatProvenance({
    toolVersion: await readProgramVersion(world),
    manifest: { name: basename(project.manifestName), sha256: sha256Of(manifestText) },
    lock: { name: basename(project.lockName), sha256: sha256Of(of.lockText) },
    projectFiles: [...projectFiles.values()],
    debs: lockedDebs(
      lock,
      roots.map(({ architecture }) => architecture),
    ),
    sourceDateEpochSeconds: of.sourceDateEpochSeconds,
    roots: built,
  })
  await writeDocument(document, text, session)
}

/** The project's own contents in a tree, by path there: what `files:` and the like brought. */
export async function projectFilesIn({ tree, projectContents }: AssembledRoot): Promise<readonly NamedDigest[]> {
  if (projectContents.size === 0) return []
  const { pathText } = await import('../interchange/index.ts')
  return [...tree].flatMap(([path, entry]) =>
    entry.kind === 'file' && projectContents.has(entry.content.sha256)
      ? [{ name: `files:/${pathText(path)}`, sha256: entry.content.sha256 }]
      : [],
  )
}

/** Of a file its bytes; of an OCI image its manifest, of ostree the commit, of a folder the tree. */
async function digestOfOutput(output: EmittedOutput, treeDigest: string): Promise<NamedDigest> {
  // What was typed may be a place of this machine, which is nobody's business.
  const name = isAbsolute(output.name) ? basename(output.name) : output.name
  switch (output.kind) {
    case 'tar':
      return { name, sha256: await sha256OfFile(output.path) }
    case 'squashfs':
    case 'erofs':
    case 'ext4':
      return { name, sha256: output.sha256 }
    case 'oci':
      return { name, sha256: output.manifest.digest.replace('sha256:', '') }
    case 'ostree':
      return { name, sha256: output.commit }
    case 'directory':
      return { name, sha256: treeDigest }
    default:
      return unreachable(output)
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes)
  return hash.digest('hex')
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

async function writeDocument(target: TypedDocument, text: string, session: Session): Promise<void> {
  const { replaceFile } = await import('../image/whole-file.ts')
  const bytes = async function* () {
    yield encodeUtf8(text)
  }
  await replaceFile(target, bytes(), session)
}
