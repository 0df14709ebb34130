import { count } from './text.ts'

/** `9 debs`, `9 debs and 1 source package`. */
export function countsOf({ debs, sources }: { readonly debs: number; readonly sources: number }): string {
  return sources === 0 ? count(debs, 'deb') : `${count(debs, 'deb')} and ${count(sources, 'source package')}`
}
