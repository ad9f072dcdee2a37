// SPDX-License-Identifier: GPL-3.0-or-later

import type { Queryable } from '../store/database'
import type { Job, JobMoney } from '../store/job'
import type { PlannerContext } from './context'

/** Fees of everything that was sent for a job, and what is left of the price. */
export async function moneyOf({ store }: PlannerContext, tx: Queryable, job: Job): Promise<JobMoney> {
  const sent = await store.transactions.ofJob(tx, job.id)
  const gasSpent = sent.reduce((sum, { receipt }) => sum + (receipt?.fee ?? 0n), 0n)
  const { price } = job.money
  return {
    gasSpent: gasSpent.toString(),
    ...(price !== undefined && { profit: (BigInt(price) - gasSpent).toString() }),
  }
}
