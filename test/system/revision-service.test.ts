import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it, onTestFinished } from 'vitest'
import { runRevisionCase } from '../soak/revisions-campaign.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { writerToken } from '../support/revision-load.ts'
import { isHealthy, startRevisionServer } from '../support/revision-servers.ts'
import { keyOf, whyNoSqlite } from '../support/revision-table.ts'
import { seededRandom } from '../support/seeded-random.ts'

const seed = Number(process.env.APTROOT_SEED ?? 20261121)

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'aptroot-revisions-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function serverOf(folder: string, ...words: readonly string[]) {
  const server = await startRevisionServer({ folder, words })
  onTestFinished(() => server.kill())
  return server
}

describe.skipIf(skippedForWantOf(whyNoSqlite() ?? whyNoPostgres()))(
  '32 clients of three services that are killed',
  () => {
    let postgres: PostgresServer
    beforeAll(async () => {
      postgres = await startPostgres()
    })
    afterAll(() => postgres.close())

    for (const [kind, mode, requests] of [
      ['SQLite', 'history', 10_000],
      ['PostgreSQL', 'history', 10_000],
      ['SQLite', 'no-history', 2_000],
      ['PostgreSQL', 'no-history', 2_000],
    ] as const)
      it(`are told nothing twice differently, on one ${kind} with ${mode}: ${requests} requests, seed ${seed}`, async () => {
        const folder = await newFolder()
        const report = await runRevisionCase({
          name: kind,
          folder,
          database: kind === 'SQLite' ? 'revisions.db' : await postgres.database(`case_${mode.replace('-', '_')}`),
          mode,
          requests,
          random: seededRandom(seed),
          kills: 'kill',
        })
        assert.deepEqual(report.complaints, [])
        assert.ok(report.rows > 100, `only ${report.rows} revisions`)
        assert.ok(report.kills > 0, 'nobody was killed')
      })
  },
)

describe.skipIf(skippedForWantOf(whyNoSqlite()))('aptroot revision', () => {
  const key = keyOf('a')
  const words = ['hello', '2.10', '-a', 'amd64', '-c', key.checksum]

  it('serves, is asked, exported and imported, and ends with 0 when it is told to', async () => {
    const folder = await newFolder()
    await writeFile(join(folder, 'tokens'), `${writerToken}\n`)
    const server = await serverOf(folder, '--tokens', 'tokens')
    const run = (more: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
      runAptroot(['revision', ...more], { folder, environment })
    const get = (...more: readonly string[]) =>
      run(['get', ...words, '--revision-service', server.url, ...more], { APTROOT_REVISION_TOKEN: writerToken })
    assert.equal((await get()).output, '1\n')
    assert.equal((await get('--template', '{recipe}.{revision}')).output, '2.10.1\n')
    assert.deepEqual(envelopeOf(await get('--json')).result, {
      ...key,
      revision: '1',
      known: true,
      debianVersion: '2.10+r1',
    })
    const denied = await run(['get', ...words, '--revision-service', server.url])
    assert.deepEqual([denied.exitCode, /REVISION_DENIED/.test(denied.errorOutput)], [2, true])
    const unknown = await get('--template', '{version}+{what}')
    assert.match(unknown.errorOutput, /"\{what\}", which does not exist.*REVISION_TEMPLATE_INVALID/)
    // While it runs.
    assert.match((await run(['export', '-o', 'all.jsonl'])).output, /^Wrote 1 revision to all\.jsonl\.$/m)
    assert.match(
      (await run(['import', '-d', 'copy.db', 'all.jsonl'])).output,
      /^Added 1 revision; the database has 1\.$/m,
    )
    await writeFile(join(folder, 'torn.jsonl'), '{"depth":1,"mode":"history","revisions":1}\n')
    const torn = await run(['import', '-d', 'copy.db', 'torn.jsonl'])
    assert.match(torn.errorOutput, /ends without the number.*REVISION_EXPORT_MALFORMED/)
    const mismatch = await run(['serve', '-d', 'copy.db', '--mode', 'no-history'])
    assert.match(mismatch.errorOutput, /made with history, not with no-history.*REVISION_TABLE_MISMATCH/)
    const ended = await server.stop()
    assert.equal(ended.status, 0, ended.text)
  })

  it('takes a new token while it runs, and lets the old one go', async () => {
    const folder = await newFolder()
    await writeFile(join(folder, 'tokens'), 'the-old-token-of-a-writer\n')
    const server = await serverOf(folder, '--tokens', 'tokens')
    const get = async (token: string) =>
      (
        await runAptroot(['revision', 'get', ...words, '--revision-service', server.url], {
          folder,
          environment: { APTROOT_REVISION_TOKEN: token },
        })
      ).exitCode
    assert.deepEqual([await get('the-old-token-of-a-writer'), await get('the-new-token-of-a-writer')], [0, 2])
    await writeFile(join(folder, 'tokens'), 'the-new-token-of-a-writer\n')
    while ((await get('the-new-token-of-a-writer')) !== 0);
    assert.equal(await get('the-old-token-of-a-writer'), 2)
    // A file that somebody broke leaves the tokens as they were.
    await writeFile(join(folder, 'tokens'), 'x\n')
    assert.equal(await get('the-new-token-of-a-writer'), 0)
  })

  it('extends another service, which may go away', async () => {
    const folder = await newFolder()
    const upstream = await serverOf(folder, '-d', 'upstream.db')
    const early = await runAptroot(['revision', 'serve', '-d', 'mine.db', '--upstream', 'http://127.0.0.1:1'], {
      folder,
    })
    assert.match(early.errorOutput, /cannot be asked.*REVISION_UNAVAILABLE/)
    const get = async (url: string, word: string) => {
      const checksum = keyOf(word).checksum
      return runAptroot(
        ['revision', 'get', 'hello', '2.10', '-a', 'amd64', '-c', checksum, '--revision-service', url],
        {
          folder,
        },
      )
    }
    const told = async (url: string, word: string) => (await get(url, word)).output.trim()
    for (const [at, word] of ['a', 'b', 'c', 'd'].entries())
      assert.equal(await told(upstream.url, word), String(at + 1))
    const local = await serverOf(folder, '-d', 'mine.db', '--upstream', upstream.url)
    assert.deepEqual(
      [await told(local.url, 'b'), await told(local.url, 'x'), await told(local.url, 'y')],
      ['2', '4.1', '4.2'],
    )
    assert.equal(await told(upstream.url, 'e'), '5')
    assert.deepEqual([await told(local.url, 'z'), await told(local.url, 'x')], ['5.1', '4.1'])
    await upstream.kill()
    // Started again without the other, it still answers what it knows.
    await local.kill()
    await local.start()
    assert.deepEqual([await told(local.url, 'b'), await told(local.url, 'z')], ['2', '5.1'])
    const refused = await get(local.url, 'new')
    assert.deepEqual(
      [refused.exitCode, /503: .*cannot be asked.*REVISION_UNAVAILABLE/.test(refused.errorOutput)],
      [4, true],
    )
    assert.ok(await isHealthy(local.url))
  })

  it('refuses to let other machines write without a token', async () => {
    const folder = await newFolder()
    const run = (...more: readonly string[]) => runAptroot(['revision', 'serve', ...more], { folder })
    assert.match((await run('--listen', '0.0.0.0:0')).errorOutput, /without a token.*USAGE_INVALID/)
    assert.match((await run('--read-only', '--upstream', 'http://127.0.0.1:1')).errorOutput, /exclude each other/)
    assert.match((await run('--listen', 'nowhere')).errorOutput, /no ADDRESS:PORT/)
    assert.match((await run('--read-only')).errorOutput, /no revisions in.*REVISION_TABLE_MISMATCH/)
    assert.match((await run('--upstream', 'ftp://127.0.0.1')).errorOutput, /no http or https address/)
  })
})
