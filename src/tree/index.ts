export type { ContentSource, EntryKind, FileContent, TreeEntry } from './entry.ts'
