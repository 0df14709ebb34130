export { mergePackages } from './merge-packages.ts'
export type { MergedRoot, MergedUsr, MergeRequest, MergeWarning } from './merge-request.ts'
export { mergedUsrDirectories } from './merged-usr.ts'
export type { ControlFile, UnpackedDeb, UnpackedEntry } from './model.ts'
