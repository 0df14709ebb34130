import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender, Row } from './measure.ts'
import { resultOf } from './measure.ts'
import { aptroot, type BenchPlace, type BenchProject, bareNode, lockOf, lockUpdate, projectIn } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

/** What ends as soon as it has begun: the program's start, one lock read, two large locks compared. */
export async function startRows(scratch: string, served: ServedArchive): Promise<readonly Row[]> {
  const place = (name: string): BenchPlace => ({
    folder: join(scratch, name),
    storeFolder: join(scratch, 'store'),
    served,
  })
  const middling = await projectIn(place('start'), [
    'packages: [build-essential, python3-dev, postgresql, nginx, openssh-server]',
    'recommends: false',
  ])
  const small = await projectIn(place('start-small'), ['base: none', 'packages: [bash]'])
  const wide = await projectIn(place('start-wide'), ['base: none', 'packages: [gnome]', 'recommends: false'])
  const large = await projectIn(place('start-large'), ['base: none', 'packages: [kde-full]', 'recommends: true'])
  return [
    startRow('--version', middling, ['--version'], { prepare: () => Promise.resolve('floor'), others: [] }),
    startRow('lock check', middling, ['lock', 'check'], { prepare: () => lockedDebs(middling), others: [] }),
    ...[small, large].map((project, at) =>
      startRow(`lock check, ${['bash', 'kde-full with Recommends'][at]}`, project, ['lock', 'check'], {
        prepare: () => lockedDebs(project),
        others: [],
      }),
    ),
    ...differenceRows('server and workshop', middling),
    ...differenceRows('gnome', wide),
    ...differenceRows('kde-full with Recommends', large),
  ]
}

/** Two locks that differ in a third of their sources, and in every deb. */
function differenceRows(what: string, project: BenchProject): readonly Row[] {
  const [before, after] = [join(project.folder, 'before.lock'), join(project.folder, 'aptroot.lock')]
  const differ: Contender = {
    ...bareNode(project),
    label: 'diff -u',
    commandLine: ['sh', '-c', `diff -u ${before} ${after}; true`],
  }
  const row = (name: string, older: (text: string) => string) =>
    startRow(`${name}, ${what}`, project, ['lock', 'diff', before, after], {
      prepare: async () => {
        const debs = await lockedDebs(project)
        await writeFile(before, older(await readFile(after, 'utf8')))
        return debs
      },
      others: [differ],
    })
  return [
    row('lock diff', text => withOlderSources(text, 3)),
    row('lock diff, every deb changed', text =>
      withOlderSources(text, 1).replaceAll(/sha256: "[0-9a-f]{4}/g, 'sha256: "0000'),
    ),
  ]
}

interface StartRow {
  /** Makes the locks that the row reads, and says how large they are. */
  readonly prepare: () => Promise<string>
  readonly others: readonly Contender[]
}

/** Beside a Node that does nothing: a floor, no peer. */
function startRow(name: string, project: BenchProject, words: readonly string[], { prepare, others }: StartRow): Row {
  const ours = { ...aptroot(project, words), label: `aptroot ${name}` }
  return {
    name,
    ours,
    peers: [bareNode(project), ...others],
    async compare() {
      const size = await prepare()
      if ((await resultOf(ours)).length === 0) throw new Error(`${ours.label} printed nothing`)
      return size
    },
  }
}

async function lockedDebs(project: BenchProject): Promise<string> {
  await resultOf(lockUpdate(project))
  return `${(await lockOf(project)).debs.length} debs`
}

/** The same lock with another version of the sources, each, every second, every third. */
function withOlderSources(text: string, every: number): string {
  let source = 0
  return text.replace(/^ {4}version: "(.*)"$/gm, (line, version: string) =>
    source++ % every === 0 ? `    version: "${version}~before"` : line,
  )
}
