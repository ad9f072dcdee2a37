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
  if (job === undefined) return takeWords({ store }, tx, chainId, requestId, input)
  if (input !== '0x') await store.secrets.put(tx, job.id, 'input', { words: input })
  await store.queue.send(tx, 'plan', job.id)
  metrics.jobTransitions.inc({ from: 'none', to: 'received' })
  log.info({ job: job.id, chain: chainId, request: requestId, block: block.number }, 'request discovered')
}

/** A request that comes again after a reorganisation may come with the input that was missing. */
async function takeWords(
  { store }: Pick<PlannerContext, 'store'>,
  tx: Queryable,
  chainId: number,
  requestId: string,
  words: string,
): Promise<void> {
  const known = await store.jobs.find(tx, chainId, requestId)
  if (known?.state !== 'waiting' || words === '0x' || !known.error?.code.startsWith('INPUT_')) return
  await store.secrets.put(tx, known.id, 'input', { words })
  await store.queue.send(tx, 'plan', known.id)
}

/** What other transactions of the chain decided, so that a reorganisation may decide it otherwise. */
const UNDOABLE: ReadonlySet<string> = new Set([
  'FULFILLED_BY_OTHER',
  'LOCKED_BY_OTHER',
  'REQUEST_CLOSED',
  'DEADLINE_PASSED',
])

/** Jobs that ended earlier are not looked at again after a reorganisation, in milliseconds: none is that deep. */
const LOOK_BACK = 6 * 3_600_000
/** And at most so many. */
const MOST_JOBS = 10_000

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
  const jobs = await store.jobs.list(tx, { kind: 'market', chainId, states: [...ended, 'waiting'], limit: MOST_JOBS })
  for (const job of jobs) {
    if (job.state !== 'waiting') {
      if (job.error === null || !UNDOABLE.has(job.error.code) || Date.now() - job.updatedAt > LOOK_BACK) continue
      await board.move(tx, job.id, job.state, 'received', { error: null })
    }
    await store.queue.send(tx, 'plan', job.id)
  }
  log.warn({ chain: chainId, fromBlock, reopened }, 'chain was reorganised; jobs are planned again')
}
