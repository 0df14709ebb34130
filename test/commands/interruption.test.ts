import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, test } from 'vitest'
import type { Envelope } from '../support/aptroot-program.ts'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/aptroot.js')
let folder = ''

/** A store that takes a minute to read and no room on the disk: files that are all hole. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-interruption-'))
  for (let at = 0; at < 2000; at++) {
    const digest = createHash('sha256').update(String(at)).digest('hex')
    const parent = join(folder, 'store-v1/sha256', digest.slice(0, 2))
    mkdirSync(parent, { recursive: true })
    writeFileSync(join(parent, digest.slice(2)), '')
    truncateSync(join(parent, digest.slice(2)), 32 * 1024 * 1024)
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly exitCode: number | null
  readonly output: string
  readonly errorOutput: string
  readonly milliseconds: number
}

/** Sends the signal as soon as the program says that it works. */
function interrupted(signal: NodeJS.Signals, ...flags: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'store', 'verify', '--store', folder, '--verbose', ...flags], {
      env: { PATH: '', HOME: folder },
    })
    let output = ''
    let errorOutput = ''
    let sent = Number.NaN
    child.stdout.on('data', chunk => {
      output += String(chunk)
    })
    child.stderr.on('data', chunk => {
      errorOutput += String(chunk)
      if (!Number.isNaN(sent)) return
      sent = performance.now()
      child.kill(signal)
    })
    child.on('error', reject)
    child.on('close', exitCode => resolve({ exitCode, output, errorOutput, milliseconds: performance.now() - sent }))
  })
}

describe('an interrupted run', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    test(`ends soon after ${signal} with exit code 130 and one line`, async () => {
      const ended = await interrupted(signal)
      assert.equal(ended.exitCode, 130, ended.errorOutput)
      assert.match(ended.errorOutput, new RegExp(`^error: interrupted by ${signal} \\[INTERRUPTED\\]$`, 'm'))
      assert.equal(ended.output, '')
      assert.ok(ended.milliseconds < 2000, `${ended.milliseconds} ms`)
    })

  test('still prints its envelope under --json', async () => {
    const ended = await interrupted('SIGINT', '--json')
    const envelope = JSON.parse(ended.output) as Envelope
    assert.deepEqual([ended.exitCode, envelope.exitCode, envelope.fault?.code], [130, 130, 'INTERRUPTED'])
  })
})
