/** How a request ended, as `/metrics` counts it. */
export type RequestOutcome =
  | 'given'
  | 'known'
  | 'looked-up'
  | 'refused'
  | 'denied'
  | 'unknown'
  | 'unavailable'
  | 'failed'

const outcomes: readonly RequestOutcome[] = [
  'denied',
  'failed',
  'given',
  'known',
  'looked-up',
  'refused',
  'unavailable',
  'unknown',
]

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface ServiceMetrics {
  /** All that were counted. */
  requests(): number
  countRequest(outcome: RequestOutcome, seconds: number): void
  countBatch(requests: number): void
  /** Text in Prometheus' exposition format. */
  write(rows: number): string
}

/** Counters of one process since its start. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function createMetrics(): ServiceMetrics {
  const requests = new Map<RequestOutcome, number>(outcomes.map(outcome => [outcome, 0]))
  const buckets = new Array<number>(bucketsSeconds.length).fill(0)
  let totalSeconds = 0
  let total = 0
  let batches = 0
  let batched = 0
  return {
    requests: () => total,
    countRequest(outcome, seconds) {
      requests.set(outcome, (requests.get(outcome) ?? 0) + 1)
      const bucket = bucketsSeconds.findIndex(limit => seconds <= limit)
      if (bucket !== -1) buckets[bucket] = (buckets[bucket] ?? 0) + 1
      total += 1
      totalSeconds += seconds
    },
    countBatch(size) {
      batches += 1
      batched += size
    },
    write(rows) {
      let below = 0
      const lines = [
        ...family('requests_total', 'counter', 'Requests by how they ended.'),
        ...[...requests].map(([outcome, amount]) => `aptroot_revision_requests_total{outcome="${outcome}"} ${amount}`),
        ...family('request_seconds', 'histogram', 'From the header of a request to its answer.'),
        ...bucketsSeconds.map((limit, at) => {
          below += buckets[at] ?? 0
          return `aptroot_revision_request_seconds_bucket{le="${limit}"} ${below}`
        }),
        `aptroot_revision_request_seconds_bucket{le="+Inf"} ${total}`,
        `aptroot_revision_request_seconds_sum ${totalSeconds.toFixed(6)}`,
        `aptroot_revision_request_seconds_count ${total}`,
        ...family('batches_total', 'counter', 'Transactions that gave revisions.'),
        `aptroot_revision_batches_total ${batches}`,
        ...family('batched_requests_total', 'counter', 'Requests in these transactions.'),
        `aptroot_revision_batched_requests_total ${batched}`,
        ...family('rows', 'gauge', 'Revisions in the table.'),
        `aptroot_revision_rows ${rows}`,
      ]
      return `${lines.join('\n')}\n`
    },
  }
}

function family(name: string, type: 'counter' | 'gauge' | 'histogram', meaning: string): readonly string[] {
  return [`# HELP aptroot_revision_${name} ${meaning}`, `# TYPE aptroot_revision_${name} ${type}`]
}
