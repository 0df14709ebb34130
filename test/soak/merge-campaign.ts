import { mergeRandomBranches } from '../support/merged-branches.ts'
import type { CampaignPlace, CampaignReport } from './campaign.ts'

/** 200 pairs of branches merged as the merge driver does it; `mergeRandomBranches` says what is held against them. */
export async function mergeCampaign({ seed, part }: CampaignPlace): Promise<CampaignReport> {
  const cases = Math.max(1, Math.round(200 * part))
  try {
    const seen = await mergeRandomBranches(seed, cases)
    const complaints =
      seen.asEachBranchChose > cases / 20 ? [`${seen.asEachBranchChose} merges are not those of a sequence`] : []
    return { cases, complaints, table: Object.entries(seen).map(([what, count]) => `${what}: ${count}`) }
  } catch (error) {
    return { cases, complaints: [error instanceof Error ? error.message : String(error)], table: [] }
  }
}
