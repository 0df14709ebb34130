import type { Lockfile } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'

/** `archive/suite/component` or `archive/suite`, read with the archives that a request names: suites may hold slashes. */
interface Origin {
  readonly archive: string
  readonly suite: string
}

/** What the `from` of debs means in the two locks. */
export interface Origins {
  /** Whether security fixes come from there: the suite's name says so, or the manifest of `after` does. */
  isSecurity(from: string): boolean
  /**
   * Whether a deb that moves between the two is an event: another archive, or another release of the same one. Between a release,
   * its updates and its security fixes debs move every week, as long as the lock knew that archive before.
   */
  isChange(fromBefore: string, fromAfter: string): boolean
}

export function originsOf(before: Lockfile, after: Lockfile, manifest: Manifest | undefined): Origins {
  const lines = [...before.request.archives, ...after.request.archives]
  const known = new Set(before.request.archives.map(line => line.split(' ', 1)[0] ?? ''))
  const flagged = new Set((manifest?.archives ?? []).filter(each => each.security).map(each => each.id))
  const originOf = (from: string): Origin => {
    const line = lines.find(each => {
      const suite = each.split(' ', 2).join('/')
      return from === suite || from.startsWith(`${suite}/`)
    })
    const [archive, suite] = line?.split(' ', 2) ?? from.split('/', 2)
    return { archive: archive ?? from, suite: suite ?? '' }
  }
  const isSecurity = (from: string) => {
    const { archive, suite } = originOf(from)
    return flagged.has(archive) || /(-security|\/updates)$/.test(suite)
  }
  return {
    isSecurity,
    isChange(fromBefore, fromAfter) {
      if (fromBefore === fromAfter) return false
      const [had, has] = [originOf(fromBefore), originOf(fromAfter)]
      if (releaseOf(had.suite) !== releaseOf(has.suite)) return true
      if (had.archive === has.archive) return false
      return !known.has(has.archive) || !(isSecurity(fromBefore) || isSecurity(fromAfter))
    },
  }
}

/** `bookworm-security`, `bookworm-updates` and `bookworm/updates` are of the release bookworm; `bookworm-backports` is not. */
function releaseOf(suite: string): string {
  return suite.replace(/(-security|-updates|-proposed-updates|-proposed|\/updates)$/, '')
}
