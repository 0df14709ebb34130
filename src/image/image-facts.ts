/** What formats say of an image beside its tree: nothing that is not a function of manifest and lock. */
export interface ImageFacts {
  /** `treeDigest` of the sealed tree: where UUIDs and the like come from. */
  readonly digest: string
  /** Debian's name of the root's native architecture. */
  readonly architecture: string
  readonly sourceDateEpochSeconds: number
}
