import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { parseSourceReference } from '../../src/debian/index.ts'
import { stanzaText } from './packages-file.ts'
import { signedSuite } from './signed-suite.ts'

interface ScenarioSuite {
  readonly archive: string
  readonly suite: string
  readonly date: Date
  readonly fields: Record<string, string>
  /** `main/binary-amd64` → Packages; the empty place for a flat repository. */
  readonly indexes: Record<string, string>
}

/** Writes the archives that a scenario's text describes below the folder, each really signed; see fixtures/scenarios/README.md. */
export async function writeScenarioArchives(text: string, folder: string, key: PrivateKey): Promise<readonly string[]> {
  const suites = readScenarioArchives(text)
  for (const suite of suites) {
    const flat = suite.suite === './'
    const places = Object.keys(suite.indexes)
    const files = await signedSuite({
      folder: flat ? '' : `dists/${suite.suite}`,
      indexes: suite.indexes,
      fields: {
        Origin: 'Demo',
        Label: 'Demo',
        Suite: flat ? 'flat' : suite.suite,
        Codename: flat ? 'flat' : suite.suite,
        Date: suite.date.toUTCString().replace('GMT', 'UTC'),
        'No-Support-for-Architecture-all': 'Packages',
        Architectures: [...new Set(places.map(place => place.split('/binary-')[1] ?? 'amd64'))].join(' '),
        Components: [...new Set(places.map(place => place.split('/')[0] ?? 'main'))].join(' '),
        ...suite.fields,
      },
      keys: [key],
      date: suite.date,
    })
    for (const [path, bytes] of Object.entries(files)) {
      const target = join(folder, suite.archive, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, bytes)
    }
  }
  return [...new Set(suites.map(suite => suite.archive))]
}

function readScenarioArchives(text: string): readonly ScenarioSuite[] {
  const suites = new Map<string, ScenarioSuite>()
  for (const part of text.split(/^== /m).slice(1)) {
    const [heading = '', ...rest] = part.split('\n')
    const [archive, suite, component, architecture, date, ...more] = heading.split(' ')
    if (archive === undefined || suite === undefined || component === undefined || architecture === undefined)
      throw new Error(`a heading lacks words: == ${heading}`)
    if (date === undefined || Number.isNaN(Date.parse(date)) || more.length > 0)
      throw new Error(`a heading ends in a date, and this one does not: == ${heading}`)
    const place = suite === './' ? '' : `${component}/binary-${architecture}`
    const known = suites.get(`${archive} ${suite}`) ?? {
      archive,
      suite,
      date: new Date(date),
      fields: {},
      indexes: {},
    }
    suites.set(`${archive} ${suite}`, known)
    const stanzas: string[] = []
    for (const stanza of rest.join('\n').split(/\n\s*\n/)) {
      const lines = stanza.split('\n').filter(line => line !== '' && !line.startsWith('#'))
      const [first = ''] = lines
      const title = /^([a-z0-9][a-z0-9+.-]+) (\S+)(?: (\S+))?$/.exec(first)
      if (title === null) Object.assign(known.fields, fieldsOf(lines))
      else stanzas.push(packageStanza(title, architecture, fieldsOf(lines.slice(1))))
    }
    known.indexes[place] = stanzas.join('\n')
  }
  return [...suites.values()]
}

/** Debian's pool has a folder per source, and no epoch in the names of its files. */
function packageStanza(
  [, name = '', version = '', ownArchitecture]: readonly string[],
  suiteArchitecture: string,
  fields: Readonly<Record<string, string>>,
): string {
  const architecture = ownArchitecture ?? suiteArchitecture
  const source = parseSourceReference(fields.Source, { name, version }).name
  const prefix = source.slice(0, source.startsWith('lib') ? 4 : 1)
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  return stanzaText(`${name} ${version}`, {
    Architecture: architecture,
    Filename: `pool/main/${prefix}/${source}/${file}`,
    ...fields,
  })
}

function fieldsOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map(line => {
      const field = /^([A-Z][A-Za-z0-9-]*): (.*)$/.exec(line)
      if (field === null) throw new Error(`neither a title nor a field: ${line}`)
      return [field[1] ?? '', field[2] ?? '']
    }),
  )
}
