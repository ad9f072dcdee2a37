// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import { isInFlight, type LaneContext, now, seconds, type View } from './context'
import { broadcastOutcome, shortMessage } from './failure'
import { bumpedFees, firstFees } from './fees'
import { emptyTransfer, signAttempt } from './sign'

/** Most holes that are filled at once. */
const MOST = 16

/**
 * Fills nonces that nothing of ours uses and that hold up later ones, such as after a reorg took out what was confirmed, or on a
 * chain that began anew. Nothing is stored: a filler that is forgotten is signed again, and whichever is mined will do. Their fees are
 * not part of what is counted as spent.
 */
export async function fillGaps(context: LaneContext, view: View, rows: readonly OutgoingTransaction[]): Promise<void> {
  const ours = new Set(rows.filter((row) => row.state !== 'queued').map((row) => row.nonce))
  const last = Math.max(-1, ...rows.filter(isInFlight).map((row) => row.nonce!))
  const holes: number[] = []
  for (let nonce = view.nonce; nonce < last && holes.length < MOST; nonce++) if (!ours.has(nonce)) holes.push(nonce)
  for (const nonce of context.gaps.keys()) if (!holes.includes(nonce)) context.gaps.delete(nonce)
  for (const nonce of holes) {
    const gap = context.gaps.get(nonce)
    if (gap === undefined) context.gaps.set(nonce, { since: seconds(), sinceBlock: view.number })
    else if (seconds() - gap.since >= context.policy.bumpAfterSeconds) await fill(context, view, nonce)
  }
}

async function fill(context: LaneContext, view: View, nonce: number): Promise<void> {
  const { account, chain, chainId, log, policy } = context
  const gap = context.gaps.get(nonce)!
  // What is in the mempool will be mined; only what we put there may need a higher fee.
  if (gap.attempt === undefined && (await chain.transactionCount(account.address, 'pending')) > nonce) return
  const market = await context.market(view)
  const stuck = gap.attempt !== undefined && view.number > gap.sinceBlock
  const fees = stuck ? bumpedFees(gap.attempt!, market, policy) : (gap.attempt ?? firstFees(market, policy))
  if (fees === undefined) {
    context.waiting.add('fees above cap')
    return
  }
  await context.lease.require()
  const { maxFeePerGas, maxPriorityFeePerGas } = fees
  const payload = emptyTransfer(account.address, await chain.emptyTransferGas(account.address))
  const price = { maxFeePerGas, maxPriorityFeePerGas }
  const attempt = await signAttempt(account, chainId, nonce, payload, price, view.baseFee === null, now())
  context.gaps.set(nonce, { since: seconds(), sinceBlock: view.number, attempt })
  try {
    await chain.broadcast(attempt.raw)
    log.warn({ nonce, hash: attempt.hash }, 'a nonce that nothing used is filled with an empty transfer')
  } catch (error) {
    log.debug({ nonce, outcome: broadcastOutcome(error), reason: shortMessage(error) }, 'a node did not take a filler')
  }
}
