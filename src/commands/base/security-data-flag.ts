import { Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import type { Site } from '../../workflows/site.ts'

export const securityDataFlag = {
  'security-data': Flags.string({
    summary: 'JSON of the Debian security tracker or OSV records: a file, or an https address',
    helpValue: 'FILE|URL',
    helpGroup: 'SETTINGS',
  }),
}

/** @throws {Fault} `USAGE_INVALID` where nobody named data: silence would look like safety */
export function requireSecurityData({ securityData }: Pick<Site, 'securityData'>): string {
  if (securityData !== undefined) return securityData
  throw new Fault('USAGE_INVALID', {
    message: 'no data about vulnerabilities was named, and aptroot has none of its own',
    hint: 'Add --security-data https://security-tracker.debian.org/tracker/data/json, or name a file.',
    context: { flag: '--security-data' },
  })
}
