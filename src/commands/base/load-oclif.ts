/**
 * Loads oclif: 40 ms that a plain command line does not need. It listens for errors of the standard streams and throws what
 * is not EPIPE; those are `Output`'s business, so its listeners are taken off again.
 */
export async function loadOclif(): Promise<typeof import('./whole-oclif.ts')> {
  const streams = [process.stdout, process.stderr]
  const known = new Set(streams.flatMap(stream => stream.listeners('error')))
  const oclif = await import('./whole-oclif.ts')
  for (const stream of streams)
    for (const listener of stream.listeners('error'))
      if (!known.has(listener)) stream.off('error', listener as (error: Error) => void)
  return oclif
}
