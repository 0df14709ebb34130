import { chmodSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import type { Staging } from './staging.ts'

interface Mark {
  /** undefined: aptroot itself is at work. */
  readonly script: string | undefined
  /** Of the clock that stamps files. */
  readonly sinceNanoseconds: bigint
}

/**
 * Which script changed a path last, found by the time of its last change (st_ctim): scripts run one after the other, and each begins at a moment
 * of the same clock, later than all that the one before did.
 */
export class ScriptTrace {
  readonly #staging: Staging
  readonly #marks: Mark[] = []

  constructor(staging: Staging) {
    this.#staging = staging
    writeFileSync(this.#clock, '')
  }

  /** @param script in words that follow "made by" */
  begin(script: string): void {
    this.#mark(script)
  }

  end(): void {
    this.#mark(undefined)
  }

  /**
   * By path: the script that made it or changed it last. Files that were unpacked and not touched since are not among them, nor are folders of
   * packages.
   */
  makers(isFolderOfPackage: (path: string) => boolean): ReadonlyMap<string, string> {
    const makers = new Map<string, string>()
    const pending = ['']
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of readdirSync(this.#staging.hostPath(folder), { encoding: 'latin1' })) {
        const path = folder === '' ? name : `${folder}/${name}`
        const stats = lstatSync(this.#staging.hostPath(path), { bigint: true })
        if (stats.isDirectory()) pending.push(path)
        if (stats.isDirectory() ? isFolderOfPackage(path) : this.#staging.unchanged(path, stats) !== undefined) continue
        const script = this.#markAt(stats.ctimeNs)?.script
        if (script !== undefined) makers.set(path, script)
      }
    }
    return makers
  }

  #markAt(nanoseconds: bigint): Mark | undefined {
    return this.#marks.findLast(mark => mark.sinceNanoseconds <= nanoseconds)
  }

  #mark(script: string | undefined): void {
    const before = this.#now()
    // The clock of a file system may tick only every 4 ms.
    let sinceNanoseconds = this.#now()
    while (sinceNanoseconds <= before) sinceNanoseconds = this.#now()
    this.#marks.push({ script, sinceNanoseconds })
  }

  /** Beside the root, on the same file system, in the folder that nobody else can enter. */
  get #clock(): string {
    return `${this.#staging.folder}.clock`
  }

  #now(): bigint {
    chmodSync(this.#clock, 0o600)
    return lstatSync(this.#clock, { bigint: true }).ctimeNs
  }
}
