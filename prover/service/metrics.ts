// SPDX-License-Identifier: GPL-3.0-or-later

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1200]
const FAST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5]

/** Everything that `GET /metrics` shows, and all that dashboards and alerts may speak of. */
export type Metrics = ReturnType<typeof createMetrics>

/** Makes the metrics of one daemon. `chain` is the chain id, `account` an address, `model` a key of the catalogue. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'zkml_' })
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: `zkml_${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `zkml_${name}`, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram<L>({ name: `zkml_${name}`, help, labelNames, buckets, registers })
  return {
    registry,
    ready: gauge('ready', '1 while all parts that /readyz asks can do their work'),
    errors: counter('errors_total', 'Errors by their stable code and the module that met them', ['code', 'module']),
    jobs: gauge('jobs', 'Jobs by state', ['state']),
    jobTransitions: counter('job_transitions_total', 'Transitions of jobs', ['from', 'to']),
    jobSeconds: histogram('job_seconds', 'From discovery to the end of a job', ['kind', 'outcome'], SECONDS),
    jobOverhead: histogram(
      'job_overhead_seconds',
      'Time of a done job outside proving and the chain',
      ['kind'],
      FAST_SECONDS,
    ),
    jobsMissed: counter('jobs_missed_total', 'Jobs that ended unfulfilled after they were locked here', ['chain']),
    queueDepth: gauge('queue_depth', 'Jobs that wait for a worker', ['queue']),
    profit: gauge('profit_wei', 'Price minus fees of settled jobs since start', ['chain']),
    jobProfit: histogram(
      'job_profit_ether',
      'Price minus fees, a job',
      ['chain'],
      [-1, -0.1, -0.01, -0.001, 0, 0.001, 0.01, 0.1, 1],
    ),
    proveSeconds: histogram('prove_seconds', 'Witness and proof', ['model'], SECONDS),
    proverProcesses: gauge('prover_processes', 'Prover processes'),
    proverBusy: gauge('prover_busy', 'Prover processes at work'),
    proverBytes: gauge('prover_resident_bytes', 'Resident memory of all prover processes'),
    proverCrashes: counter('prover_crashes_total', 'Prover processes that ended unasked', []),
    chainHead: gauge('chain_head', 'Newest block an endpoint has told of', ['chain']),
    chainCursor: gauge('chain_cursor', 'Last block that was searched for requests', ['chain']),
    chainHeadAge: gauge('chain_head_age_seconds', 'Age of the newest block', ['chain']),
    reorgs: counter('chain_reorgs_total', 'Reorganisations seen', ['chain']),
    reorgDepth: histogram(
      'chain_reorg_depth',
      'Blocks that a reorganisation replaced',
      ['chain'],
      [1, 2, 4, 8, 16, 32],
    ),
    rpcRequests: counter('rpc_requests_total', 'Requests to RPC endpoints', ['chain', 'endpoint', 'outcome']),
    rpcSeconds: histogram('rpc_seconds', 'Answer time of RPC endpoints', ['chain', 'endpoint'], FAST_SECONDS),
    rpcHealthy: gauge('rpc_healthy', '1 while an endpoint answers', ['chain', 'endpoint']),
    transactions: counter('transactions_total', 'Transactions by what became of them', ['chain', 'purpose', 'outcome']),
    transactionBumps: counter('transaction_bumps_total', 'Transactions sent again with a higher fee', ['chain']),
    lanePending: gauge('lane_pending', 'Unsettled transactions of an account', ['chain', 'account']),
    laneOldestSeconds: gauge('lane_oldest_seconds', 'Age of the oldest unsettled transaction', ['chain', 'account']),
    balance: gauge('account_balance_wei', 'Balance of an account', ['chain', 'account']),
    spent: gauge('account_spent_wei', 'Fees of an account within its spend period', ['chain', 'account']),
    spendCap: gauge('account_spend_cap_wei', 'Most fees of an account in a spend period', ['chain', 'account']),
    httpRequests: counter('http_requests_total', 'Requests to the API', ['method', 'route', 'status']),
    httpSeconds: histogram('http_seconds', 'Answer time of the API', ['method', 'route'], FAST_SECONDS),
    artefactBytes: gauge('artefact_bytes', 'Bytes in the artefact store'),
  }
}
