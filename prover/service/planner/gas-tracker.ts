// SPDX-License-Identifier: GPL-3.0-or-later

import type { MarketRequest } from '../../encodings'
import type { TransactionPurpose } from '../store/transaction'
import type { GasLimits } from './economics'

/** What `lock` uses before one was seen (test/gas/snapshot.json: 77,300). */
const FIRST_LOCK = 100_000n
/** Share of its limit that `fulfill` uses before one was seen, in percent: the verifier's cap is more than it takes. */
const FIRST_FULFILL_PERCENT = 80n
/** Weight of the newest measurement, 1 in so many. */
const WEIGHT = 8n

/**
 * Gas that transactions really used, by chain, model and purpose: a moving average, since this daemon started. What callbacks may
 * use is in each request and counted in full, so they are left out of the average.
 */
export class GasTracker {
  private readonly averages = new Map<string, bigint>()

  note(chainId: number, model: string, purpose: TransactionPurpose, gasUsed: bigint, callbackGas: bigint): void {
    if (callbackGas > 0n) return
    const key = `${chainId}:${model}:${purpose}`
    const before = this.averages.get(key)
    this.averages.set(key, before === undefined ? gasUsed : before + (gasUsed - before) / WEIGHT)
  }

  /** What the two transactions of a request are expected to use. */
  expected(
    chainId: number,
    model: string,
    { callbackGas }: Pick<MarketRequest, 'callbackGas'>,
    limits: GasLimits,
  ): GasLimits {
    const measured = (purpose: TransactionPurpose) => this.averages.get(`${chainId}:${model}:${purpose}`)
    const atMost = (gas: bigint, limit: bigint) => (gas < limit ? gas : limit)
    const fulfill = measured('fulfill')
    return {
      lock: atMost(measured('lock') ?? FIRST_LOCK, limits.lock),
      fulfill: atMost(
        fulfill === undefined ? (limits.fulfill * FIRST_FULFILL_PERCENT) / 100n : fulfill + callbackGas,
        limits.fulfill,
      ),
    }
  }
}
