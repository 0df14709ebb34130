import { urlBelow } from '../transfer/index.ts'

const primaryHosts = /^(?:[a-z0-9-]+\.)?(?:archive|ports|security|old-releases)\.ubuntu\.com$/
const ppaHosts: ReadonlySet<string> = new Set(['ppa.launchpadcontent.net', 'ppa.launchpad.net'])

/**
 * Where Launchpad keeps a file of an archive: it never drops one that was published, in Ubuntu's primary archive or in a
 * PPA. Which of them an archive is, its own address in the manifest says, not the mirror in use.
 *
 * @param base of Launchpad; undefined: it is not asked
 * @param uris the archive's own
 */
export function launchpadUrls(base: string | undefined, uris: readonly string[], file: string): readonly string[] {
  if (base === undefined) return []
  const folders = new Set(uris.flatMap(uri => folderOf(uri) ?? []))
  return [...folders].flatMap(folder => urlBelow(base, `${folder}/+files/${file}`) ?? [])
}

function folderOf(uri: string): string | undefined {
  if (!URL.canParse(uri)) return undefined
  const { hostname, pathname } = new URL(uri)
  if (primaryHosts.test(hostname)) return 'ubuntu/+archive/primary'
  const [, user, name] = /^\/([a-z0-9][a-z0-9+.-]*)\/([a-z0-9][a-z0-9+.-]*)\/ubuntu\/?$/.exec(pathname) ?? []
  if (!ppaHosts.has(hostname) || user === undefined || name === undefined) return undefined
  return `~${user}/+archive/ubuntu/${name}`
}
