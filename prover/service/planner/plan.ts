// SPDX-License-Identifier: GPL-3.0-or-later

import type { Queryable } from '../store/database'
import type { Job, MarketOrigin } from '../store/job'
import type { PlannerContext, ServedChain } from './context'
import { ChainNotServedError } from './errors'
import { loadInput } from './inputs'
import { isOurLock } from './locks'
import type { MarketChain } from './market-chain'
import { moneyOf } from './money'
import { expectedProveTime, preflight, type PreflightContext, type Verdict } from './preflight'

type MarketJob = Job & { readonly origin: MarketOrigin }

/** Seconds until a dry run, or what follows it, looks at a request again. */
const DRY_RUN_PAUSE = 600

/**
 * The step of the `plan` queue: decides what becomes of a market job, and does it in one transaction. Does nothing for a job that
 * has moved on, so that taking a job twice does no harm.
 *
 * @throws ChainNotServedError where this daemon has no account on the chain; another one of the fleet may.
 */
export async function planStep(context: PlannerContext, jobId: string, signal: AbortSignal): Promise<void> {
  const { store, board, chains } = context
  const started = performance.now()
  const job = await store.jobs.get(store.db, jobId)
  if (job === undefined || !isPlanned(job)) return
  const chain = chains.get(job.origin.chainId)
  if (!chain?.market)
    throw new ChainNotServedError(`chain ${job.origin.chainId} has no coordinator and account in the configuration`)
  const verdict = await preflight(job, preflightContext(context, job, chain.market, signal))
  board.addOverhead(jobId, performance.now() - started)
  await apply(context, job, context.dryRun ? dry(verdict) : verdict, chain)
}

function isPlanned(job: Job): job is MarketJob {
  return job.origin.kind === 'market' && (job.state === 'received' || job.state === 'waiting')
}

/** Nothing is sent in a dry run, and nothing is given up either: the next real start plans again. */
function dry(verdict: Verdict): Verdict {
  if (verdict.action !== 'lock' && verdict.action !== 'prove') return verdict
  const what =
    verdict.action === 'lock'
      ? `it would be locked for ${verdict.price} wei, with a profit of ${verdict.profit} wei`
      : 'it would be proved'
  return { action: 'wait', until: DRY_RUN_PAUSE, isRelative: true, code: 'DRY_RUN', message: `in a dry run: ${what}` }
}

function preflightContext(
  context: PlannerContext,
  job: MarketJob,
  chain: MarketChain,
  signal: AbortSignal,
): PreflightContext {
  const { store, catalogue, pool } = context
  return {
    ...context,
    chain,
    signal,
    inputOf: (_, model) => loadInput(store, job, model),
    isOurLock: (locker) => isOurLock(context, job.id, chain, locker),
    hasFulfilled: async () => {
      const sent = await store.transactions.ofJob(store.db, job.id, 'fulfill')
      return sent.some(({ state }) => state === 'mined' || state === 'confirmed')
    },
    queueTime: async () => {
      const backlog = await store.jobs.backlog(store.db)
      const total = backlog
        .filter(({ kind }) => kind === 'market')
        .map(({ model, jobs }) => [catalogue.get(model ?? ''), jobs] as const)
        .reduce((sum, [model, jobs]) => sum + (model === undefined ? 0 : jobs * expectedProveTime(pool, model)), 0)
      return total / pool.capacity
    },
    promisedBonds: () => store.transactions.promisedBonds(store.db, chain.chainId, chain.account),
  }
}

async function apply(context: PlannerContext, job: MarketJob, verdict: Verdict, chain: ServedChain): Promise<void> {
  const { store, board } = context
  switch (verdict.action) {
    case 'wait':
      return wait(context, job, verdict, chain.market!)
    case 'end':
      return end(context, job, verdict)
    case 'lock':
      return lock(context, job, verdict, chain)
    case 'prove':
      await store.db.transaction(async (tx) => {
        await board.move(tx, job.id, job.state, 'proving', { model: verdict.model.key })
        await board.sendProve(tx, job)
      })
  }
}

async function end(
  context: PlannerContext,
  job: MarketJob,
  { state, code, message }: Extract<Verdict, { action: 'end' }>,
): Promise<void> {
  const { store, board, log, metrics } = context
  const ended = await store.db.transaction(async (tx) => {
    const patch = state === 'done' ? { money: await moneyOf(context, tx, job) } : { error: { code, message } }
    return board.move(tx, job.id, job.state, state, patch)
  })
  board.finished(ended)
  // The bond is lost, unless a reorganisation undid the lock or the model was stopped.
  if (ended.times.locked !== undefined && state !== 'done') metrics.jobsMissed.inc({ chain: job.origin.chainId })
  const { chainId: chain, requestId: request } = job.origin
  log.info({ job: job.id, chain, request, state, code, reason: message }, 'job ended')
}

async function lock(
  context: PlannerContext,
  job: MarketJob,
  { model, price, profit, value, gas, lastSecond }: Extract<Verdict, { action: 'lock' }>,
  chain: ServedChain,
): Promise<void> {
  const { store, board, log } = context
  const { chainId, request, requestId } = job.origin
  await store.db.transaction(async (tx) => {
    await board.move(tx, job.id, job.state, 'locking', { model: model.key, money: { price: price.toString() } })
    const inserted = await store.transactions.insert(tx, {
      jobId: job.id,
      purpose: 'lock',
      chainId,
      from: chain.account,
      ...chain.market!.lockCall(request, value),
      gasLimit: gas.lock,
      followUpGas: gas.fulfill,
      deadline: lastSecond,
    })
    // One of before a reorganisation is still on its way, or mined again already.
    if (inserted === undefined) await followLiveLock(context, tx, job)
  })
  chain.wake()
  log.info({ job: job.id, chain: chainId, request: requestId, model: model.key, price, profit }, 'locking a request')
}

async function followLiveLock(context: PlannerContext, tx: Queryable, job: MarketJob): Promise<void> {
  const locks = await context.store.transactions.ofJob(tx, job.id, 'lock')
  if (!locks.some(({ state }) => state === 'mined')) return
  await context.board.move(tx, job.id, 'locking', 'proving', { times: { locked: Date.now() } })
  await context.board.sendProve(tx, job)
}

async function wait(
  { store, board, log }: PlannerContext,
  job: MarketJob,
  { until, isRelative, code, message, model }: Extract<Verdict, { action: 'wait' }>,
  chain: MarketChain,
): Promise<void> {
  // The chain's seconds, this machine's clock and the database's need not agree: only the difference counts.
  const seconds = isRelative === true ? until : until - (await chain.head()).timestamp
  const delayMs = Math.max(1, seconds) * 1000
  await store.db.transaction(async (tx) => {
    const patch = { error: { code, message }, delayMs, ...(model && { model: model.key }) }
    if (job.state === 'waiting') await store.jobs.patch(tx, job.id, patch)
    else await board.move(tx, job.id, job.state, 'waiting', patch)
    await store.queue.send(tx, 'plan', job.id, { delayMs })
  })
  if (job.error?.code !== code) log.info({ job: job.id, code, reason: message }, 'job waits')
}
