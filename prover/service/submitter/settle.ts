// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction, TransactionState } from '../store/transaction'
import { callFailure } from './failure'
import type { Head, MinedReceipt } from './chain-reader'
import { type LaneContext, remember, seconds, type View } from './context'
import { minedSteps, record, type Step, unminedSteps } from './record'

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
  ): Promise<Standing> {
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

  const findings = await Promise.all(
    signed.map(async (row) => ({ row, ...(await decide(context, view, row, found.get(row.id), standing)) })),
  )
  const recorded = await record(
    context,
    findings.filter(({ steps }) => steps.length > 0),
  )
  return recorded && findings.every(({ open }) => !open)
}

type Standing = (blockHash: string) => 'canonical' | 'orphaned' | 'unknown'

/** What is to be written down, and whether there is more to find out at this head. */
type Finding = { readonly steps: readonly Step[]; readonly open: boolean }

const NOTHING: Finding = { steps: [], open: false }
const OPEN: Finding = { steps: [], open: true }

async function decide(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  found: MinedReceipt | undefined,
  standing: Standing,
): Promise<Finding> {
  if (found !== undefined) {
    if (standing(found.blockHash) !== 'canonical') return OPEN
    const steps = minedSteps(row, found)
    return {
      steps: [...steps, ...(await canonicalSteps(context, view, row, steps.at(-1)!.state!, found))],
      open: false,
    }
  }
  if (row.receipt === null) {
    if (row.nonce! < view.nonce) return foreign(context, view, row)
    delete remember(context, row, view).missingSince
    return NOTHING
  }
  const where = standing(row.receipt.blockHash)
  if (where === 'canonical')
    return { steps: await canonicalSteps(context, view, row, row.state, row.receipt), open: false }
  if (where === 'unknown') return OPEN
  const moved = await findReceipt(context, row)
  if (moved?.blockHash === row.receipt.blockHash) return OPEN
  // The new block is checked in the next round.
  return { steps: moved === undefined ? unminedSteps(context, row) : minedSteps(row, moved), open: true }
}

/** Ends what is deep enough, given the state in which it was mined, and says of a proof at once that it failed. */
async function canonicalSteps(
  context: LaneContext,
  view: View,
  row: OutgoingTransaction,
  state: TransactionState,
  { hash, blockNumber, blockHash }: NonNullable<OutgoingTransaction['receipt']>,
): Promise<readonly Step[]> {
  const isFinal = view.number - blockNumber + 1 >= context.policy.confirmations
  if (state === 'mined') return isFinal ? [{ state: 'confirmed', outcome: 'confirmed' }] : []
  const isNews = row.purpose === 'fulfill' && !row.superseded
  if (!isNews && !isFinal) return []
  const reason =
    state === 'cancelling'
      ? {}
      : { error: `${await whyReverted(context, row, blockHash)} (${hash} in block ${blockNumber})` }
  const end = state === 'cancelling' ? 'abandoned' : 'reverted'
  return [
    ...(isNews ? [{ superseded: true, outcome: 'failing', ...reason } as const] : []),
    ...(isFinal ? [{ state: end, outcome: end, ...reason } as const] : []),
  ]
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
async function foreign(context: LaneContext, view: View, row: OutgoingTransaction): Promise<Finding> {
  const memory = remember(context, row, view)
  memory.missingSince ??= seconds()
  if (seconds() - memory.missingSince < context.policy.bumpAfterSeconds) return OPEN
  const depth = Math.max(context.policy.confirmations, LEAST_FOREIGN_DEPTH)
  const block = view.number - depth + 1
  if (block < 0 || (await context.chain.transactionCount(row.from, block)) <= row.nonce!) return OPEN
  // The receipt was looked for before the count: look once more.
  if ((await findReceipt(context, row)) !== undefined) return OPEN
  context.log.warn(
    { job: row.jobId, nonce: row.nonce },
    'another transaction of this account used the nonce: is the key used elsewhere?',
  )
  context.memory.delete(row.id)
  // Another one has taken the place of a superseded one.
  if (row.state === 'cancelling' || row.superseded)
    return { steps: [{ state: 'abandoned', outcome: 'abandoned' }], open: false }
  const error = `NonceTaken: another transaction of ${row.from} used nonce ${row.nonce}`
  return { steps: [{ state: 'queued', error }], open: false }
}
