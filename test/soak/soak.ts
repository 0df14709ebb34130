// Long campaigns: what servers, other processes, kills and full disks do to aptroot; docs/soak.md says how to read it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Campaign, CampaignPlace } from './campaign.ts'
import { determinismCampaign } from './determinism-campaign.ts'
import { diskCampaign } from './disk-campaign.ts'
import { imagesCampaign } from './images-campaign.ts'
import { killCampaign } from './kill-campaign.ts'
import { mergeCampaign } from './merge-campaign.ts'
import { mirrorCampaign } from './mirror-campaign.ts'
import { processesCampaign } from './processes-campaign.ts'
import { publisherKillsCampaign } from './publisher-kills-campaign.ts'
import { publishersCampaign } from './publishers-campaign.ts'
import { revisionsCampaign } from './revisions-campaign.ts'

const campaigns: Readonly<Record<string, Campaign>> = {
  mirror: mirrorCampaign,
  processes: processesCampaign,
  kill: killCampaign,
  disk: diskCampaign,
  determinism: determinismCampaign,
  images: imagesCampaign,
  merges: mergeCampaign,
  publishers: publishersCampaign,
  'publisher-kills': publisherKillsCampaign,
  revisions: revisionsCampaign,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seed: { type: 'string' },
    parallel: { type: 'string', default: '8' },
    /** Of each campaign, about this part of its cases. */
    part: { type: 'string', default: '1' },
    match: { type: 'string', default: '' },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const unknown = (values.only ?? []).filter(name => !(name in campaigns))
if (unknown.length > 0)
  throw new Error(`no campaign ${unknown.join(', ')}; there are ${Object.keys(campaigns).join(', ')}`)

const scratch = await mkdtemp(join(tmpdir(), 'aptroot-soak-'))
let complaints = 0
try {
  for (const [name, campaign] of Object.entries(campaigns)) {
    if (values.only !== undefined && !values.only.includes(name)) continue
    say(`== ${name}, seed ${seed}`)
    const place: CampaignPlace = {
      scratch,
      seed,
      parallel: Number(values.parallel),
      part: Number(values.part),
      match: values.match,
      say,
    }
    const start = performance.now()
    const report = await campaign(place)
    complaints += report.complaints.length
    for (const line of report.table) say(line)
    for (const line of report.complaints) say(`COMPLAINT ${line}`)
    const seconds = Math.round((performance.now() - start) / 1000)
    say(`== ${name}: ${report.cases} cases, ${report.complaints.length} complaints, ${seconds} s, seed ${seed}`)
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
process.exitCode = complaints === 0 ? 0 : 1

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
