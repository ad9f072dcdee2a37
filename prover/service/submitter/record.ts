// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction, TransactionAttempt, TransactionState } from '../store/transaction'
import type { MinedReceipt } from './chain-reader'
import { type LaneContext, lastAttempt, remember, type SettledOutcome } from './context'
import { isEmptyTransfer } from './sign'

export type Change = {
  readonly state?: TransactionState
  readonly attempt?: TransactionAttempt
  readonly receipt?: OutgoingTransaction['receipt']
  readonly error?: string | null
}

/**
 * Writes down what became of a transaction, and lets the planner move the job in the same database transaction.
 *
 * @returns undefined when it is not as it was read: another daemon acted.
 */
export async function record(
  context: LaneContext,
  row: OutgoingTransaction,
  change: Change,
  outcome?: SettledOutcome,
): Promise<OutgoingTransaction | undefined> {
  await context.lease.require()
  const { db, transactions } = context.store
  const updated = await db.transaction(async (tx) => {
    const current = await transactions.get(tx, row.id)
    if (current?.state !== row.state || current.attempts.length !== row.attempts.length) return undefined
    const changed = await transactions.update(tx, row.id, change)
    if (outcome !== undefined) await context.onSettled(tx, changed, outcome)
    return changed
  })
  if (updated !== undefined && outcome !== undefined) {
    context.metrics.transactions.inc({ chain: String(context.chainId), purpose: row.purpose, outcome })
    const fields = { job: row.jobId, purpose: row.purpose, nonce: updated.nonce, hash: updated.receipt?.hash }
    if (outcome === 'reverted' || outcome === 'abandoned' || outcome === 'unmined')
      context.log.warn({ ...fields, reason: updated.error }, `transaction ${outcome}`)
    else context.log.info(fields, `transaction ${outcome}`)
  }
  return updated
}

/** Notes that a block has one of the attempts. A call that failed stays `pending`, with its receipt, until that is final. */
export async function recordMined(
  context: LaneContext,
  row: OutgoingTransaction,
  { succeeded, ...receipt }: MinedReceipt,
): Promise<OutgoingTransaction | undefined> {
  const empty = isEmptyTransfer(row, receipt.hash)
  const state = empty ? 'cancelling' : succeeded ? 'mined' : 'pending'
  if (row.state === 'mined' && state !== 'mined') {
    const unmined = await recordUnmined(context, row)
    return unmined && recordMined(context, unmined, { succeeded, ...receipt })
  }
  return record(context, row, { state, receipt }, state === 'mined' && row.state !== 'mined' ? 'mined' : undefined)
}

/** Notes that the block that had it is not part of the chain any more. */
export async function recordUnmined(
  context: LaneContext,
  row: OutgoingTransaction,
): Promise<OutgoingTransaction | undefined> {
  const state = isEmptyTransfer(row, lastAttempt(row).hash) ? 'cancelling' : 'pending'
  const memory = remember(context, row)
  Object.assign(memory, { recheck: true, nextBroadcast: 0 })
  return record(context, row, { state, receipt: null }, row.state === 'mined' ? 'unmined' : undefined)
}
