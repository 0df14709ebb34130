export type { MergedRoot, MergedUsr, MergeRequest, MergeWarning } from './merge-request.ts'
export type { ControlFile, UnpackedDeb, UnpackedEntry } from './model.ts'
