// SPDX-License-Identifier: GPL-3.0-or-later

import type { MarketRequest } from '../../encodings'
import type { Queryable } from './database'
import { JobConflictError, JobTransitionError, StoreNotFoundError } from './errors'
import {
  FINAL_STATES,
  NEXT_STATES,
  OPEN,
  type ApiOrigin,
  type Job,
  type JobError,
  type JobFilter,
  type JobMoney,
  type JobPatch,
  type JobState,
  type JobTimes,
  type MarketOrigin,
  type StoredContext,
  type StoredProof,
} from './job'
import type { Backlog, JobStore } from './store'
import { QUEUE_SCHEMA } from './queue'
import { LIVE } from './transactions'
import { isUuid, json, LONGEST_WAIT, milliseconds } from './values'

const DEFAULT_LIMIT = 100

type Row = {
  readonly id: string
  readonly kind: 'market' | 'api'
  readonly chain_id: number | null
  readonly coordinator: string | null
  readonly request_id: string | null
  readonly request: Readonly<Record<keyof MarketRequest, string>> | null
  readonly block_number: number | null
  readonly block_hash: string | null
  readonly client: string | null
  readonly context: StoredContext | null
  readonly model: string | null
  readonly state: JobState
  readonly error: JobError | null
  readonly attempts: number
  readonly not_before: Date | null
  readonly result: Readonly<Record<string, unknown>> | null
  readonly proof: StoredProof | null
  readonly times: JobTimes
  readonly money: JobMoney
  readonly created_at: Date
  readonly updated_at: Date
}

/** `{"<state>": <now>}`, by the clock of the database. */
const NOW_AS = (state: string): string =>
  `jsonb_build_object(${state}, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`

/** Jobs in the table `zkml.jobs`. */
export const jobStore: JobStore = {
  async insertMarket(tx, { chainId, coordinator, requestId, request, block }) {
    const [row] = await tx.query<Row>(
      `INSERT INTO zkml.jobs (kind, state, times, chain_id, coordinator, request_id, request, block_number, block_hash)
       VALUES ('market', 'received', ${NOW_AS(`'received'`)}, $1, $2, $3, $4, $5, $6)
       ON CONFLICT (chain_id, lower(coordinator), lower(request_id)) WHERE kind = 'market' DO NOTHING
       RETURNING *`,
      [chainId, coordinator, requestId, json(request), block.number, block.hash],
    )
    if (row !== undefined) return jobOf(row)
    await tx.query(
      `UPDATE zkml.jobs SET block_number = $4, block_hash = $5, updated_at = now()
       WHERE kind = 'market' AND chain_id = $1 AND lower(coordinator) = lower($2) AND lower(request_id) = lower($3)
         AND (block_number, block_hash) IS DISTINCT FROM ($4, $5)`,
      [chainId, coordinator, requestId, block.number, block.hash],
    )
    return undefined
  },

  async insertApi(tx, { client, context, submitTo }, model) {
    const [row] = await tx.query<Row>(
      `INSERT INTO zkml.jobs (kind, state, times, chain_id, client, context, model)
       VALUES ('api', 'received', ${NOW_AS(`'received'`)}, $1, $2, $3, $4) RETURNING *`,
      [submitTo, client, json(context), model],
    )
    return jobOf(row!)
  },

  async get(tx, id) {
    if (!isUuid(id)) return undefined
    const [row] = await tx.query<Row>('SELECT * FROM zkml.jobs WHERE id = $1', [id])
    return row && jobOf(row)
  },

  async find(tx, chainId, requestId) {
    const [row] = await tx.query<Row>(
      `SELECT * FROM zkml.jobs WHERE kind = 'market' AND lower(request_id) = lower($2) AND chain_id = $1`,
      [chainId, requestId],
    )
    return row && jobOf(row)
  },

  async list(tx, { states, kind, chainId, limit = DEFAULT_LIMIT, before }: JobFilter) {
    if (before !== undefined && !isUuid(before)) return []
    const rows = await tx.query<Row>(
      `SELECT * FROM zkml.jobs
       WHERE ($1::text[] IS NULL OR state = ANY ($1)) AND ($2::text IS NULL OR kind = $2)
         AND ($3::bigint IS NULL OR chain_id = $3)
         AND ($4::uuid IS NULL OR number < (SELECT number FROM zkml.jobs WHERE id = $4))
       ORDER BY number DESC LIMIT $5`,
      [states, kind, chainId, before, limit],
    )
    return rows.map(jobOf)
  },

  async count(tx) {
    const rows = await tx.query<{ state: JobState; jobs: number }>(
      'SELECT state, count(*) AS jobs FROM zkml.jobs GROUP BY state',
    )
    const counts = Object.fromEntries(Object.keys(NEXT_STATES).map((state) => [state, 0])) as Record<JobState, number>
    for (const { state, jobs } of rows) counts[state] = jobs
    return counts
  },

  async move(tx, id, from, to, patch = {}) {
    const states: readonly JobState[] = typeof from === 'string' ? [from] : from
    const wrong = states.find((state) => !NEXT_STATES[state].includes(to))
    if (wrong !== undefined) throw new JobTransitionError(id, wrong, to)
    // What explained the former state does not explain this one.
    const row = await change(tx, id, { error: null, ...patch }, { from: states, to })
    if (row !== undefined) return jobOf(row)
    const job = await jobStore.get(tx, id)
    if (job === undefined) throw new StoreNotFoundError('job', id)
    throw new JobConflictError(id, states, job.state)
  },

  async patch(tx, id, patch) {
    const row = await change(tx, id, patch)
    if (row === undefined) throw new StoreNotFoundError('job', id)
    return jobOf(row)
  },

  async fromBlock(tx, chainId, block) {
    const rows = await tx.query<Row>(
      `SELECT * FROM zkml.jobs WHERE kind = 'market' AND chain_id = $1 AND block_number >= $2 ORDER BY number`,
      [chainId, block],
    )
    return rows.map(jobOf)
  },

  async backlog(tx) {
    return await tx.query<Backlog>(
      `SELECT model, kind, count(*) AS jobs FROM zkml.jobs WHERE state IN ('locking', 'proving') GROUP BY model, kind`,
    )
  },

  async stalled(tx, ageMs, limit) {
    const rows = await tx.query<Row>(
      `SELECT j.* FROM zkml.jobs j, LATERAL (
         SELECT greatest(updated_at, not_before) AS due, CASE state WHEN 'proving' THEN 'prove' ELSE 'plan' END AS queue
       ) AS at
       WHERE state IN ${OPEN}
         AND due < now() - $1 * interval '1 ms'
         AND CASE WHEN state IN ('locking', 'submitting') THEN NOT EXISTS (
           SELECT FROM zkml.transactions t
           WHERE t.job_id = j.id AND t.state IN ${LIVE} AND (t.purpose = 'lock') = (j.state = 'locking')
         ) ELSE NOT EXISTS (
           SELECT FROM zkml.takes t WHERE t.queue = at.queue AND t.job_id = j.id
         ) AND NOT EXISTS (
           SELECT FROM ${QUEUE_SCHEMA}.job m
           WHERE m.name = at.queue AND coalesce(m.singleton_key, '') = j.id::text AND m.state = 'created'
             AND m.policy = 'short' AND m.start_after <= now()
         ) END
       ORDER BY due, number LIMIT $2`,
      [ageMs, limit],
    )
    return rows.map(jobOf)
  },

  async purge(tx, ageMs) {
    const rows = await tx.query(
      `DELETE FROM zkml.jobs j
       WHERE state = ANY ($1) AND final_at < now() - $2 * interval '1 ms' AND NOT EXISTS (
         SELECT FROM zkml.transactions t WHERE t.job_id = j.id AND t.state IN ${LIVE}
       ) RETURNING id`,
      [FINAL_STATES, ageMs],
    )
    return rows.length
  },
}

/** Updates one row, in the states given if any; undefined when there is none. */
async function change(
  tx: Queryable,
  id: string,
  patch: JobPatch,
  move?: { readonly from: readonly JobState[]; readonly to: JobState },
): Promise<Row | undefined> {
  if (!isUuid(id)) return undefined
  const values: unknown[] = [id]
  const value = (parameter: unknown): string => `$${values.push(parameter)}`
  const set = ['updated_at = now()']
  let where = 'id = $1'
  // What is there already stays: times are those of the first time.
  let times = `${value(json(patch.times ?? {}))}::jsonb || times`
  if (move !== undefined) {
    const to = `${value(move.to)}::text`
    set.push(`state = ${to}`)
    // Looking at an ended job again does not put off its erasure; working on it does.
    const final = `${to} = ANY (${value(FINAL_STATES)}::text[])`
    set.push(
      `final_at = CASE WHEN ${final} THEN coalesce(final_at, now()) WHEN ${to} IN ('received', 'waiting') THEN final_at END`,
    )
    times = `${NOW_AS(to)} || ${times}`
    where += ` AND state = ANY (${value(move.from)}::text[])`
  }
  set.push(`times = ${times}`)
  if (patch.money !== undefined) set.push(`money = money || ${value(json(patch.money))}::jsonb`)
  if (patch.model !== undefined) set.push(`model = ${value(patch.model)}`)
  if (patch.attempts !== undefined) set.push(`attempts = ${value(patch.attempts)}`)
  if (patch.error !== undefined) set.push(`error = ${value(json(patch.error))}`)
  if (patch.result !== undefined) set.push(`result = ${value(json(patch.result))}`)
  if (patch.proof !== undefined) set.push(`proof = ${value(json(patch.proof))}`)
  if (patch.delayMs !== undefined) {
    set.push(`not_before = now() + ${value(Math.min(patch.delayMs, LONGEST_WAIT))} * interval '1 ms'`)
  } else if (move !== undefined) set.push('not_before = NULL')
  const [row] = await tx.query<Row>(`UPDATE zkml.jobs SET ${set.join(', ')} WHERE ${where} RETURNING *`, values)
  return row
}

function jobOf(row: Row): Job {
  return {
    id: row.id,
    origin: row.kind === 'market' ? marketOrigin(row) : apiOrigin(row),
    model: row.model,
    state: row.state,
    error: row.error,
    attempts: row.attempts,
    notBefore: milliseconds(row.not_before),
    result: row.result,
    proof: row.proof,
    times: row.times,
    money: row.money,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  }
}

function marketOrigin(row: Row): MarketOrigin {
  return {
    kind: 'market',
    chainId: row.chain_id!,
    coordinator: row.coordinator!,
    requestId: row.request_id!,
    request: revived(row.request!),
    block: { number: row.block_number!, hash: row.block_hash! },
  }
}

function apiOrigin(row: Row): ApiOrigin {
  return { kind: 'api', client: row.client!, context: row.context, submitTo: row.chain_id }
}

function revived(stored: Readonly<Record<keyof MarketRequest, string>>): MarketRequest {
  return {
    ...stored,
    nonce: BigInt(stored.nonce),
    modelId: BigInt(stored.modelId),
    minPrice: BigInt(stored.minPrice),
    maxPrice: BigInt(stored.maxPrice),
    rampStart: BigInt(stored.rampStart),
    rampSeconds: BigInt(stored.rampSeconds),
    lockSeconds: BigInt(stored.lockSeconds),
    deadline: BigInt(stored.deadline),
    bond: BigInt(stored.bond),
    callbackGas: BigInt(stored.callbackGas),
  }
}
