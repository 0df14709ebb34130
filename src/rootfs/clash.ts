import { displayByteString } from '../codec/index.ts'
import { Fault } from '../kernel/index.ts'

/** What scripts did to the root does not go with what has to happen next. @param path of the tree */
export function clash(path: string, problem: string): Fault {
  return new Fault('ROOTFS_CLASH', {
    message: `${displayByteString(`/${path}`)} ${problem}`,
    hint: 'The scripts of two packages and their files do not fit together; leave one of the packages out.',
    context: { path: displayByteString(path) },
  })
}

/** A text that has to be read is longer than any that packages bring. @param path of the tree */
export function tooLong(path: string, bytes: { readonly size: number; readonly maximum: number }): Fault {
  const shown = displayByteString(`/${path}`)
  return new Fault('SCRIPT_LIMIT', {
    message: `maintainer scripts left ${shown} with ${bytes.size} bytes; at most ${bytes.maximum} are read`,
    hint: 'Leave out the package whose script does this; `--log FILE` keeps what the scripts printed.',
    context: { path: shown },
  })
}
