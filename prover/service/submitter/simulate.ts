// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import type { LaneContext, View } from './context'
import { callFailure } from './failure'

/** Whether sending makes sense on the state of a block. `unknown`: ask again later. */
export type Verdict =
  { readonly kind: 'works' | 'unknown' | 'no funds' } | { readonly kind: 'fails'; readonly error: string }

/**
 * Runs the call of a transaction on the state after the newest block. It is said to fail only when that block is not behind what
 * discovery has read: an endpoint that lags does not have the request yet.
 */
export async function simulate(context: LaneContext, view: View, row: OutgoingTransaction): Promise<Verdict> {
  if (view.timestamp > row.deadline)
    return { kind: 'fails', error: `DeadlinePassed: the newest block is after the deadline ${row.deadline}` }
  if (row.gasLimit > view.gasLimit)
    return { kind: 'fails', error: `GasLimitTooHigh: it takes ${row.gasLimit} gas, a block holds ${view.gasLimit}` }
  try {
    await context.chain.simulate(row, view.hash)
    return { kind: 'works' }
  } catch (error) {
    const failure = callFailure(error)
    if (failure.kind === 'no funds') return { kind: 'no funds' }
    if (failure.kind === 'unknown' || !(await isCurrent(context, view))) return { kind: 'unknown' }
    return { kind: 'fails', error: `${failure.name}: ${failure.message}` }
  }
}

/** Whether the chain that discovery read is part of the one that the call was run on. */
async function isCurrent(context: LaneContext, view: View): Promise<boolean> {
  const cursor = await context.store.cursors.get(context.store.db, context.chainId)
  if (cursor === undefined || cursor.hash === view.hash) return true
  return cursor.block <= view.number && (await context.chain.blockHash(cursor.block)) === cursor.hash
}
