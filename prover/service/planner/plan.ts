// SPDX-License-Identifier: GPL-3.0-or-later

import type { Job, MarketOrigin } from '../store/job'
import type { PlannerContext, ServedChain } from './context'
import { loadInput } from './inputs'
import type { MarketChain } from './market-chain'
import { preflight, type Verdict } from './preflight'

type MarketJob = Job & { readonly origin: MarketOrigin }

/** States in which there is something to decide. */
const PLANNED = ['received', 'waiting'] as const

/**
 * The step of the `plan` queue: decides what becomes of a market job, and does it in one transaction. Does nothing for a job that
 * has moved on, so that taking a job twice does no harm.
 */
export async function planStep(context: PlannerContext, jobId: string): Promise<void> {
  const { store, board } = context
  const started = performance.now()
  const job = await store.jobs.get(store.db, jobId)
  if (job === undefined || job.origin.kind !== 'market' || !(PLANNED as readonly string[]).includes(job.state)) return
  const marketJob = job as MarketJob
  const chain = context.chains.get(job.origin.chainId)
  const market = chain?.market
  const verdict = market
    ? await preflight(marketJob, { ...context, chain: market, ...needsOf(context, market) })
    : notServed(job.origin.chainId)
  await apply(context, marketJob, verdict, chain)
  board.addOverhead(jobId, performance.now() - started)
}

function notServed(chainId: number): Verdict {
  const message = `chain ${chainId} has no coordinator and account in the configuration any more`
  return { action: 'end', state: 'skipped', code: 'CHAIN_NOT_SERVED', message }
}

function needsOf(context: PlannerContext, chain: MarketChain) {
  const { store } = context
  return {
    inputOf: (job: Job, model: Parameters<typeof loadInput>[2]) => loadInput(store, job as MarketJob, model),
    proofsAhead: async () => {
      const { locking, proving } = await store.jobs.count(store.db)
      return locking + proving
    },
    promisedBonds: async () => {
      const unsettled = await store.transactions.unsettled(store.db, chain.chainId, chain.account)
      let promised = 0n
      for (const { purpose, state, jobId, value } of unsettled) {
        if (purpose !== 'lock' || state === 'mined') continue
        const other = await store.jobs.get(store.db, jobId)
        if (other?.origin.kind === 'market') promised += other.origin.request.bond - value
      }
      return promised
    },
  }
}

async function apply(
  context: PlannerContext,
  job: MarketJob,
  verdict: Verdict,
  chain: ServedChain | undefined,
): Promise<void> {
  const { store, board, log, metrics, dryRun } = context
  const about = { job: job.id, chain: job.origin.chainId, request: job.origin.requestId }
  switch (verdict.action) {
    case 'wait':
      return wait(context, job, verdict, chain!.market!)
    case 'prove':
      await store.db.transaction(async (tx) => {
        await board.move(tx, job.id, PLANNED, 'proving', { model: verdict.model.key, error: null, notBefore: null })
        await store.queue.send(tx, 'prove', job.id)
      })
      return
    case 'end': {
      const { state, code, message } = verdict
      const error = state === 'done' ? null : { code, message }
      const ended = await store.db.transaction((tx) =>
        board.move(tx, job.id, PLANNED, state, { error, notBefore: null }),
      )
      board.finished(ended)
      // The bond is lost, unless a reorganisation undid the lock or the model was stopped.
      if (ended.times.locked !== undefined && state !== 'done') metrics.jobsMissed.inc({ chain: job.origin.chainId })
      log.info({ ...about, state, code, reason: message }, 'job ended')
      return
    }
    case 'lock': {
      const { model, price, profit } = verdict
      if (dryRun) {
        const message = `would lock for ${price} wei, with a profit of ${profit} wei; nothing is sent in a dry run`
        return apply(context, job, { action: 'end', state: 'skipped', code: 'DRY_RUN', message }, chain)
      }
      const { to, data, value } = chain!.market!.lockCall(job.origin.request, verdict.value)
      await store.db.transaction(async (tx) => {
        await board.move(tx, job.id, PLANNED, 'locking', {
          model: model.key,
          error: null,
          notBefore: null,
          money: { price: price.toString() },
        })
        await store.transactions.insert(tx, {
          jobId: job.id,
          purpose: 'lock',
          chainId: job.origin.chainId,
          from: chain!.account,
          to,
          data,
          value,
          gasLimit: verdict.gas.lock,
          deadline: Number(job.origin.request.deadline),
        })
      })
      chain!.wake()
      log.info({ ...about, model: model.key, price, profit }, 'locking a request')
    }
  }
}

async function wait(
  { store, board, log }: PlannerContext,
  job: MarketJob,
  { until, code, message, model }: Extract<Verdict, { action: 'wait' }>,
  chain: MarketChain,
): Promise<void> {
  // The chain's seconds and this machine's clock need not agree: only the difference counts.
  const { timestamp } = await chain.head()
  const notBefore = Date.now() + Math.max(1, until - timestamp) * 1000
  await store.db.transaction(async (tx) => {
    const patch = { error: { code, message }, notBefore, ...(model && { model: model.key }) }
    if (job.state === 'waiting') await store.jobs.patch(tx, job.id, patch)
    else await board.move(tx, job.id, 'received', 'waiting', patch)
    await store.queue.send(tx, 'plan', job.id, { notBefore })
  })
  if (job.error?.code !== code) log.info({ job: job.id, code, reason: message }, 'job waits')
}
