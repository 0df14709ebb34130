/** Groups in order of first appearance, items in their order. (Map.groupBy needs Node 21.) */
export function groupBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, [Item, ...Item[]]> {
  const groups = new Map<string, [Item, ...Item[]]>()
  const add = (item: Item) => {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  // An interpreted `for … of` makes an object for each item.
  if (Array.isArray(items)) items.forEach(add)
  else for (const item of items) add(item)
  return groups
}
