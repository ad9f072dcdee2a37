// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction, TransactionPurpose } from '../store/transaction'
import { broadcast } from './broadcast'
import { readBudget } from './budget'
import { isInFlight, type LaneContext, now, remember, seconds, type View, waitsForSibling } from './context'
import { type Fees, firstFees } from './fees'
import { type Decision, record } from './record'
import { signAttempt } from './sign'
import { simulate } from './simulate'

/** What is sent first. */
const URGENCY: readonly TransactionPurpose[] = ['fulfill', 'verify', 'lock']

/** Most that are signed in one database transaction, for the length of which nobody else gets to an embedded database. */
const MOST = 8

/** Another daemon signed one of them: its lease and ours overlapped. Rolls back the nonces that were taken. */
const SIGNED_ELSEWHERE = new Error('a transaction was signed by another daemon')

/**
 * Gives nonces to queued transactions, as many as the policy allows, and sends them. Proofs that save a bond go first, and neither the
 * spend cap nor what others wait for holds them back. Locks go last. Those past their deadline are given up.
 *
 * @param tried - ids of those that were looked at before at this head, and are not again.
 * @returns those that were looked at now.
 */
export async function dispatch(
  context: LaneContext,
  view: View,
  rows: readonly OutgoingTransaction[],
  tried: ReadonlySet<string>,
): Promise<readonly OutgoingTransaction[]> {
  // What came later must not eat up what others wait for, but for what saves a bond.
  const isShort = context.waiting.has('spend cap') || context.waiting.has('balance too low')
  const queued = rows.filter(
    (row) => row.state === 'queued' && !tried.has(row.id) && (!isShort || row.purpose === 'fulfill'),
  )
  const late = queued.filter((row) => view.timestamp > row.deadline)
  const ready = queued.filter((row) => view.timestamp <= row.deadline && !waitsForSibling(row, rows))
  if (late.length + ready.length < queued.length) context.waiting.add('earlier transaction of the job')
  const fees = ready.length === 0 ? undefined : firstFees(await context.market(view), context.policy)
  if (ready.length > 0 && fees === undefined) context.waiting.add('fees above cap')

  const room = fees === undefined ? 0 : Math.max(context.policy.maxInFlight - rows.filter(isInFlight).length, 0)
  if (late.length === 0 && (ready.length === 0 || room === 0)) return []
  const budget = await readBudget(context, view, rows, ready)
  const allowed = ready.filter((row) => !isShort || budget.savesBond(row))
  const urgency = (row: OutgoingTransaction): number => (budget.savesBond(row) ? -1 : URGENCY.indexOf(row.purpose))
  const batch = [...late, ...allowed.sort((a, b) => urgency(a) - urgency(b)).slice(0, room)]
  if (batch.length === 0) return []
  const [verdicts, floor] = await Promise.all([
    Promise.all(batch.map((row) => simulate(context, view, row))),
    context.chain.transactionCount(context.account.address, 'pending'),
  ])
  const failing: Decision[] = []
  const worthwhile: OutgoingTransaction[] = []
  for (const [index, row] of batch.entries()) {
    const verdict = verdicts[index]!
    if (verdict.kind === 'fails')
      failing.push({ row, steps: [{ state: 'abandoned', error: verdict.error, outcome: 'abandoned' }] })
    else if (verdict.kind === 'unknown') context.waiting.add('simulation not possible')
    else if (verdict.kind === 'no funds') context.waiting.add('balance too low')
    else if (fees !== undefined) {
      const obstacle = budget.take(row, fees)
      if (obstacle === undefined) worthwhile.push(row)
      else {
        context.waiting.add(obstacle)
        // Those that save a bond come first, so none is left behind.
        break
      }
    }
  }
  await record(context, failing)
  for (let start = 0; fees !== undefined && start < worthwhile.length && !context.stopping(); start += MOST) {
    const some = worthwhile.slice(start, start + MOST)
    await broadcast(context, await sign(context, view, some, fees, Math.max(floor, view.nonce)))
  }
  return batch
}

/** Takes nonces, signs and stores, all or nothing. @returns nothing when another daemon was faster. */
async function sign(
  context: LaneContext,
  view: View,
  rows: readonly OutgoingTransaction[],
  fees: Fees,
  floor: number,
): Promise<readonly OutgoingTransaction[]> {
  await context.lease.require()
  const { account, chainId, store } = context
  const { db, transactions } = store
  context.changed()
  try {
    const signed = await db.transaction(async (tx) => {
      const updated: OutgoingTransaction[] = []
      for (const row of rows) {
        // First, because it lets in one daemon at a time: what is read afterwards stays true.
        const nonce = await transactions.takeNonce(tx, chainId, account.address, floor)
        if ((await transactions.get(tx, row.id))?.state !== 'queued') throw SIGNED_ELSEWHERE
        const attempt = await signAttempt(account, chainId, nonce, row, fees, view.baseFee === null, now())
        const change = { state: 'pending', nonce, attempt, receipt: null, error: null } as const
        updated.push(await transactions.update(tx, row.id, change))
      }
      return updated
    })
    for (const row of signed)
      Object.assign(remember(context, row, view), {
        since: seconds(),
        sinceBlock: view.number,
        nextBroadcast: 0,
        recheck: false,
      })
    return signed
  } catch (error) {
    if (error === SIGNED_ELSEWHERE) return []
    throw error
  }
}
