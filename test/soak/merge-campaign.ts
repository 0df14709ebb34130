import { mergeRandomBranches } from '../support/merged-branches.ts'
import type { CampaignPlace, CampaignReport } from './campaign.ts'

/** 200 pairs of branches merged as the merge driver does it; `mergeRandomBranches` says what is held against them. */
export async function mergeCampaign({ seed, part }: CampaignPlace): Promise<CampaignReport> {
  const cases = Math.max(1, Math.round(200 * part))
  try {
    const seen = await mergeRandomBranches(seed, cases)
    // About one in ten thousand: a slice that has several of them shows that the merge forgets alternatives.
    const complaints =
      seen.withoutSpare > 1 + cases / 1000 ? [`${seen.withoutSpare} merges lack a spare alternative`] : []
    return { cases, complaints, table: Object.entries(seen).map(([what, count]) => `${what}: ${count}`) }
  } catch (error) {
    return { cases, complaints: [error instanceof Error ? error.message : String(error)], table: [] }
  }
}
