// SPDX-License-Identifier: GPL-3.0-or-later

import type { Log } from '../log'
import type { Metrics } from '../metrics'
import type { Queryable } from '../store/database'
import type { Store } from '../store/store'
import type { OutgoingTransaction, TransactionAttempt } from '../store/transaction'
import type { ChainReader, Head } from './chain-reader'
import type { Market } from './fees'
import type { LaneLease } from './lease'
import type { SubmitPolicy } from './policy'
import type { SigningAccount } from './sign'

/**
 * What happened to a transaction. `mined` comes when a block has it and its call succeeded, `confirmed` when that block is deep enough,
 * `unmined` when a reorg took a mined one out again (it is sent once more). `reverted` and `abandoned` end it without effect;
 * they come only when no reorg within the policy can make it succeed after all.
 *
 * A bond does not wait for that: `failing` comes once when a block has a transaction with the proof of a request without effect, or
 * its cancellation. From then on it is `superseded`: another one may be queued for the job, under a nonce of its own. The first is
 * followed to its end all the same, and its further outcomes are told: should a reorg let both into the chain, the contract lets one
 * of them succeed, and `mined` and `confirmed` of either count; `reverted` and `abandoned` of a superseded one say nothing new.
 */
export type SettledOutcome = 'mined' | 'failing' | 'reverted' | 'confirmed' | 'abandoned' | 'unmined'

/** Moves what hangs on a transaction, in the database transaction that records what became of it. */
export type OnSettled = (tx: Queryable, transaction: OutgoingTransaction, outcome: SettledOutcome) => Promise<void>

/** Why queued or pending transactions of a lane do not move. */
export type Waiting =
  | 'fees above cap'
  | 'spend cap'
  | 'balance too low'
  | 'earlier transaction of the job'
  | 'simulation not possible'
  | 'nodes refuse'

/** What this process knows of a transaction beyond the store. Times are seconds on its own clock, which no clock step touches. */
export type Memory = {
  readonly firstSeen: number
  /** When the newest attempt was signed, or first seen, and the newest block then. */
  since: number
  sinceBlock: number
  nextBroadcast: number
  /** Not signed by this process since its nonce was free: look whether the call still works before sending it again. */
  recheck: boolean
  /** Since when its nonce is used though no attempt has a receipt. */
  missingSince?: number
}

/** A hole in the nonces, being filled. */
export type Gap = { since: number; sinceBlock: number; attempt?: TransactionAttempt }

/** The chain at one block, as a lane sees it. */
export type View = Head & { readonly nonce: number; readonly balance: bigint }

/** What the parts of a lane work with. */
export type LaneContext = {
  readonly chainId: number
  readonly account: SigningAccount
  readonly chain: ChainReader
  readonly store: Pick<Store, 'db' | 'transactions' | 'cursors'>
  readonly lease: LaneLease
  readonly policy: SubmitPolicy
  readonly metrics: Metrics
  readonly log: Log
  readonly onSettled: OnSettled
  readonly memory: Map<string, Memory>
  readonly gaps: Map<number, Gap>
  readonly waiting: Set<Waiting>
  /** What gas costs, asked once a block. */
  market(view: View): Promise<Market>
  /** Says that what was read of the store has been changed. */
  changed(): void
  /** Whether the submitter is to finish what it does and begin nothing. */
  stopping(): boolean
}

/** Seconds on a clock that only goes forward. */
export function seconds(): number {
  return performance.now() / 1000
}

/** Milliseconds since 1970, by the wall clock at start and the monotonic one since: steps of the wall clock do not show. */
export function now(): number {
  return Math.round(performance.timeOrigin + performance.now())
}

/** What is known of a transaction, begun when it is first met. */
export function remember(context: LaneContext, row: OutgoingTransaction, view?: Head): Memory {
  const known = context.memory.get(row.id)
  if (known !== undefined) return known
  const time = seconds()
  const fresh = { firstSeen: time, since: time, sinceBlock: view?.number ?? 0, nextBroadcast: 0, recheck: true }
  context.memory.set(row.id, fresh)
  return fresh
}

/** The attempt that counts: the newest. */
export function lastAttempt(row: OutgoingTransaction): TransactionAttempt {
  const last = row.attempts.at(-1)
  if (last === undefined) throw new Error(`transaction ${row.id} is ${row.state} without a signature`)
  return last
}

/** Signed, and in no block that is known. */
export function isInFlight(row: OutgoingTransaction): boolean {
  return (row.state === 'pending' || row.state === 'cancelling') && row.receipt === null
}

/** Whether a transaction of the same job has to be mined first: one that came before it, or its lock. */
export function waitsForSibling(row: OutgoingTransaction, rows: readonly OutgoingTransaction[]): boolean {
  return rows.some(
    (other) =>
      other.jobId === row.jobId &&
      other.id !== row.id &&
      (isInFlight(other) || other.state === 'queued') &&
      comesBefore(other, row),
  )
}

function comesBefore(a: OutgoingTransaction, b: OutgoingTransaction): boolean {
  if (a.state === 'queued') return a.purpose === 'lock' && b.purpose !== 'lock'
  return b.state === 'queued' || a.nonce! < b.nonce!
}
