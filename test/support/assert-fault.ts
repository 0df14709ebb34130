import assert from 'node:assert/strict'
import { Fault, type FaultCode } from '../../src/kernel/index.ts'

/**
 * Checks that something ends in a fault of this code whose message matches, and returns the fault. A message that is
 * not one line, and a fault without a message, fail too.
 */
export async function assertFault(
  action: (() => unknown) | Promise<unknown>,
  code: FaultCode,
  message?: RegExp,
): Promise<Fault> {
  const error = await errorOf(action)
  assert.ok(error instanceof Fault, `expected a fault ${code}, got ${String(error)}`)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, /^[^\n]+$/, 'a message is one line')
  if (message !== undefined) assert.match(error.message, message)
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
