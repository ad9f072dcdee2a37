// SPDX-License-Identifier: GPL-3.0-or-later

import type { OpenedRequest } from '../../chain/types'
import type { Queryable } from '../store/database'
import type { JobState } from '../store/job'
import type { PlannerContext } from './context'

/** Takes up a request that was seen on chain, in the transaction that moves the cursor past it. */
export async function onRequest(
  { store, metrics, log }: PlannerContext,
  tx: Queryable,
  chainId: number,
  { coordinator, requestId, request, input, block }: OpenedRequest,
): Promise<void> {
  const job = await store.jobs.insertMarket(tx, { kind: 'market', chainId, coordinator, requestId, request, block })
  if (job === undefined) return
  if (input !== '0x') await store.secrets.put(tx, job.id, 'input', { words: input })
  await store.queue.send(tx, 'plan', job.id)
  metrics.jobTransitions.inc({ from: 'none', to: 'received' })
  log.info({ job: job.id, chain: chainId, request: requestId, block: block.number }, 'request discovered')
}

/** What other transactions of the chain decided, so that a reorganisation may decide it otherwise. */
const UNDOABLE: ReadonlySet<string> = new Set([
  'FULFILLED_BY_OTHER',
  'LOCKED_BY_OTHER',
  'REQUEST_CLOSED',
  'DEADLINE_PASSED',
])

/** How many ended jobs are looked through after a reorganisation: those of the last minutes at any rate. */
const LOOK_BACK = 1000

/**
 * Blocks from `fromBlock` on were replaced. Jobs that hang on our own transactions follow those; the ones that ended because of
 * what others did, or wait, are planned again.
 */
export async function onReorg(
  { store, board, log }: PlannerContext,
  tx: Queryable,
  chainId: number,
  fromBlock: number,
): Promise<void> {
  const reopened = await store.transactions.reopen(tx, chainId, fromBlock)
  const ended: readonly JobState[] = ['skipped', 'expired']
  const jobs = await store.jobs.list(tx, { kind: 'market', chainId, states: [...ended, 'waiting'], limit: LOOK_BACK })
  for (const job of jobs) {
    if (job.state !== 'waiting') {
      if (job.error === null || !UNDOABLE.has(job.error.code)) continue
      await board.move(tx, job.id, job.state, 'received', { error: null })
    }
    await store.queue.send(tx, 'plan', job.id)
  }
  log.warn({ chain: chainId, fromBlock, reopened }, 'chain was reorganised; jobs are planned again')
}
