/** One folder for what is built from a source, whatever suites and components it is in; a file name has no epoch, so that is a folder. */
export function poolFolder({ source, version }: { readonly source: string; readonly version: string }): string {
  const prefix = source.startsWith('lib') ? source.slice(0, 4) : source.slice(0, 1)
  const epoch = /^(\d+):/.exec(version)?.[1]
  return ['pool', prefix, source, ...(epoch === undefined ? [] : [`epoch-${epoch}`])].join('/')
}
