// SPDX-License-Identifier: GPL-3.0-or-later

import { SubmitterPolicyError } from './errors'

/** How the transactions of a chain are paid for and when they count as done. Amounts are wei, the same for every account. */
export type SubmitPolicy = {
  /** Blocks from the one that holds a transaction to the newest, both included, from which on it is final; at least 1. */
  readonly confirmations: number
  /** Most that is ever bid for a unit of gas. While the market is above it, transactions wait. */
  readonly maxFeePerGas: bigint
  /** Most that a first attempt tips; replacements go up from there, as nodes demand, within `maxFeePerGas`. */
  readonly maxPriorityFeePerGas?: bigint
  /** By how much a replacement raises both fees, at least; 10 or more, because nodes refuse less. */
  readonly bumpPercent: number
  /** How long an attempt may go unmined, while blocks come, before it is replaced. */
  readonly bumpAfterSeconds: number
  /**
   * Most that an account spends on fees within a period, what is on its way counted at its highest: gas limit times bid. A fee for L1 data
   * that is apart counts once it is paid. Each lock keeps back what its proof will cost; proofs of requests that are locked, and what
   * frees a nonce, are sent regardless.
   */
  readonly spendCap: { readonly wei: bigint; readonly periodSeconds: number }
  /** An account below this raises the alarm. */
  readonly balanceAlarm: bigint
  /** Transactions of an account that may be unmined at once; at least 1. */
  readonly maxInFlight: number
  /** Where receipts state the fee for L1 data: apart (`op-stack`), or within gas (`arbitrum`). */
  readonly l1Fee: 'none' | 'op-stack' | 'arbitrum'
}

/**
 * Checks a policy.
 *
 * @throws SubmitterPolicyError naming the first value that cannot work.
 */
export function checkPolicy(policy: SubmitPolicy): void {
  const whole = (value: number) => Number.isSafeInteger(value) && value >= 1
  const rules: readonly (readonly [boolean, string])[] = [
    [whole(policy.confirmations), 'confirmations must be a whole number from 1'],
    [policy.maxFeePerGas > 0n, 'maxFeePerGas must be above 0'],
    [(policy.maxPriorityFeePerGas ?? 0n) >= 0n, 'maxPriorityFeePerGas must not be negative'],
    [whole(policy.bumpPercent) && policy.bumpPercent >= 10, 'bumpPercent must be a whole number from 10'],
    [policy.bumpAfterSeconds > 0, 'bumpAfterSeconds must be above 0'],
    [policy.spendCap.wei >= 0n, 'spendCap.wei must not be negative'],
    [policy.spendCap.periodSeconds > 0, 'spendCap.periodSeconds must be above 0'],
    [whole(policy.maxInFlight), 'maxInFlight must be a whole number from 1'],
  ]
  const broken = rules.find(([holds]) => !holds)
  if (broken !== undefined) throw new SubmitterPolicyError(`the policy of the submitter is not usable: ${broken[1]}`)
}
