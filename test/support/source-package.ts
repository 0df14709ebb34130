import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compressGzipBytes } from '../../src/codec/index.ts'
import { formatStanza } from '../../src/debian-control-parser/index.ts'
import { tarEntry, tarFile, writeGnuTar } from './tar-bytes.ts'

/** Writes a source package of format 3.0 (native): `hello_1.0.dsc` and `hello_1.0.tar.gz`. @returns the name of the `.dsc` */
export async function writeSource(
  folder: string,
  { name, version, text = 'all: ;\n' }: { readonly name: string; readonly version: string; readonly text?: string },
): Promise<string> {
  const plain = version.replace(/^\d+:/, '')
  const root = `${name}-${plain}`
  const members = [
    ...['', 'debian/', 'debian/source/'].map(path => tarEntry({ kind: 'directory', path: `${root}/${path}` })),
    tarFile(`${root}/debian/source/format`, '3.0 (native)\n'),
    tarFile(`${root}/Makefile`, text),
  ]
  const tar = compressGzipBytes(writeGnuTar(members))
  const file = `${name}_${plain}.tar.gz`
  await writeFile(join(folder, file), tar)
  const digest = createHash('sha256').update(tar).digest('hex')
  const dsc = formatStanza([
    ['Format', '3.0 (native)'],
    ['Source', name],
    ['Binary', name],
    ['Architecture', 'any'],
    ['Version', version],
    ['Maintainer', 'Test <test@example.org>'],
    ['Checksums-Sha256', `\n ${digest} ${tar.length} ${file}`],
    ['Files', `\n ${createHash('md5').update(tar).digest('hex')} ${tar.length} ${file}`],
  ])
  await writeFile(join(folder, `${name}_${plain}.dsc`), dsc)
  return `${name}_${plain}.dsc`
}
