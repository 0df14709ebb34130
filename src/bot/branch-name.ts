import { createHash } from 'node:crypto'

/** Below it lie the bot's branches and nobody else's. */
export const botPrefix = 'aptroot/'

/**
 * `aptroot/LOCK/`: the same for one lock in every pass.
 *
 * @param lockPath of the lock in the repository: `aptroot.lock`, `images/web.aptroot.lock`
 */
export function branchPrefixOf(lockPath: string): string {
  return `${botPrefix}${refComponent(lockPath.replace(/\.lock$/, ''))}/`
}

/** `aptroot/LOCK/GROUP` */
export function branchOf(lockPath: string, group: string): string {
  return `${branchPrefixOf(lockPath)}${refComponent(group)}`
}

/**
 * One component of the name of a branch, as git-check-ref-format(1) allows them and as no shell minds them. What has to be changed for
 * that gets a digest, so that two names never meet.
 */
function refComponent(text: string): string {
  const isPlain = /^[A-Za-z0-9](?:[A-Za-z0-9+_-]|\.(?=[A-Za-z0-9+_-]))*$/.test(text) && !text.endsWith('.lock')
  if (isPlain && text.length <= 80) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 10)
  const readable = text.replace(/[^A-Za-z0-9+_]+/g, '-').replace(/^-+|-+$/g, '')
  return `${readable.slice(0, 60)}-${digest}`.replace(/^-/, 'x-')
}
