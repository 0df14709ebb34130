export type { ControlFile, UnpackedDeb, UnpackedEntry } from './model.ts'
