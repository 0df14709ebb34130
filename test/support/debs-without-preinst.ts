import { readAr, type TarContent, writeAr } from '../../src/codec/index.ts'
import { openDeb } from '../../src/deb/index.ts'
import { concatBytes } from '../../src/kernel/index.ts'
import { tarFile, writeGnuTar } from './tar-bytes.ts'

/**
 * The same deb without its preinst; data.tar byte for byte. An empty root has no shell that could run one, and aptroot runs none
 * with `configure: none`.
 */
export async function withoutPreinst(deb: Uint8Array, name: string): Promise<Uint8Array> {
  const open = await openDeb(once(deb), { name })
  await open.close()
  if (!open.members.has('preinst')) return deb
  const control: TarContent[] = [...open.members.values()]
    .filter(member => member.name !== 'preinst')
    .map(({ name: path, bytes, mode, modifiedSeconds }) => tarFile(`./${path}`, bytes, { mode, modifiedSeconds }))
  const members: { readonly name: string; readonly content: Uint8Array }[] = []
  for await (const member of readAr(once(deb), { name })) {
    const pieces: Uint8Array[] = []
    for await (const piece of member.body) pieces.push(piece.slice())
    const isControl = member.name.startsWith('control.tar')
    members.push({
      name: isControl ? 'control.tar' : member.name,
      content: isControl ? writeGnuTar(control) : concatBytes(pieces),
    })
  }
  return writeAr(members)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
