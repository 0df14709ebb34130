import { encodeUtf8, Fault, printable, type ReleaseSigner, type Session } from '../kernel/index.ts'
import { readKeyring } from '../openpgp/index.ts'
import type { World } from './world.ts'

/** What gpg and its agent need to find keys and to ask for a passphrase. */
const environmentOfGpg = ['HOME', 'GNUPGHOME', 'GPG_TTY', 'PATH', 'DISPLAY', 'WAYLAND_DISPLAY', 'XDG_RUNTIME_DIR']

/**
 * A signer whose secret key stays with gpg: in its key ring, on a card, behind its agent. Its signatures are dated by the clock of gpg.
 *
 * @param key fingerprint, as `gpg --list-secret-keys` prints it
 * @throws {Fault} `SIGNING_KEY_UNUSABLE` also later, when gpg refuses to sign
 */
export async function openGpgSigner(key: string, session: Session, world: World): Promise<ReleaseSigner> {
  const fingerprint = key.replaceAll(' ', '').replace(/^0x/, '').toUpperCase()
  if (!/^([0-9A-F]{40}|[0-9A-F]{64})$/.test(fingerprint))
    throw unusable(key, 'it is no fingerprint, which has 40 hex digits')
  const program = await world.processRunner.find('gpg')
  if (program === undefined) throw unusable(key, 'gpg is not installed here')
  const run = async (words: readonly string[], input?: Uint8Array) => {
    const result = await world.processRunner.run({
      program,
      arguments: ['--batch', '--no-tty', '--quiet', '--armor', ...words],
      environment: Object.fromEntries(
        environmentOfGpg.flatMap(name =>
          world.environment[name] === undefined ? [] : [[name, world.environment[name]]],
        ),
      ),
      workingFolder: world.workingFolder,
      ...(input === undefined ? {} : { input }),
      signal: session.signal,
    })
    if (result.exitStatus === 0 && result.output.length > 0) return result.output
    const said = new TextDecoder().decode(result.errorOutput).trim().split('\n').at(-1) ?? ''
    throw unusable(key, said === '' ? `gpg ended with status ${result.exitStatus}` : printable(said))
  }
  const publicKey = await run(['--export', fingerprint])
  const { fingerprints } = await readKeyring(publicKey, `gpg:${fingerprint}`)
  const signWith = ['--local-user', fingerprint, '--digest-algo', 'SHA512']
  return {
    fingerprint: fingerprints[0] ?? fingerprint,
    publicKey: new TextDecoder().decode(publicKey),
    clearSign: text => run([...signWith, '--clear-sign'], encodeUtf8(text)),
    signDetached: text => run([...signWith, '--detach-sign'], encodeUtf8(text)),
  }
}

function unusable(key: string, problem: string): Fault {
  return new Fault('SIGNING_KEY_UNUSABLE', {
    message: `gpg cannot sign with ${key}: ${problem}`,
    hint: 'See `gpg --list-secret-keys`; gpg-agent must be able to unlock the key without a terminal.',
    context: { key },
  })
}
