import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodeUtf8, type Session } from '../../kernel/index.ts'
import { makeFolder } from '../../store/index.ts'
import { type OutputTarget, outputUnwritable } from '../output-fault.ts'
import { replaceFile, temporaryBeside, writeSyncedFile } from '../whole-file.ts'

const folders = ['objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'state', 'tmp/cache', 'extensions']
const config = '[core]\nrepo_version=1\nmode=archive-z2\n'

/**
 * Opens an ostree repository of mode archive, or makes one where nothing or an empty folder is. What other commits it has stays.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE` for anything else that is there
 */
export async function openRepository(target: OutputTarget, session: Session): Promise<void> {
  const found = await readFile(join(target.path, 'config'), 'utf8').catch(() => undefined)
  if (found === undefined) {
    const names = await readdir(target.path).catch(() => [])
    if (names.length > 0)
      throw outputUnwritable(
        target,
        'the folder has contents and is no ostree repository',
        'Empty or move it, or choose another place with `--output`.',
      )
  } else if (!/^mode=archive(-z2)?$/m.test(found) || !/^repo_version=1$/m.test(found))
    throw outputUnwritable(
      target,
      'it is an ostree repository of another mode than archive',
      'Write to a repository of mode archive, and get the commit from there with `ostree pull-local`.',
    )
  for (const folder of folders) makeFolder(join(target.path, folder))
  if (found === undefined) await replaceFile(inside(target, 'config'), one(encodeUtf8(config)), session)
}

export type ObjectKind = 'filez' | 'dirtree' | 'dirmeta' | 'commit'

/** Adds an object in one step; one that is there has the same content, since it has the same name. */
export async function addObject(
  target: OutputTarget,
  object: { readonly checksum: string; readonly kind: ObjectKind },
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const place = join(target.path, 'objects', object.checksum.slice(0, 2), `${object.checksum.slice(2)}.${object.kind}`)
  if ((await stat(place).catch(() => undefined)) !== undefined) return
  makeFolder(dirname(place))
  const temporary = temporaryBeside(join(target.path, 'tmp', 'object'))
  try {
    await writeSyncedFile(temporary, source)
    await rename(temporary, place)
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

/** Makes a branch point to a commit. */
export async function setReference(
  target: OutputTarget,
  branch: { readonly reference: string; readonly commit: string },
  session: Session,
): Promise<void> {
  const place = inside(target, join('refs', 'heads', branch.reference))
  await replaceFile(place, one(encodeUtf8(`${branch.commit}\n`)), session)
}

function inside(target: OutputTarget, name: string): OutputTarget {
  return { path: join(target.path, name), name: `${target.name}/${name}` }
}

export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
