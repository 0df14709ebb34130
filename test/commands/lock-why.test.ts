import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { envelopeOf } from '../support/aptroot-program.ts'
import { asOf, signedProject } from '../support/signed-project.ts'

describe('lock why after an update', () => {
  const mail = {
    'app 1': { Depends: 'exim4 | postfix, mail-reader, awk' },
    'exim4 4': { Conflicts: 'legacy' },
    'postfix 3': {},
    'legacy 1': {},
    'mail-reader 2': {},
    'mutt 1': { Provides: 'mail-reader' },
    'mawk 1': { Provides: 'awk', Priority: 'required' },
    'original-awk 1': { Provides: 'awk' },
  }

  test('says which alternatives were rejected, from the indexes in the store, with the archive gone', async () => {
    const { folder, publish, want, run } = await signedProject()
    await publish(mail)
    want('app')
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
    rmSync(join(folder, 'archive'), { recursive: true })
    assert.equal(
      (await run('lock', 'why', 'exim4')).output,
      [
        'exim4:amd64 4',
        '  app (wanted) → exim4',
        '  rejected alternatives:',
        '    app:amd64=1 (Depends) asks for exim4 | postfix: exim4:amd64=4 was taken',
        '      not postfix:amd64=3: comes later in the or-group',
        '',
      ].join('\n'),
    )
    assert.match(
      (await run('lock', 'why', 'mawk')).output,
      /not original-awk:amd64=1: provider order: Priority required of mawk comes before none/,
    )
    const json = envelopeOf(await run('lock', 'why', 'mail-reader', '--json')).result as {
      reasons: { alternatives: { kind: string; groups: { rejected: { reason: string }[] }[] } }[]
    }
    assert.equal(json.reasons[0]?.alternatives.kind, 'known')
    assert.deepEqual(
      json.reasons[0]?.alternatives.groups.map(each => each.rejected.map(({ reason }) => reason)),
      [['provider-order']],
    )
  })

  test('says that they are unknown with an empty store, a changed manifest, or indexes of another day', async () => {
    const { folder, publish, want, run, read, write } = await signedProject()
    await publish(mail)
    want('app')
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
    const why = async (...flags: string[]) => (await run('lock', 'why', 'exim4', ...flags)).output
    assert.match(
      await why('--store', join(folder, 'empty')),
      /rejected alternatives: unknown, since the store has no Release/,
    )
    const lock = read('aptroot.lock')
    await publish({ ...mail, 'app 2': { Depends: 'exim4' } })
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
    write('aptroot.lock', lock.replace('"1"', '"0.9"'))
    assert.match(
      await why(),
      /unknown, since the indexes in the store are not those of the lock: they do not list app 0\.9/,
    )
    want('app', 'mutt')
    assert.match(await why(), /rejected alternatives: unknown, since aptroot\.lock/)
  })
})
