// SPDX-License-Identifier: GPL-3.0-or-later

import { StoreUnavailableError } from '../store/errors'
import type { OutgoingTransaction, TransactionAttempt, TransactionState } from '../store/transaction'
import type { MinedReceipt } from './chain-reader'
import { type LaneContext, lastAttempt, remember, type SettledOutcome } from './context'
import { shortMessage } from './failure'
import { isEmptyTransfer } from './sign'

/** A change of a transaction, and what the planner hears of it. */
export type Step = {
  readonly state?: TransactionState
  readonly attempt?: TransactionAttempt
  readonly superseded?: true
  readonly receipt?: OutgoingTransaction['receipt']
  readonly error?: string | null
  readonly outcome?: SettledOutcome
}

/** What became of a transaction since it was read. */
export type Decision = { readonly row: OutgoingTransaction; readonly steps: readonly Step[] }

/** Most decisions of a database transaction, for the length of which nobody else gets to an embedded database. */
const MOST = 8

/**
 * Writes decisions down, and lets the planner move the jobs in the same database transactions: several at once, because a commit costs
 * more than what is in it, and one by one when that fails, so that one job that cannot be moved does not hold up the others.
 *
 * @returns whether all is written.
 * @throws LaneLeaseLostError; StoreUnavailableError.
 */
export async function record(context: LaneContext, decisions: readonly Decision[]): Promise<boolean> {
  let complete = true
  for (let start = 0; start < decisions.length; start += MOST) {
    const batch = decisions.slice(start, start + MOST)
    await context.lease.require()
    try {
      complete = (await commit(context, batch)).every((row) => row !== undefined) && complete
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      if (batch.length > 1) for (const decision of batch) complete = (await record(context, [decision])) && complete
      else {
        complete = false
        context.log.error(
          { job: batch[0]!.row.jobId, reason: shortMessage(error) },
          'a transaction could not be settled',
        )
      }
    }
  }
  return complete
}

/** Writes down a further attempt. @returns undefined when another daemon acted on the transaction. */
export async function recordAttempt(
  context: LaneContext,
  row: OutgoingTransaction,
  step: Step,
): Promise<OutgoingTransaction | undefined> {
  await context.lease.require()
  const [updated] = await commit(context, [{ row, steps: [step] }])
  return updated
}

/** @returns the transactions as they are now, undefined for those that were not as they had been read. */
async function commit(
  context: LaneContext,
  decisions: readonly Decision[],
): Promise<readonly (OutgoingTransaction | undefined)[]> {
  const { db, transactions } = context.store
  const reports: (() => void)[] = []
  // Before, because an answer may be lost, and what another daemon did is to be read as well.
  context.changed()
  const rows = await db.transaction(async (tx) => {
    const updated: (OutgoingTransaction | undefined)[] = []
    for (const { row, steps } of decisions) {
      let current = await transactions.get(tx, row.id)
      if (current?.state !== row.state || current.attempts.length !== row.attempts.length) {
        updated.push(undefined)
        continue
      }
      for (const { outcome, ...change } of steps) {
        current = await transactions.update(tx, row.id, change)
        if (outcome === undefined) continue
        await context.onSettled(tx, current, outcome)
        const settled = current
        reports.push(() => report(context, settled, outcome))
      }
      updated.push(current)
    }
    return updated
  })
  for (const tell of reports) tell()
  return rows
}

function report(context: LaneContext, row: OutgoingTransaction, outcome: SettledOutcome): void {
  context.metrics.transactions.inc({ chain: String(context.chainId), purpose: row.purpose, outcome })
  const fields = { job: row.jobId, purpose: row.purpose, nonce: row.nonce, hash: row.receipt?.hash }
  if (outcome === 'mined' || outcome === 'confirmed') context.log.info(fields, `transaction ${outcome}`)
  else context.log.warn({ ...fields, reason: row.error }, `transaction ${outcome}`)
}

/** A block has one of the attempts. A call that failed stays `pending`, with its receipt, until that is final. */
export function minedSteps(row: OutgoingTransaction, { succeeded, ...receipt }: MinedReceipt): readonly Step[] {
  const empty = isEmptyTransfer(row, receipt.hash)
  const state = empty ? 'cancelling' : succeeded ? 'mined' : 'pending'
  if (state === 'mined') return [{ state, receipt, ...(row.state === 'mined' ? {} : { outcome: 'mined' }) }]
  if (row.state !== 'mined') return [{ state, receipt }]
  return [
    { state, receipt: null, outcome: 'unmined' },
    { state, receipt },
  ]
}

/** The block that had it is not part of the chain any more. */
export function unminedSteps(context: LaneContext, row: OutgoingTransaction): readonly Step[] {
  const state = isEmptyTransfer(row, lastAttempt(row).hash) ? 'cancelling' : 'pending'
  Object.assign(remember(context, row), { recheck: true, nextBroadcast: 0 })
  // A cancelled one keeps its reason; why it failed in that block is history.
  const error = state === 'cancelling' ? {} : { error: null }
  return [{ state, receipt: null, ...error, ...(row.state === 'mined' ? { outcome: 'unmined' } : {}) }]
}
