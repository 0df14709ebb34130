import { type ForeignProject, importFault } from './foreign-project.ts'

/** A dpkg database of 100,000 packages is about 100 MB; the largest real ones have 5. */
const mostCharacters = 32 * 1024 * 1024

/** Documents that a library reads: it takes many times their size. */
const mostCharactersOfDocument = 8 * 1024 * 1024

/**
 * Reads a file of another program, whatever it is called: its content says what it is.
 *
 * @throws {Fault} `IMPORT_MALFORMED`, also for a file of no known kind; `APT_SOURCES_MALFORMED` for addresses that apt would refuse
 */
export async function readForeignProject(text: string, fileName: string): Promise<ForeignProject> {
  if (text.length > mostCharacters) throw importFault(fileName, `it has ${text.length} characters`)
  if (/^Package:/m.test(text) && /^Status:/m.test(text))
    return (await import('./dpkg-status.ts')).readDpkgStatus(text, fileName)
  if (/^manifest:/m.test(text)) throw importFault(fileName, 'it is a manifest of aptroot already')
  if (text.length > mostCharactersOfDocument) throw importFault(fileName, `it has ${text.length} characters`)
  if (/^\s*\{/.test(text)) return (await import('./distroless.ts')).readDistrolessLock(text, fileName)
  if (/^[ \t]*\[general\][ \t]*\r?$/im.test(text))
    return (await import('./multistrap.ts')).readMultistrap(text, fileName)
  if (/^\[\[?(?:container|package)\]/m.test(text))
    return (await import('./repro-env.ts')).readReproEnvLock(text, fileName)
  if (/^(?:sources|archs|packages):/m.test(text))
    return (await import('./distroless.ts')).readDistrolessManifest(text, fileName)
  throw importFault(fileName, 'it is of no kind that aptroot reads')
}
