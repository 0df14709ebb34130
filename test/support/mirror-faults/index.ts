import { connectionFaults } from './connection-faults.ts'
import { contentFaults } from './content-faults.ts'
import { framingFaults } from './framing-faults.ts'
import type { MirrorFault } from './model.ts'
import { redirectFaults } from './redirect-faults.ts'
import { statusFaults } from './status-faults.ts'

export type { Expectation, MirrorFault, Target } from './model.ts'

export const mirrorFaults: readonly MirrorFault[] = [
  ...connectionFaults,
  ...framingFaults,
  ...contentFaults,
  ...statusFaults,
  ...redirectFaults,
]
