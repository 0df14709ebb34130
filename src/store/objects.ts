import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { corruptFault, removeSame } from './blobs.ts'
import { TemporaryFile } from './durable-file.ts'
import { type ChunkReader, readChunks, readerOf } from './file-chunks.ts'
import type { OpenPlace } from './file-list.ts'
import { type ObjectName, objectDigest, objectPath, type StoreLayout } from './layout.ts'
import { onDisk, onDiskNowIfPresent, storeFault } from './store-fault.ts'

/**
 * An object starts with four lines of fixed length, so that a file can be judged without knowing its kind:
 * the format, the digest of its name, the length of the payload and the sha256 of the payload.
 */
const formatLine = 'aptroot-object 1\n'
const headerBytes = formatLine.length + 'key '.length + 65 + 'size '.length + 21 + 'sha256 '.length + 65
const headerPattern = /^aptroot-object 1\nkey ([0-9a-f]{64})\nsize ([0-9]{20})\nsha256 ([0-9a-f]{64})\n$/

/** Small writes are gathered: a pack has thousands of files, and each write of its own costs a thread's turn. */
const bufferBytes = 1024 * 1024

export interface ObjectSink {
  /** Offset in the payload of the byte that is written next. */
  readonly position: number
  /** The bytes are copied or written before the promise resolves. */
  write(bytes: Uint8Array): Promise<void>
}

/** An open object. `close` when done. */
export interface StoredObject {
  readonly sizeBytes: number
  /**
   * Reads a part of the payload, without waiting: those who look things up in an index are synchronous. What it
   * returns was not hashed; who needs that keeps a digest per block, or calls `check` first.
   *
   * @throws {Fault} `STORE_CORRUPT` when the range is not within the payload
   */
  read(offset: number, length: number): Uint8Array
  /** As `read`, into memory of the caller, as much as it holds. */
  readInto(offset: number, target: Uint8Array): void
  stream(offset: number, length: number): AsyncIterable<Uint8Array>
  /** Where a part lies, for another thread, until `close`. @throws as `read` */
  placeOf(offset: number, length: number): OpenPlace
  /** Hashes the whole payload. @throws {Fault} `STORE_CORRUPT`, and the object is removed */
  check(): Promise<void>
  close(): Promise<void>
}

/** Writes an object in one step: others see the old one, or none, until it is whole and on the disk. */
export async function putObject(
  layout: StoreLayout,
  name: ObjectName,
  write: (sink: ObjectSink) => Promise<void>,
): Promise<void> {
  const target = objectPath(layout, name)
  const file = TemporaryFile.create(layout)
  try {
    const sink = new BufferedSink(file)
    await write(sink)
    const sha256 = await sink.finish()
    const header = headerText(objectDigest(name), sink.position, sha256)
    file.write(Buffer.from(header, 'latin1'), 0)
    await file.publish(target)
  } catch (error) {
    file.discard()
    throw error
  }
}

/** @returns undefined when there is none, or when what is there is no object of that name (it is removed then, except from a layer) */
export async function openObject(layout: StoreLayout, name: ObjectName): Promise<StoredObject | undefined> {
  const path = objectPath(layout, name)
  const opened = onDiskNowIfPresent(path, () => openSync(path, 'r'), layout.use)
  if (opened === undefined) return undefined
  const file = { path, layout, descriptor: opened }
  try {
    const header = onDiskNowIfPresent(path, () => readHeader(opened), layout.use)
    if (header?.key === objectDigest(name)) return storedObject(file, header)
    await removeObject(file)
  } catch (error) {
    closeSync(opened)
    throw error
  }
  closeSync(opened)
  return undefined
}

/** Whether a file at an object's place is one: header, length and digest. Used by the store's own check. */
export async function judgeObjectFile(handle: FileHandle, expectedKey: string): Promise<string | undefined> {
  const header = readHeader(handle.fd)
  if (header === undefined) return 'is no object, or was cut short'
  if (header.key !== expectedKey) return 'belongs to another name'
  const found = await payloadDigest(handle, header.sizeBytes)
  return found === header.sha256 ? undefined : `has payload sha256 ${found}, but its header says ${header.sha256}`
}

interface ObjectHeader {
  readonly key: string
  readonly sizeBytes: number
  readonly sha256: string
}

interface ObjectFile {
  readonly path: string
  readonly layout: StoreLayout
  readonly descriptor: number
}

/** A small thing done at once takes a hundredth of a thread's turn, and who builds opens hundreds of objects. */
function storedObject(file: ObjectFile, header: ObjectHeader): StoredObject {
  const { path, layout, descriptor } = file
  const reader = readerOf(descriptor)
  let isOpen = true
  const checkRange = (offset: number, length: number) => {
    if (offset >= 0 && length >= 0 && offset + length <= header.sizeBytes) return
    throw corruptFault(path, `has ${header.sizeBytes} bytes, but ${length} at ${offset} were wanted`, layout)
  }
  const readInto = (offset: number, target: Uint8Array) => {
    checkRange(offset, target.length)
    for (let done = 0; done < target.length; ) {
      const count = readNow(file, target, { done, position: headerBytes + offset + done })
      if (count === 0) throw corruptFault(path, 'became shorter while it was read', layout)
      done += count
    }
  }
  return {
    sizeBytes: header.sizeBytes,
    read(offset, length) {
      checkRange(offset, length)
      const bytes = new Uint8Array(length)
      readInto(offset, bytes)
      return bytes
    },
    readInto,
    placeOf(offset, length) {
      checkRange(offset, length)
      return { descriptor, position: headerBytes + offset }
    },
    stream(offset, length) {
      checkRange(offset, length)
      return readChunks(reader, { offset: headerBytes + offset, length })
    },
    async check() {
      const found = await onDisk(path, () => payloadDigest(reader, header.sizeBytes))
      if (found === header.sha256) return
      await removeObject(file)
      throw corruptFault(path, `has payload sha256 ${found}, but its header says ${header.sha256}`, layout)
    },
    async close() {
      if (isOpen) closeSync(descriptor)
      isOpen = false
    },
  }
}

async function removeObject({ path, layout, descriptor }: ObjectFile): Promise<void> {
  await removeSame(path, { stat: async () => fstatSync(descriptor) }, layout)
}

function readNow(
  { path, descriptor }: ObjectFile,
  bytes: Uint8Array,
  at: { readonly done: number; readonly position: number },
): number {
  try {
    return readSync(descriptor, bytes, at.done, bytes.length - at.done, at.position)
  } catch (error) {
    throw storeFault(error, path)
  }
}

function readHeader(descriptor: number): ObjectHeader | undefined {
  const buffer = Buffer.alloc(headerBytes)
  const bytesRead = readSync(descriptor, buffer, 0, headerBytes, 0)
  const match = headerPattern.exec(buffer.toString('latin1', 0, bytesRead))
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined
  const sizeBytes = Number(match[2])
  const { size } = fstatSync(descriptor)
  return size === headerBytes + sizeBytes ? { key: match[1], sizeBytes, sha256: match[3] } : undefined
}

function headerText(key: string, sizeBytes: number, sha256: string): string {
  return `${formatLine}key ${key}\nsize ${String(sizeBytes).padStart(20, '0')}\nsha256 ${sha256}\n`
}

async function payloadDigest(reader: ChunkReader, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of readChunks(reader, { offset: headerBytes, length: sizeBytes })) hash.update(chunk)
  return hash.digest('hex')
}

class BufferedSink implements ObjectSink {
  readonly #file: TemporaryFile
  readonly #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes)
  #buffered = 0
  #written = 0

  constructor(file: TemporaryFile) {
    this.#file = file
  }

  get position(): number {
    return this.#written + this.#buffered
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    if (this.#buffered + bytes.length > bufferBytes) await this.#flush()
    if (bytes.length >= bufferBytes) return this.#append(bytes)
    this.#buffer.set(bytes, this.#buffered)
    this.#buffered += bytes.length
  }

  async finish(): Promise<string> {
    await this.#flush()
    return this.#hash.digest('hex')
  }

  async #flush(): Promise<void> {
    if (this.#buffered === 0) return
    await this.#append(this.#buffer.subarray(0, this.#buffered))
    this.#buffered = 0
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#file.write(bytes, headerBytes + this.#written)
    this.#written += bytes.length
  }
}
