import { ControlSyntaxError, linesOf, readStanzas, type Stanza } from '../debian-control-parser/index.ts'
import { encodeUtf8 } from '../kernel/index.ts'
import { type AptNote, type AptSource, type AptSources, judgeSource, sourcesFault } from './apt-source.ts'

const optionFields = [
  'Enabled',
  'Architectures',
  'Architectures-Add',
  'Architectures-Remove',
  'Signed-By',
  'Trusted',
] as const

/**
 * Reads a `.sources` file: stanzas with Types, URIs, Suites and Components, each a list.
 *
 * @param fileName for messages
 * @throws {Fault} `APT_SOURCES_MALFORMED`
 * @see sources.list(5), DEB822-STYLE FORMAT
 */
export function parseSourcesStanzas(text: string, fileName: string): AptSources {
  const sources: AptSource[] = []
  const notes: AptNote[] = []
  for (const stanza of stanzasOf(text, fileName)) {
    const found = judgeSource({
      place: { file: fileName, line: stanza.line },
      types: wordsOf(stanza, 'Types'),
      uris: wordsOf(stanza, 'URIs'),
      suites: wordsOf(stanza, 'Suites'),
      components: wordsOf(stanza, 'Components'),
      options: optionsOf(stanza),
    })
    sources.push(...found.sources)
    notes.push(...found.notes)
  }
  return { sources, notes }
}

function stanzasOf(text: string, file: string): readonly Stanza[] {
  try {
    return readStanzas(encodeUtf8(text), { comments: 'allowed' })
  } catch (error) {
    if (error instanceof ControlSyntaxError) throw sourcesFault({ file, line: error.line }, error.problem)
    throw error
  }
}

function wordsOf(stanza: Stanza, name: string): string[] {
  return (stanza.field(name) ?? '').split(/\s+/).filter(word => word !== '')
}

function optionsOf(stanza: Stanza): Map<string, string> {
  const options = new Map<string, string>()
  for (const name of optionFields) {
    const value = stanza.field(name)
    // An armored key is a multi-line field whose empty line is a lone dot.
    if (value !== undefined) options.set(name.toLowerCase(), linesOf(value).join('\n'))
  }
  return options
}
