// SPDX-License-Identifier: GPL-3.0-or-later

import type { PlannerContext } from './context'
import type { MarketChain } from './market-chain'

/** Whether two 0x addresses are the same, whatever their checksum's case. */
function isAddressEqual(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Whether a lock is that of the account we have now, or of one that locked this job for us before. */
export async function isOurLock(
  { store }: PlannerContext,
  jobId: string,
  chain: MarketChain,
  locker: string,
): Promise<boolean> {
  if (isAddressEqual(locker, chain.account)) return true
  const locks = await store.transactions.ofJob(store.db, jobId, 'lock')
  return locks.some(({ from }) => isAddressEqual(from, locker))
}
