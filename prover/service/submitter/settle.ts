// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import { callFailure, shortMessage } from './failure'
import type { Head, MinedReceipt } from './chain-reader'
import { type LaneContext, remember, seconds, type View } from './context'
import { LaneLeaseLostError } from './errors'
import { record, recordMined, recordUnmined } from './record'

/** Below this depth a foreign use of a nonce is never taken for final, whatever the policy: endpoints lag. */
const LEAST_FOREIGN_DEPTH = 3

/** Follows the chain and remembers which blocks are known to be part of it, so that a quiet block costs no request. */
export class CanonicalBlocks {
  private head: Head | undefined
  private readonly known = new Set<string>()

  /** Takes notice of a new head; forgets everything unless it continues the last one. */
  async follow(context: LaneContext, head: Head): Promise<void> {
    const last = this.head
    if (last !== undefined && last.hash !== head.hash && last.hash !== head.parentHash)
      if ((await context.chain.blockHash(last.number)) !== last.hash) this.known.clear()
    this.head = head
  }

  /** Where the blocks of these receipts stand; `unknown` when the endpoint is not that far. */
  async check(
    context: LaneContext,
    receipts: readonly { readonly blockNumber: number; readonly blockHash: string }[],
  ): Promise<(blockHash: string) => 'canonical' | 'orphaned' | 'unknown'> {
    const blocks = new Map(receipts.map(({ blockHash, blockNumber }) => [blockHash, blockNumber]))
    for (const hash of this.known) if (!blocks.has(hash)) this.known.delete(hash)
    const orphaned = new Set<string>()
    await Promise.all(
      [...blocks].map(async ([hash, number]) => {
        if (this.known.has(hash)) return
        const canonical = await context.chain.blockHash(number)
        if (canonical === hash) this.known.add(hash)
        else if (canonical !== undefined) orphaned.add(hash)
      }),
    )
    return (hash) => (this.known.has(hash) ? 'canonical' : orphaned.has(hash) ? 'orphaned' : 'unknown')
  }
}

/**
 * Brings what is stored up to what the chain says: finds receipts, notices reorgs, and settles what is deep enough.
 *
 * @returns whether everything is known; otherwise look again at the same head.
 */
export async function settle(
  context: LaneContext,
  blocks: CanonicalBlocks,
  view: View,
  rows: readonly OutgoingTransaction[],
): Promise<boolean> {
  await blocks.follow(context, view)
  const signed = rows.filter((row) => row.state !== 'queued')
  // Only these can have been mined since: the account has used their nonces.
  const due = signed.filter((row) => row.receipt === null && row.nonce! < view.nonce)
  const found = new Map(await Promise.all(due.map(async (row) => [row.id, await findReceipt(context, row)] as const)))
  const receipts = signed.flatMap((row) => found.get(row.id) ?? row.receipt ?? [])
  const standing = await blocks.check(context, receipts)

  let complete = true
  for (const row of signed) {
    try {
      complete = (await settleOne(context, view, row, found.get(row.id), standing)) && complete
    } catch (error) {
      if (error instanceof LaneLeaseLostError) throw error
      // One job that cannot be moved must not hold up the others.
      complete = false
      context.log.error({ job: row.jobId, reason: shortMessage(error) }, 'a transaction could not be settled')
    }
  }
  return complete
}

async function settleOne(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  found: MinedReceipt | undefined,
  standing: (blockHash: string) => 'canonical' | 'orphaned' | 'unknown',
): Promise<boolean> {
  let current: OutgoingTransaction | undefined = row
  if (found !== undefined) {
    if (standing(found.blockHash) !== 'canonical') return false
    current = await recordMined(context, row, found)
  } else if (row.receipt === null) {
    if (row.nonce! < view.nonce) return foreign(context, view, row)
    delete remember(context, row, view).missingSince
    return true
  }
  if (current?.receipt == null) return current !== undefined

  const where = standing(current.receipt.blockHash)
  if (where === 'canonical') return confirm(context, view, current)
  if (where === 'unknown') return false
  const moved = await findReceipt(context, current)
  if (moved?.blockHash === current.receipt.blockHash) return false
  if (moved === undefined) await recordUnmined(context, current)
  else await recordMined(context, current, moved)
  // The new block is checked in the next round.
  return false
}

/** Ends what is deep enough. */
async function confirm(context: LaneContext, view: View, row: OutgoingTransaction): Promise<boolean> {
  const { hash, blockNumber, blockHash } = row.receipt!
  if (view.number - blockNumber + 1 < context.policy.confirmations) return true
  if (row.state === 'mined') return (await record(context, row, { state: 'confirmed' }, 'confirmed')) !== undefined
  if (row.state === 'cancelling') return (await record(context, row, { state: 'abandoned' }, 'abandoned')) !== undefined
  const error = `${await whyReverted(context, row, blockHash)} (${hash} in block ${blockNumber})`
  return (await record(context, row, { state: 'reverted', error }, 'reverted')) !== undefined
}

/** The same call on the state after its block, which mostly fails for the same reason. */
async function whyReverted(context: LaneContext, row: OutgoingTransaction, blockHash: string): Promise<string> {
  try {
    await context.chain.simulate(row, blockHash)
  } catch (error) {
    const failure = callFailure(error)
    if (failure.kind === 'revert') return `${failure.name}: ${failure.message}`
  }
  return 'Reverted: the transaction failed'
}

async function findReceipt(context: LaneContext, row: OutgoingTransaction): Promise<MinedReceipt | undefined> {
  const receipts = await Promise.all(row.attempts.map((attempt) => context.chain.receipt(attempt)))
  return receipts.find((receipt) => receipt !== undefined)
}

/**
 * The nonce is used, but by none of the attempts: the key is used elsewhere, or the endpoint lags. Once it has been so for long enough,
 * deep in the chain, no attempt can be mined any more, and the transaction may have another nonce.
 */
async function foreign(context: LaneContext, view: View, row: OutgoingTransaction): Promise<boolean> {
  const memory = remember(context, row, view)
  memory.missingSince ??= seconds()
  if (seconds() - memory.missingSince < context.policy.bumpAfterSeconds) return false
  const depth = Math.max(context.policy.confirmations, LEAST_FOREIGN_DEPTH)
  const block = view.number - depth + 1
  if (block < 0 || (await context.chain.transactionCount(row.from, block)) <= row.nonce!) return false
  // The receipt was looked for before the count: look once more.
  if ((await findReceipt(context, row)) !== undefined) return false
  context.log.warn(
    { job: row.jobId, nonce: row.nonce },
    'another transaction of this account used the nonce: is the key used elsewhere?',
  )
  const error = `NonceTaken: another transaction of ${row.from} used nonce ${row.nonce}`
  context.memory.delete(row.id)
  if (row.state === 'cancelling') await record(context, row, { state: 'abandoned' }, 'abandoned')
  else await record(context, row, { state: 'queued', error })
  return true
}
