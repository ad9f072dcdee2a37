// SPDX-License-Identifier: GPL-3.0-or-later

import { StoreNotFoundError } from './errors'
import { OPEN } from './job'
import type { TransactionStore } from './store'
import type { OutgoingTransaction, TransactionAttempt, TransactionPurpose, TransactionState } from './transaction'
import { isUuid, json, text } from './values'

/** States from which a transaction may still cost something or change its place in the lane. */
export const LIVE = `('queued', 'pending', 'mined', 'cancelling')`

type StoredAttempt = Omit<TransactionAttempt, 'maxFeePerGas' | 'maxPriorityFeePerGas'> & {
  readonly maxFeePerGas: string
  readonly maxPriorityFeePerGas: string
}

type Row = {
  readonly id: string
  readonly job_id: string
  readonly purpose: TransactionPurpose
  readonly chain_id: number
  readonly sender: string
  readonly recipient: string
  readonly data: string
  readonly value: string
  readonly gas_limit: string
  readonly follow_up_gas: string | null
  readonly deadline: number
  readonly state: TransactionState
  readonly nonce: number | null
  readonly attempts: readonly StoredAttempt[]
  readonly superseded: boolean
  readonly receipt: {
    readonly hash: string
    readonly blockNumber: number
    readonly blockHash: string
    readonly gasUsed: string
    readonly fee: string
  } | null
  readonly error: string | null
}

/** Which version of its row a transaction was read from, by `unsettled`. */
const versions = new WeakMap<OutgoingTransaction, string>()
/** Changes with every update of a row, even within one transaction. */
const VERSION = `xmin::text || ctid::text`
const UUID_LENGTH = 36

/** Transactions in the table `zkml.transactions`. */
export const transactionStore: TransactionStore = {
  async insert(tx, request) {
    const [row] = await tx.query<Row>(
      `INSERT INTO zkml.transactions (job_id, purpose, chain_id, sender, recipient, data, value, gas_limit, follow_up_gas, deadline)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (job_id, purpose) WHERE state IN ${LIVE} AND NOT superseded DO NOTHING RETURNING *`,
      [
        request.jobId,
        request.purpose,
        request.chainId,
        request.from,
        request.to,
        request.data,
        request.value,
        request.gasLimit,
        request.followUpGas,
        request.deadline,
      ],
    )
    return row && transactionOf(row)
  },

  async get(tx, id) {
    if (!isUuid(id)) return undefined
    const [row] = await tx.query<Row>('SELECT * FROM zkml.transactions WHERE id = $1', [id])
    return row && transactionOf(row)
  },

  async unsettled(tx, chainId, from, known = []) {
    const current = new Map(known.map((transaction) => [transaction.id + versions.get(transaction), transaction]))
    // One value for all of them is much quicker than a row each.
    const [lane] = await tx.query<{ rows: string | null }>(
      `SELECT string_agg(id::text || ${VERSION}, ' ' ORDER BY nonce NULLS FIRST, number) AS rows FROM zkml.transactions
       WHERE chain_id = $1 AND lower(sender) = lower($2) AND state IN ${LIVE}`,
      [chainId, from],
    )
    const wanted = lane!.rows?.split(' ') ?? []
    const changed = wanted.filter((row) => !current.has(row)).map((row) => row.slice(0, UUID_LENGTH))
    if (changed.length === 0) return wanted.map((row) => current.get(row)!)
    const read = await tx.query<Row & { readonly version: string }>(
      `SELECT *, ${VERSION} AS version FROM zkml.transactions WHERE id = ANY ($1::uuid[]) AND state IN ${LIVE}`,
      [changed],
    )
    const fresh = new Map(read.map((row) => [row.id, remembered(row)]))
    // What was settled between the two statements is left out.
    return wanted.flatMap((row) => current.get(row) ?? fresh.get(row.slice(0, UUID_LENGTH)) ?? [])
  },

  async promisedBonds(tx, chainId, from) {
    const [row] = await tx.query<{ promised: string }>(
      `SELECT coalesce(sum(greatest((j.request->>'bond')::numeric - t.value, 0)), 0) AS promised
       FROM zkml.transactions t JOIN zkml.jobs j ON j.id = t.job_id
       WHERE t.chain_id = $1 AND lower(t.sender) = lower($2) AND t.state IN ('queued', 'pending')
         AND t.purpose = 'lock' AND t.receipt IS NULL`,
      [chainId, from],
    )
    return BigInt(row!.promised)
  },

  async ofJob(tx, jobId, purpose) {
    if (!isUuid(jobId)) return []
    const rows = await tx.query<Row>(
      `SELECT * FROM zkml.transactions WHERE job_id = $1 AND ($2::text IS NULL OR purpose = $2) ORDER BY number`,
      [jobId, purpose],
    )
    return rows.map(transactionOf)
  },

  async takeNonce(tx, chainId, from, floor) {
    const [row] = await tx.query<{ nonce: number }>(
      `INSERT INTO zkml.lanes AS lane (chain_id, sender, next_nonce) VALUES ($1, lower($2), $3::bigint + 1)
       ON CONFLICT (chain_id, sender) DO UPDATE SET next_nonce = greatest(lane.next_nonce, $3) + 1
       RETURNING next_nonce - 1 AS nonce`,
      [chainId, from, floor],
    )
    return row!.nonce
  },

  async update(tx, id, { state, nonce, attempt, superseded, receipt, error }) {
    if (!isUuid(id)) throw new StoreNotFoundError('transaction', id)
    const values: unknown[] = [id]
    const value = (parameter: unknown): string => `$${values.push(parameter)}`
    const set = ['updated_at = now()']
    if (state !== undefined) set.push(`state = ${value(state)}`)
    if (nonce !== undefined) set.push(`nonce = ${value(nonce)}`)
    if (attempt !== undefined) set.push(`attempts = attempts || ${value(json([attempt]))}::jsonb`)
    if (superseded !== undefined) set.push(`superseded = ${value(superseded)}`)
    if (error !== undefined) set.push(`error = ${value(error === null ? null : text(error))}`)
    if (receipt !== undefined) {
      set.push(`receipt = ${value(json(receipt))}`, `fee = ${value(receipt?.fee)}`)
      set.push(`fee_at = ${receipt === null ? 'NULL' : 'coalesce(fee_at, now())'}`)
    }
    const [row] = await tx.query<Row>(
      `UPDATE zkml.transactions SET ${set.join(', ')} WHERE id = $1 RETURNING *`,
      values,
    )
    if (row === undefined) throw new StoreNotFoundError('transaction', id)
    return transactionOf(row)
  },

  async reopen(tx, chainId, fromBlock) {
    const rows = await tx.query(
      `UPDATE zkml.transactions t SET state = 'mined', updated_at = now()
       WHERE chain_id = $1 AND state = 'confirmed' AND (receipt->>'blockNumber')::bigint >= $2
         AND (superseded OR NOT EXISTS (
           SELECT FROM zkml.transactions o
           WHERE o.job_id = t.job_id AND o.purpose = t.purpose AND o.state IN ${LIVE} AND NOT o.superseded
         )) RETURNING id`,
      [chainId, fromBlock],
    )
    return rows.length
  },

  async spent(tx, chainId, from, since) {
    const [row] = await tx.query<{ settled: string; reserved: string }>(
      `SELECT
         coalesce(sum(fee) FILTER (WHERE fee_at >= $3), 0) AS settled,
         coalesce(sum(gas_limit * (
           SELECT max((attempt->>'maxFeePerGas')::numeric) FROM jsonb_array_elements(attempts) AS attempt
         )) FILTER (WHERE fee IS NULL AND state IN ${LIVE}), 0) AS reserved
       FROM zkml.transactions
       WHERE chain_id = $1 AND lower(sender) = lower($2) AND (fee_at >= $3 OR state IN ${LIVE})`,
      [chainId, from, since],
    )
    return { settled: BigInt(row!.settled), reserved: BigInt(row!.reserved) }
  },

  async bonded(tx, chainId, from, jobIds) {
    const rows = await tx.query<{ job_id: string; gas: string; is_locked: boolean; is_followed: boolean }>(
      `SELECT l.job_id, coalesce(max(l.follow_up_gas), 0) AS gas, bool_or(l.state <> 'pending') AS is_locked,
         EXISTS (
           SELECT FROM zkml.transactions f WHERE f.job_id = l.job_id AND f.purpose = 'fulfill'
             AND f.state IN ('pending', 'mined', 'confirmed', 'cancelling') AND NOT f.superseded
         ) AS is_followed
       FROM zkml.jobs j JOIN zkml.transactions l ON l.job_id = j.id
       WHERE j.state IN ${OPEN} ${jobIds === undefined ? '' : 'AND j.id = ANY ($3::uuid[])'}
         AND l.chain_id = $1 AND lower(l.sender) = lower($2) AND l.purpose = 'lock'
         AND (l.state IN ('mined', 'confirmed') OR l.state = 'pending' AND l.receipt IS NULL)
       GROUP BY l.job_id`,
      jobIds === undefined ? [chainId, from] : [chainId, from, jobIds],
    )
    return rows.map((row) => ({
      jobId: row.job_id,
      gas: BigInt(row.gas),
      isLocked: row.is_locked,
      isFollowed: row.is_followed,
    }))
  },
}

function remembered(row: Row & { readonly version: string }): OutgoingTransaction {
  const transaction = transactionOf(row)
  versions.set(transaction, row.version)
  return transaction
}

function transactionOf(row: Row): OutgoingTransaction {
  return {
    id: row.id,
    jobId: row.job_id,
    purpose: row.purpose,
    chainId: row.chain_id,
    from: row.sender,
    to: row.recipient,
    data: row.data,
    value: BigInt(row.value),
    gasLimit: BigInt(row.gas_limit),
    ...(row.follow_up_gas !== null && { followUpGas: BigInt(row.follow_up_gas) }),
    deadline: row.deadline,
    state: row.state,
    nonce: row.nonce,
    attempts: row.attempts.map((attempt) => ({
      ...attempt,
      maxFeePerGas: BigInt(attempt.maxFeePerGas),
      maxPriorityFeePerGas: BigInt(attempt.maxPriorityFeePerGas),
    })),
    superseded: row.superseded,
    receipt: row.receipt && { ...row.receipt, gasUsed: BigInt(row.receipt.gasUsed), fee: BigInt(row.receipt.fee) },
    error: row.error,
  }
}
