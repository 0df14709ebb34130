/** Where and how a campaign runs. */
export interface CampaignPlace {
  /** A folder that is removed afterwards. */
  readonly scratch: string
  /** Decides what is left to chance; the same seed gives the same cases. */
  readonly seed: number
  /** Cases at a time. */
  readonly parallel: number
  /** In (0, 1]: about this part of the cases, chosen by the seed. */
  readonly part: number
  /** Only cases with this text in their names. */
  readonly match: string
  say(line: string): void
}

export interface CampaignReport {
  readonly cases: number
  readonly table: readonly string[]
  /** What should not have happened; empty when all is well. */
  readonly complaints: readonly string[]
}

export type Campaign = (place: CampaignPlace) => Promise<CampaignReport>
