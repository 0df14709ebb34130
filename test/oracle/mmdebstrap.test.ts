import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { realProject } from '../support/real-project.ts'
import { type ListedPath, listTar } from '../support/tar-listing.ts'

const run = promisify(execFile)
const hooks = '/usr/share/mmdebstrap/hooks/merged-usr'

/** What may differ from mmdebstrap's tar of the same packages, exactly which paths, and who writes them. */
const rules: readonly { readonly because: string; readonly paths: RegExp }[] = [
  {
    because: 'mmdebstrap copies them from the host or from its command line',
    paths: /^etc\/(apt\/sources\.list\.d\/0000served\.list|fstab|hostname|resolv\.conf)$/,
  },
  {
    because: 'backups that passwd and adduser write; sealed here',
    paths: /^etc\/(\.pwd\.lock|passwd-|group-|shadow-|gshadow-)$/,
  },
  {
    because: 'backups that dpkg and debconf write; sealed here',
    paths: /^var\/(lib\/dpkg\/(status|diversions|statoverride)-old|cache\/debconf\/(config|templates)\.dat-old)$/,
  },
  {
    because: 'keys that openssh-server makes for one machine; sealed here',
    paths: /^etc\/ssh\/ssh_host_\w+_key(\.pub)?$/,
  },
  {
    because: 'the unit that makes them at first boot',
    paths: /^etc\/systemd\/system\/(multi-user\.target\.wants\/)?aptroot-machine-secrets\.service$/,
  },
  { because: "apt's marks of what was installed automatically", paths: /^var\/lib\/apt\/extended_states$/ },
  { because: 'dpkg appends to it as it unpacks; sorted here', paths: /^var\/lib\/dpkg\/triggers\/File$/ },
  { because: "systemd's tmpfiles make it in /run, which is not kept here", paths: /^run\/lock\/subsys$/ },
  { because: 'left out by mmdebstrap with the device nodes', paths: /^dev$/ },
]

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'mmdebstrap --mode=root needs root'
  if (!existsSync('/usr/bin/mmdebstrap')) return 'mmdebstrap is not installed'
  return missingForRealData()
}

const sets = [
  { name: 'minbase', packages: ['apt', 'usr-is-merged'], least: 6_000 },
  {
    name: 'big',
    packages: ['apt', 'usr-is-merged', 'systemd', 'openssh-server', 'nginx', 'python3'],
    least: 10_000,
  },
]

describe.skipIf(skippedForWantOf(missing()))(
  'the finished root equals what mmdebstrap makes of the same packages',
  () => {
    let scratch = ''
    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'aptroot-mmdebstrap-'))
    })
    afterAll(() => rm(scratch, { recursive: true, force: true }))

    for (const { name, packages, least } of sets)
      test(`${name}: no path differs but for ${rules.length} rules`, async () => {
        const project = await realProject(scratch, [
          'architectures: [amd64]',
          'base: required',
          `packages: [${packages.join(', ')}]`,
          'exclude: [usrmerge]',
          'image: {source-date-epoch: 1750000000}',
        ])
        await project.run('lock', 'install', '--output', 'ours.tar')
        const sources = join(scratch, 'served.list')
        const options = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no]'
        await writeFile(
          sources,
          [
            `deb ${options} ${project.mirror.url}/debian bookworm main`,
            `deb ${options} ${project.mirror.url}/debian bookworm-updates main`,
            `deb ${options} ${project.mirror.url}/debian-security bookworm-security main`,
            '',
          ].join('\n'),
        )
        const pin = 'Package: usrmerge\\nPin: release *\\nPin-Priority: -1\\n'
        const theirs = join(scratch, `${name}.tar`)
        await run(
          'mmdebstrap',
          [
            ...['--mode=root', '--variant=minbase', `--hook-dir=${hooks}`, `--include=${packages.join(',')}`],
            `--setup-hook=printf '${pin}' >"$1"/etc/apt/preferences.d/test`,
            // Device nodes are for whoever runs the image.
            '--skip=output/dev',
            '--customize-hook=rm "$1"/etc/apt/preferences.d/test',
            ...['--format=tar', 'bookworm', theirs, sources],
          ],
          { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SOURCE_DATE_EPOCH: '1750000000' }, maxBuffer: 2 ** 28 },
        )
        const [ours, others] = [await listTar(join(project.folder, 'ours.tar')), await listTar(theirs)]
        assert.ok(ours.size > least, `only ${ours.size} paths`)
        const counts = rules.map(() => 0)
        const unexplained: string[] = []
        for (const path of new Set([...ours.keys(), ...others.keys()])) {
          const difference = differenceOf(ours.get(path), others.get(path))
          if (difference === undefined) continue
          const rule = rules.findIndex(({ paths }) => paths.test(path))
          if (rule === -1) unexplained.push(`${path}: ${difference}`)
          else counts[rule] = (counts[rule] ?? 0) + 1
        }
        assert.deepEqual(unexplained, [])
        const total = counts.reduce((sum, each) => sum + each, 0)
        assert.ok(total <= 25, `${total} paths differ`)
        const table = rules.map(({ because }, at) => `${`${counts[at]}`.padStart(4)}  ${because}`)
        process.stderr.write(`\n${name}: ${ours.size} paths, differing by rule:\n${table.join('\n')}\n`)
      })
  },
)

function differenceOf(ours: ListedPath | undefined, theirs: ListedPath | undefined): string | undefined {
  if (ours === undefined) return 'only in the tar of mmdebstrap'
  if (theirs === undefined) return 'only in ours'
  const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
  return a === b ? undefined : `${a} and ${b}`
}
