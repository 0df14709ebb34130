import { Worker } from 'node:worker_threads'
import { type SharedFileList, stopWriting, writeListed } from './file-list.ts'
import { beginGrowth, type Growth, hashGrowingFile, sayAbandoned, sayGrown, sayWhole } from './growing-hash.ts'

/** A thread for half of the work with files, where a build has a processor to spare. Nothing depends on it: what it does not do is done here. */
export interface FileThread {
  /** Whether it has begun and lives. */
  readonly isReady: boolean
  /** Resolves once it has begun, or cannot begin. */
  readonly begun: Promise<void>
  /**
   * Writes the files of a list, together with this thread. What `stampOf` does not know then is left to the caller.
   *
   * @param meanwhile is done here before
   */
  write(list: SharedFileList, meanwhile: () => Promise<void>, signal: AbortSignal): Promise<void>
  /** @param path of a file that exists by the time something of it is there */
  hashGrowing(path: string): GrowingHash
  close(): Promise<void>
}

export interface GrowingHash {
  /** So many bytes are there. */
  grown(sizeBytes: number): void
  /** It has this length now. @returns its sha256; undefined when somebody cut it short */
  finish(sizeBytes: number): Promise<string | undefined>
  /** Nobody wants it any more; after `finish` nothing happens. */
  close(): void
}

export type FileWork =
  | { readonly kind: 'write'; readonly list: SharedFileList }
  | { readonly kind: 'hash'; readonly path: string; readonly growth: Growth }

export type FileWorkAnswer =
  | { readonly kind: 'ready' | 'written' }
  | { readonly kind: 'hashed'; readonly sha256: string | undefined }

/** Its objects are few and live as long as it does. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 }

/** @param script the built `file-work.worker.ts` */
export function startFileThread(script: string): FileThread {
  const worker = new Worker(script, { resourceLimits })
  let state: 'begins' | 'ready' | 'gone' = 'begins'
  const begun = new Promise<void>(resolve => {
    for (const event of ['message', 'exit']) worker.once(event, () => resolve())
  })
  /** It answers in the order in which it was asked. */
  const waiting: ((answer: FileWorkAnswer | undefined) => void)[] = []
  worker.on('message', (message: FileWorkAnswer) => {
    if (message.kind === 'ready') state = 'ready'
    else waiting.shift()?.(message)
  })
  // Whatever ended it, such as a script that is not there, ends it alone: `exit` follows.
  worker.on('error', () => undefined)
  worker.on('exit', () => {
    state = 'gone'
    for (const answer of waiting.splice(0)) answer(undefined)
  })
  /** @returns undefined when it has ended */
  const ask = (work: FileWork): Promise<FileWorkAnswer | undefined> =>
    new Promise(resolve => {
      if (state === 'gone') return resolve(undefined)
      waiting.push(resolve)
      worker.postMessage(work)
    })
  return {
    begun,
    get isReady() {
      return state === 'ready'
    },
    async write(list, meanwhile, signal) {
      const written = ask({ kind: 'write', list })
      try {
        await meanwhile()
        await writeListed(list, signal)
      } finally {
        // Before anything that it works with is gone.
        stopWriting(list)
        await written
      }
    },
    hashGrowing(path) {
      const growth = beginGrowth()
      let hashed: Promise<FileWorkAnswer | undefined> | undefined
      return {
        grown(sizeBytes) {
          sayGrown(growth, sizeBytes)
          hashed ??= ask({ kind: 'hash', path, growth })
        },
        async finish(sizeBytes) {
          sayWhole(growth, sizeBytes)
          const answered = await hashed
          const sha256 = answered?.kind === 'hashed' ? answered.sha256 : undefined
          return sha256 ?? hashGrowingFile(path, growth)
        },
        close: () => sayAbandoned(growth),
      }
    },
    close: async () => void (await worker.terminate()),
  }
}
