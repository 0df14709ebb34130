import type { ChildProcess } from 'node:child_process'
import { Fault, type ProcessRequest } from '../kernel/index.ts'

/** Gathers a pipe; the returned function gives what came. */
export function collect(pipe: NodeJS.ReadableStream, maximumBytes: number, onOverflow: () => void): () => Uint8Array {
  const chunks: Buffer[] = []
  let length = 0
  pipe.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > maximumBytes) return onOverflow()
    chunks.push(chunk)
  })
  return () => Buffer.concat(chunks)
}

export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}

export function overflowFault(request: ProcessRequest, maximumOutputBytes: number): Fault {
  return new Fault('PROGRAM_FAILED', {
    message: `${request.program} printed more than ${maximumOutputBytes} bytes and was ended`,
    hint: 'Run the program by hand to see what it prints.',
    context: { program: request.program, maximumOutputBytes },
  })
}
