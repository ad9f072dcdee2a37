// SPDX-License-Identifier: GPL-3.0-or-later

import type { TransactionPurpose } from '../store/transaction'

/** What `lock` uses before one was seen (test/gas/snapshot.json: 77,300). */
const FIRST_LOCK = 100_000n
/** Share of its limit that `fulfill` uses before one was seen, in percent: the verifier's cap is more than it takes. */
const FIRST_FULFILL_PERCENT = 80n
/** Weight of the newest measurement, 1 in so many. */
const WEIGHT = 8n

/** Gas that transactions really used, by chain, model and purpose: a moving average, since this daemon started. */
export class GasTracker {
  private readonly averages = new Map<string, bigint>()

  note(chainId: number, model: string, purpose: TransactionPurpose, gasUsed: bigint): void {
    const key = `${chainId}:${model}:${purpose}`
    const before = this.averages.get(key)
    this.averages.set(key, before === undefined ? gasUsed : before + (gasUsed - before) / WEIGHT)
  }

  /** What a transaction is expected to use. */
  expected(chainId: number, model: string, purpose: TransactionPurpose, limit: bigint): bigint {
    const measured = this.averages.get(`${chainId}:${model}:${purpose}`)
    if (measured !== undefined) return measured < limit ? measured : limit
    return purpose === 'lock' ? FIRST_LOCK : (limit * FIRST_FULFILL_PERCENT) / 100n
  }
}
