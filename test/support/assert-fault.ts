import assert from 'node:assert/strict'
import { Fault, type FaultCode } from '../../src/kernel/index.ts'

/**
 * Checks that something ends in a fault of this code whose message matches, and returns the fault. It must also be fit to
 * print: message and hint are one line each, the context is plain data.
 *
 * `test/docs/fault-codes.test.ts` takes a code as provoked when a file that uses this function names it.
 */
export async function assertFault(
  action: (() => unknown) | Promise<unknown>,
  code: FaultCode,
  message?: RegExp | string,
): Promise<Fault> {
  const error = await errorOf(action)
  assert.ok(error instanceof Fault, `expected a fault ${code}, got ${String(error)}`)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, /^[^\n]+$/, 'a message is one line')
  assert.doesNotMatch(error.hint ?? '', /\n/, 'a hint is one line')
  assert.deepEqual(JSON.parse(JSON.stringify(error.context)), error.context, 'a context is plain data')
  if (typeof message === 'string') assert.ok(error.message.includes(message), error.message)
  else if (message !== undefined) assert.match(error.message, message)
  return error
}

async function errorOf(action: (() => unknown) | Promise<unknown>): Promise<unknown> {
  try {
    await (typeof action === 'function' ? action() : action)
  } catch (error) {
    return error
  }
  return assert.fail('nothing was thrown')
}
