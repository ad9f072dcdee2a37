// SPDX-License-Identifier: GPL-3.0-or-later

import type { BondedJob } from '../store/store'
import type { OutgoingTransaction } from '../store/transaction'
import { isInFlight, lastAttempt, type LaneContext, now, type View, type Waiting } from './context'
import type { Fees } from './fees'

/** What an account can still afford in one round; what is taken is kept count of. All in wei. */
export type Budget = {
  /** Whether it is a proof whose lock a block has: the spend cap does not hold it back. */
  savesBond(row: OutgoingTransaction): boolean
  /** Takes the most that a queued transaction can cost. @returns why it cannot be afforded. */
  take(row: OutgoingTransaction, fees: Fees): Waiting | undefined
  /** Takes what a replacement may cost more than the last attempt. @returns why it cannot be afforded. */
  raise(row: OutgoingTransaction, fees: Fees): Waiting | undefined
}

/**
 * Reads what an account has spent and holds. Every signed lock keeps back what its proof will cost at the fees of now, so that no
 * lock, and nothing else that can wait, uses up what saves a bond; and a proof whose lock a block has passes the spend cap.
 *
 * @param candidates - what may be taken from it; where all of them pass the spend cap, what it leaves is not added up.
 */
export async function readBudget(
  context: LaneContext,
  view: View,
  rows: readonly OutgoingTransaction[],
  candidates: readonly OutgoingTransaction[] = [],
): Promise<Budget> {
  const { transactions, db } = context.store
  const lane = [db, context.chainId, context.account.address] as const
  const proofs = candidates.filter(({ purpose }) => purpose === 'fulfill').map(({ jobId }) => jobId)
  const ofProofs = proofs.length === 0 ? [] : await transactions.bonded(...lane, proofs)
  const isCapped = candidates.length === 0 || lockedJobs(ofProofs).size < candidates.length
  let allowance = isCapped ? await readAllowance(context) : 0n
  const bonded = isCapped ? await transactions.bonded(...lane) : ofProofs
  const locked = lockedJobs(bonded)
  /** Gas of proofs to come, by job. */
  const owed = new Map(bonded.filter(({ isFollowed }) => !isFollowed).map(({ jobId, gas }) => [jobId, gas]))
  let balance = view.balance
  for (const row of rows)
    if (isInFlight(row) && row.nonce! >= view.nonce) {
      const value = row.state === 'pending' ? row.value : 0n
      balance -= value + mostFee(row.gasLimit, lastAttempt(row))
    }

  const savesBond = ({ purpose, jobId }: OutgoingTransaction): boolean => purpose === 'fulfill' && locked.has(jobId)
  const obstacle = (isUrgent: boolean, fee: bigint, value: bigint, fees: Fees): Waiting | undefined => {
    if (isUrgent) return fee + value > balance ? 'balance too low' : undefined
    const keptBack = [...owed.values()].reduce((sum, gas) => sum + mostFee(gas, fees), 0n)
    if (fee + keptBack > allowance) return 'spend cap'
    return fee + value + keptBack > balance ? 'balance too low' : undefined
  }
  const spend = (fee: bigint, value: bigint): void => {
    allowance -= fee
    balance -= fee + value
  }
  return {
    savesBond,
    take(row, fees) {
      const fee = mostFee(row.gasLimit, fees)
      const followUp = row.purpose === 'lock' ? mostFee(row.followUpGas ?? 0n, fees) : 0n
      const found = obstacle(savesBond(row), fee + followUp, row.value, fees)
      if (found !== undefined) return found
      spend(fee, row.value)
      if (row.purpose === 'fulfill') owed.delete(row.jobId)
      if (row.purpose === 'lock') owed.set(row.jobId, row.followUpGas ?? 0n)
      return undefined
    },
    raise(row, fees) {
      const fee = mostFee(row.gasLimit, fees) - mostFee(row.gasLimit, lastAttempt(row))
      // What stands before such a proof in the order of nonces holds it up.
      const isUrgent = rows.some((other) => savesBond(other) && isInFlight(other) && other.nonce! >= row.nonce!)
      const found = obstacle(isUrgent, fee, 0n, fees)
      if (found === undefined) spend(fee, 0n)
      return found
    },
  }
}

/** Jobs whose lock a block has. */
function lockedJobs(bonded: readonly BondedJob[]): ReadonlySet<string> {
  return new Set(bonded.filter(({ isLocked }) => isLocked).map(({ jobId }) => jobId))
}

/** What the spend cap leaves, in wei. */
async function readAllowance({ chainId, account, policy, metrics, store }: LaneContext): Promise<bigint> {
  const since = new Date(now() - policy.spendCap.periodSeconds * 1000)
  const { settled, reserved } = await store.transactions.spent(store.db, chainId, account.address, since)
  metrics.spent.set({ chain: String(chainId), account: account.address }, Number(settled))
  return policy.spendCap.wei - settled - reserved
}

/** Most that a transaction can cost in fees. */
export function mostFee(gasLimit: bigint, fees: Pick<Fees, 'maxFeePerGas'>): bigint {
  return gasLimit * fees.maxFeePerGas
}
