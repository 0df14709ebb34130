/**
 * Strongly connected components of a graph, each after all components that it has edges to (Tarjan 1972). Inside a
 * component, nodes are in the order in which they were finished.
 *
 * Without recursion: a chain of packages may be longer than the stack is deep.
 *
 * @param roots the order in which the search starts; with the order of edges it decides between equals
 */
export function strongComponents(
  roots: readonly number[],
  edgesOf: (node: number) => readonly number[],
): readonly (readonly number[])[] {
  const index = new Map<number, number>()
  const lowest = new Map<number, number>()
  const open: number[] = []
  const isOpen = new Set<number>()
  const components: number[][] = []
  const path: { readonly node: number; next: number }[] = []

  const enter = (node: number) => {
    index.set(node, index.size)
    lowest.set(node, index.size - 1)
    open.push(node)
    isOpen.add(node)
    path.push({ node, next: 0 })
  }
  const lower = (node: number, to: number) => lowest.set(node, Math.min(lowest.get(node) ?? to, to))

  for (const root of roots) {
    if (index.has(root)) continue
    enter(root)
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const target = edgesOf(step.node)[step.next++]
      if (target !== undefined) {
        const seen = index.get(target)
        if (seen === undefined) enter(target)
        else if (isOpen.has(target)) lower(step.node, seen)
        continue
      }
      path.pop()
      const own = lowest.get(step.node) ?? 0
      const parent = path.at(-1)
      if (parent !== undefined) lower(parent.node, own)
      if (own === index.get(step.node)) {
        const component = open.splice(open.lastIndexOf(step.node))
        for (const node of component) isOpen.delete(node)
        components.push(component.reverse())
      }
    }
  }
  return components
}
