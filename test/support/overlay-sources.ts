import type { OverlaySource } from '../../src/rootfs/index.ts'

/** An item of `files` that says nothing but where from and where to, or what a test adds to that. */
export function overlaySource(
  source: string,
  target: string,
  more: Partial<Omit<OverlaySource, 'source' | 'target'>> = {},
): OverlaySource {
  const root = { kind: 'number', id: 0 } as const
  return {
    source,
    target,
    owner: root,
    group: root,
    mode: undefined,
    values: undefined,
    place: 'aptroot.yaml:9:7',
    ...more,
  }
}
