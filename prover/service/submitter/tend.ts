// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import { broadcast } from './broadcast'
import { readBudget } from './budget'
import {
  isInFlight,
  type LaneContext,
  lastAttempt,
  type Memory,
  now,
  remember,
  seconds,
  type View,
  waitsForSibling,
} from './context'
import { bumpedFees, type Fees } from './fees'
import { recordAttempt } from './record'
import { emptyTransfer, type Payload, signAttempt } from './sign'
import { simulate } from './simulate'

/**
 * Looks after transactions that are signed and not mined: sends them again when a node may have dropped them, with a higher fee when
 * they are stuck, and gives up the nonce of one whose call would fail.
 */
export async function tend(context: LaneContext, view: View, rows: readonly OutgoingTransaction[]): Promise<void> {
  const due: OutgoingTransaction[] = []
  for (const row of rows) {
    if (context.stopping()) break
    if (!isInFlight(row) || row.nonce! < view.nonce) continue
    const current = await tendOne(context, view, row, rows)
    if (current !== undefined && remember(context, current).nextBroadcast <= seconds()) due.push(current)
  }
  await broadcast(context, due)
}

/** @returns the transaction as it is to be sent, or undefined when it is better not sent now. */
async function tendOne(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  rows: readonly OutgoingTransaction[],
): Promise<OutgoingTransaction | undefined> {
  const memory = remember(context, row, view)
  const last = lastAttempt(row)
  const first = row.nonce === view.nonce
  // Without new blocks nothing is stuck, and a higher fee helps nobody.
  const aged = seconds() - memory.since >= context.policy.bumpAfterSeconds && view.number > memory.sinceBlock
  const late = view.timestamp > row.deadline

  if (row.state === 'pending' && (late || memory.recheck || (first && aged))) {
    if (!late && waitsForSibling(row, rows)) return undefined
    const verdict = await simulate(context, view, row)
    if (verdict.kind === 'fails') return cancel(context, view, row, verdict.error)
    if (verdict.kind === 'unknown') {
      context.waiting.add('simulation not possible')
      return undefined
    }
    memory.recheck = false
  }
  const outpriced = view.baseFee !== null && view.baseFee > last.maxFeePerGas
  if (!outpriced && !aged) return row
  const market = await context.market(view)
  if (!outpriced && !first && market.tip <= last.maxPriorityFeePerGas) return row
  const fees = bumpedFees(last, market, context.policy)
  if (fees === undefined) {
    context.waiting.add('fees above cap')
    startAgain(memory, view)
    return row
  }
  return bump(context, view, row, rows, fees)
}

/** Signs the same once more with a higher fee. */
async function bump(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  rows: readonly OutgoingTransaction[],
  fees: Fees,
): Promise<OutgoingTransaction | undefined> {
  if (row.state === 'cancelling') return replace(context, view, row, await emptyPayload(context), fees, {})
  const budget = await readBudget(context, view, rows)
  const obstacle = budget.raise(row, fees)
  if (obstacle !== undefined) {
    context.waiting.add(obstacle)
    startAgain(remember(context, row), view)
    return row
  }
  return replace(context, view, row, row, fees, {})
}

/** Gives the nonce to an empty transfer. */
async function cancel(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  error: string,
): Promise<OutgoingTransaction | undefined> {
  const fees = bumpedFees(lastAttempt(row), await context.market(view), context.policy)
  if (fees === undefined) {
    context.waiting.add('fees above cap')
    return undefined
  }
  context.log.warn(
    { job: row.jobId, nonce: row.nonce, reason: error },
    'a transaction on its way would fail and is cancelled',
  )
  return replace(context, view, row, await emptyPayload(context), fees, { state: 'cancelling', error })
}

async function emptyPayload(context: LaneContext): Promise<Payload> {
  const { address } = context.account
  return emptyTransfer(address, await context.chain.emptyTransferGas(address))
}

async function replace(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  payload: Payload,
  fees: Fees,
  change: { readonly state?: 'cancelling'; readonly error?: string },
): Promise<OutgoingTransaction | undefined> {
  const { account, chainId } = context
  const attempt = await signAttempt(account, chainId, row.nonce!, payload, fees, view.baseFee === null, now())
  const replaced = await recordAttempt(context, row, { ...change, attempt })
  if (replaced === undefined) return undefined
  context.metrics.transactionBumps.inc({ chain: String(chainId) })
  const memory = remember(context, replaced, view)
  Object.assign(memory, { nextBroadcast: 0, recheck: false })
  startAgain(memory, view)
  return replaced
}

/** Waits for as long as an attempt is given before anything more is done about it. */
function startAgain(memory: Memory, view: View): void {
  memory.since = seconds()
  memory.sinceBlock = view.number
}
