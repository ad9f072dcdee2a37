// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import { type LaneContext, lastAttempt, remember, seconds } from './context'
import { broadcastOutcome, shortMessage } from './failure'

/** How often bytes that a node took are handed to it again, at most, in case they were evicted: seconds. */
const REPEAT = 15

/** When bytes that nobody took are tried again: seconds. */
const RETRY = 1

/** Hands the newest attempts to a node. What it makes of them shows in receipts; until then they are handed over again. */
export async function broadcast(context: LaneContext, rows: readonly OutgoingTransaction[]): Promise<void> {
  await Promise.all(rows.map((row) => send(context, row)))
}

async function send(context: LaneContext, row: OutgoingTransaction): Promise<void> {
  const memory = remember(context, row)
  const repeat = Math.min(REPEAT, context.policy.bumpAfterSeconds)
  const { raw, hash } = lastAttempt(row)
  try {
    await context.chain.broadcast(raw)
    memory.nextBroadcast = seconds() + repeat
    context.log.debug({ job: row.jobId, purpose: row.purpose, nonce: row.nonce, hash }, 'transaction sent')
  } catch (error) {
    const outcome = broadcastOutcome(error)
    memory.nextBroadcast =
      seconds() + (outcome === 'refused' || outcome === 'no funds' ? Math.min(RETRY, repeat) : repeat)
    if (outcome === 'refused') context.waiting.add('nodes refuse')
    if (outcome === 'no funds') context.waiting.add('balance too low')
    if (outcome !== 'accepted')
      context.log.debug(
        { job: row.jobId, nonce: row.nonce, hash, outcome, reason: shortMessage(error) },
        'a node did not take a transaction',
      )
  }
}
