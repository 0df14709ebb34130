import type { OrGroup, Relation } from './relation.ts'
import { parseOrGroups, parseRelations } from './relation-parser.ts'

/** Reads relation fields, handing out one object for all groups that are written alike. */
export interface RelationMemory {
  /** As `parseOrGroups`. */
  orGroups(field: string): readonly OrGroup[]
  /** As `parseRelations`. */
  relations(field: string): readonly Relation[]
}

/**
 * An archive says the same few things again and again: the 2,059 packages of kde-full with Recommends write 15,935 groups,
 * 3,931 of them different. Its memory grows with the text that is read, so it lives as long as one universe.
 */
export function relationMemory(): RelationMemory {
  return { orGroups: remembering(parseOrGroups), relations: remembering(parseRelations) }
}

function remembering<Item>(parse: (field: string) => readonly Item[]): (field: string) => readonly Item[] {
  const known = new Map<string, Item>()
  return field => {
    const items: Item[] = []
    const texts = field.split(',')
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at] ?? ''
      const item = known.get(text) ?? readOne(parse, text)
      if (item !== undefined) {
        known.set(text, item)
        items.push(item)
        // Only the last comma may have nothing after it. What is malformed is judged as a whole, for its position.
      } else if (at !== texts.length - 1 || !isBlank(text)) return parse(field)
    }
    return items
  }
}

/** undefined when the text is blank or malformed. */
function readOne<Item>(parse: (field: string) => readonly Item[], text: string): Item | undefined {
  try {
    return parse(text)[0]
  } catch {
    return undefined
  }
}

function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text)
}
