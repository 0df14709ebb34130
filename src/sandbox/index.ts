export { bubblewrapProblem } from './bubblewrap.ts'
export {
  type Emulation,
  type EmulationRequest,
  type Emulator,
  emulatorNames,
  findEmulation,
  registeredArchitectures,
} from './emulator.ts'
export {
  defaultLimits,
  type Sandbox,
  type SandboxBackEnd,
  type SandboxedProgram,
  type SandboxLimits,
  sandboxBackEnds,
} from './model.ts'
export { openSandbox, type SandboxRequest } from './open-sandbox.ts'
export { registerEmulator } from './register-emulator.ts'
export { removeTree } from './remove-tree.ts'
export { type NamespacedProgram, runInUserNamespace } from './user-namespace.ts'
