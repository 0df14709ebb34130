import type { SandboxedProgram } from './model.ts'

/**
 * The arguments of chroot(1): where namespaces are forbidden, as in an unprivileged container, the container is what isolates.
 */
export function chrootArguments(rootFolder: string, program: SandboxedProgram): readonly string[] {
  return [rootFolder, program.program, ...program.arguments]
}
