// Writes fixtures/archive/ afresh, README.md excepted: npm run fixtures.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { demoArchives } from '../test/support/demo/archives.ts'

const folder = 'fixtures/archive'
const files = await demoArchives(await readFile('fixtures/keys/demo-archive.secret.asc', 'utf8'))
for (const entry of await readdir(folder, { withFileTypes: true }))
  if (entry.isDirectory()) await rm(join(folder, entry.name), { recursive: true })
let sizeBytes = 0
for (const [path, bytes] of files) {
  const target = join(folder, path)
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, bytes)
  sizeBytes += bytes.length
}
console.log(`${folder}: ${files.size} files, ${sizeBytes} bytes`)
