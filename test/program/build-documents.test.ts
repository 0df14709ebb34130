import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'
import { listTar } from '../support/tar-listing.ts'

let key: PrivateKey
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] }
  files = await buildArchive([{ ...suite, packages: greetingPackages }])
})

async function locked(): Promise<LockedProject> {
  const mirror = await startMirror({ files })
  const project = await lockedProject(mirror.url, key)
  const manifest = (await project.read('aptroot.yaml')).toString()
  await project.write(
    'aptroot.yaml',
    manifest.replace('image:\n', 'image:\n  files: [{source: motd, target: /etc/motd}]\n'),
  )
  await project.write('motd', 'Welcome\n')
  await project.succeed('lock update --as-of 2026-01-20')
  return project
}

const wanted = '--sbom out/a.spdx.json --sbom out/{architecture}.cdx.json --provenance out/a.intoto.json'

describe('lock install --sbom --provenance', () => {
  test('says of every file of the image where it comes from, and twice the same', async () => {
    const project = await locked()
    const { output } = await project.succeed(`lock install ${wanted}`)
    assert.match(output, /^Wrote out\/a\.spdx\.json\nWrote out\/amd64\.cdx\.json\n/m)
    assert.match(output, /^Wrote out\/a\.intoto\.json$/m)
    const names = ['out/a.spdx.json', 'out/amd64.cdx.json', 'out/a.intoto.json']
    const texts = await Promise.all(names.map(name => project.read(name)))
    await project.succeed(`lock install ${wanted}`, { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' })
    assert.deepEqual(await Promise.all(names.map(name => project.read(name))), texts)

    const cycloneDx = JSON.parse(texts[1]?.toString() ?? '') as {
      readonly components: readonly {
        readonly name: string
        readonly components?: readonly { readonly name: string }[]
      }[]
    }
    const owned = new Map(cycloneDx.components.map(each => [each.name, each.components?.map(({ name }) => name)]))
    assert.deepEqual(owned.get('hello'), ['/usr/bin/hello'])
    assert.deepEqual(owned.get('greeting'), ['/usr/share/greeting'])
    assert.deepEqual(owned.get('files of the project'), ['/etc/motd'])
    const tar = await listTar(join(project.folder, 'out/rootfs.tar'))
    const regular = [...tar].filter(([, { kind }]) => kind === 'file').map(([path]) => `/${path}`)
    assert.deepEqual([...owned.values()].flatMap(each => each ?? []).sort(), regular.sort())
  })

  test('ties outputs, lock, manifest and debs together by their digests', async () => {
    const project = await locked()
    await project.succeed('lock install --provenance statement.json')
    const { subject, predicate } = JSON.parse((await project.read('statement.json')).toString())
    const digest = async (name: string) =>
      createHash('sha256')
        .update(await project.read(name))
        .digest('hex')
    assert.deepEqual(subject[0], { name: 'out/rootfs.tar', digest: { sha256: await digest('out/rootfs.tar') } })
    const { output } = await project.succeed('lock install --digest')
    assert.ok(output.includes(`tree sha256:${subject[1].digest.sha256}`))
    const inputs = predicate.buildDefinition.resolvedDependencies
    assert.equal(inputs[0].digest.sha256, await digest('aptroot.yaml'))
    assert.equal(inputs[1].digest.sha256, await digest('aptroot.lock'))
    assert.equal(inputs[2].digest.sha256, await digest('motd'))
    const sums = (await project.succeed('lock export --format sha256sums')).output
    for (const each of inputs.slice(3)) assert.ok(sums.includes(`${each.digest.sha256}  `), each.name)
  })

  test('refuses a name that says no format, before anything is fetched', async () => {
    const project = await locked()
    const { exitCode, errorOutput } = await project.run('lock install --sbom sbom.json')
    assert.equal(exitCode, 2)
    assert.match(
      errorOutput,
      /sbom\.json does not say which bill of materials.*\[USAGE_INVALID\]\nhint: .*\.spdx\.json/,
    )
    assert.equal(existsSync(join(project.folder, 'out')), false)
  })
})

test('lock export --format sha256sums checks a vendor folder, and its Packages is the one that lies there', async () => {
  const project = await locked()
  await project.succeed('lock vendor vendor')
  const sums = (await project.succeed('lock export --format sha256sums')).output
  const checked = execFileSync('sha256sum', ['--check'], { cwd: join(project.folder, 'vendor'), input: sums })
  assert.equal(checked.toString().match(/: OK$/gm)?.length, 2)
  const packages = (await project.succeed('lock export --format packages')).output
  assert.equal(packages, (await project.read('vendor/Packages')).toString())
})
