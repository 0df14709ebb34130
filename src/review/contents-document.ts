import { count, formatBytes } from '../kernel/index.ts'
import { type Block, foreign, own, type Piece } from './document.ts'
import type { DebContents, Review } from './model.ts'

/** Of a hostile or rewritten script so many lines are shown; `--format json` has all of them. */
const linesShown = 200

/** What opening the debs showed, folded: what matters of it stands under trust as well. */
export function contentsBlocks({ deep }: Review): readonly Block[] {
  if (deep === undefined) return []
  const { contents } = deep
  const unopened = [...deep.unopened, ...deep.unopenedRemoved]
  const told = contents.filter(hasNews)
  const missing: Block[] =
    unopened.length === 0
      ? []
      : [
          {
            kind: 'paragraph',
            pieces: [
              own('notice', `${count(unopened.length, 'deb')} not opened`),
              ', since they could not be had: ',
              foreign(unopened.slice(0, 10).join(', ')),
              unopened.length > 10 ? ' and more.' : '.',
            ],
          },
        ]
  return [
    { kind: 'title', text: 'Inside the debs' },
    ...missing,
    ...(told.length === 0
      ? [
          {
            kind: 'paragraph',
            pieces: ['Nothing beside contents of files changed in those that were opened.'],
          } as const,
        ]
      : [{ kind: 'details', summary: count(told.length, 'deb'), blocks: told.flatMap(contentBlocks) } as const]),
  ]
}

function hasNews(each: DebContents): boolean {
  return (
    each.scripts.length + each.setuid.length + each.licences.length + each.filesAdded + each.filesRemoved > 0 ||
    each.installedBytes !== 0
  )
}

function contentBlocks(deb: DebContents): Block[] {
  const list = (words: Piece, items: readonly string[]): Block[] =>
    items.map(item => ({ kind: 'item', depth: 1, pieces: [words, ' ', foreign(item)] }))
  const growth = deb.installedBytes
  return [
    {
      kind: 'item',
      depth: 0,
      pieces: [
        foreign(deb.deb),
        `: ${count(deb.filesAdded, 'file')} added, ${deb.filesRemoved} removed, ${formatBytes(Math.abs(growth))} ${growth < 0 ? 'less' : 'more'} when installed`,
      ],
    },
    ...list(own('bad', 'setuid or setgid:'), deb.setuid),
    ...list(own('bad', 'rights given by'), deb.capabilities),
    ...list('new systemd unit', deb.units),
    ...list('new users or groups in', deb.users),
    ...list(own('notice', 'licence'), deb.licences),
    ...list('new conffile', deb.conffilesAdded),
    ...list('conffile gone', deb.conffilesRemoved),
    ...list('path', deb.paths),
    ...deb.sizes.map(
      ({ path, bytes }): Block => ({
        kind: 'item',
        depth: 1,
        pieces: [foreign(path), ` ${bytes < 0 ? '−' : '+'}${formatBytes(Math.abs(bytes))}`],
      }),
    ),
    ...deb.scripts.flatMap(({ name, change, lines }): Block[] => [
      { kind: 'item', depth: 1, pieces: [own('bad', `maintainer script ${change}:`), ' ', foreign(name)] },
      { kind: 'lines', lines: lines.slice(0, linesShown).map(line => line.replaceAll('\t', '    ').slice(0, 300)) },
    ]),
  ]
}
