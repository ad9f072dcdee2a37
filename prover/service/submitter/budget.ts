// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import { isInFlight, lastAttempt, type LaneContext, now, type View, type Waiting } from './context'
import type { Fees } from './fees'

/** What an account can still afford in one round; what is taken is kept count of. */
export type Budget = {
  /** Takes the fee and value of a transaction. @returns why it cannot be afforded. */
  take(fee: bigint, value: bigint): Waiting | undefined
}

/** Reads what an account has spent and holds; all in wei. */
export async function readBudget(
  context: LaneContext,
  view: View,
  rows: readonly OutgoingTransaction[],
): Promise<Budget> {
  const { chainId, account, policy, metrics, store } = context
  const since = new Date(now() - policy.spendCap.periodSeconds * 1000)
  const { settled, reserved } = await store.transactions.spent(store.db, chainId, account.address, since)
  metrics.spent.set({ chain: String(chainId), account: account.address }, Number(settled))
  let allowance = policy.spendCap.wei - settled - reserved
  let balance = view.balance
  for (const row of rows)
    if (isInFlight(row) && row.nonce! >= view.nonce) {
      const value = row.state === 'pending' ? row.value : 0n
      balance -= value + mostFee(row.gasLimit, lastAttempt(row))
    }
  return {
    take(fee, value) {
      if (fee > allowance) return 'spend cap'
      if (fee + value > balance) return 'balance too low'
      allowance -= fee
      balance -= fee + value
      return undefined
    },
  }
}

/** Most that a transaction can cost in fees. */
export function mostFee(gasLimit: bigint, fees: Fees): bigint {
  return gasLimit * fees.maxFeePerGas
}
