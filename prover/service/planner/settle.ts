// SPDX-License-Identifier: GPL-3.0-or-later

import { formatEther } from 'ethers'
import type { Queryable } from '../store/database'
import type { Job, JobState } from '../store/job'
import type { OutgoingTransaction } from '../store/transaction'
import type { SettledOutcome } from '../submitter'
import type { PlannerContext } from './context'
import { moneyOf } from './money'

/** Milliseconds until a request is looked at again whose transaction failed, doubled with every failure. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 60_000
const MOST_ATTEMPTS = 20

/** Moves the job of a transaction on, within the database transaction that records the outcome. */
export async function onSettled(
  context: PlannerContext,
  tx: Queryable,
  transaction: OutgoingTransaction,
  outcome: SettledOutcome,
): Promise<void> {
  const job = await context.store.jobs.get(tx, transaction.jobId)
  if (job === undefined) return
  if (outcome === 'mined' && transaction.receipt !== null && job.model !== null)
    context.gas.note(
      transaction.chainId,
      job.model,
      transaction.purpose,
      transaction.receipt.gasUsed,
      job.origin.kind === 'market' ? job.origin.request.callbackGas : 0n,
    )
  if (transaction.purpose === 'lock') await settleLock(context, tx, job, transaction, outcome)
  else await settleProof(context, tx, job, transaction, outcome)
}

async function settleLock(
  context: PlannerContext,
  tx: Queryable,
  job: Job,
  transaction: OutgoingTransaction,
  outcome: SettledOutcome,
): Promise<void> {
  const { board } = context
  switch (outcome) {
    case 'mined':
      if (job.state !== 'locking') return
      await board.move(tx, job.id, 'locking', 'proving', { times: { locked: Date.now() } })
      await board.sendProve(tx, job)
      return
    case 'reverted':
    case 'abandoned':
      // Also where a reorganisation undid a lock and somebody else came first: the proof is of no use then.
      await replan(context, tx, job, transaction, ['locking', 'proving', 'submitting'])
      return
    case 'confirmed':
    case 'failing':
    case 'unmined':
      return
  }
}

async function settleProof(
  context: PlannerContext,
  tx: Queryable,
  job: Job,
  transaction: OutgoingTransaction,
  outcome: SettledOutcome,
): Promise<void> {
  const { store, board, log } = context
  switch (outcome) {
    case 'mined':
      await store.jobs.patch(tx, job.id, { times: { mined: Date.now() } })
      board.tell({ jobId: job.id })
      return
    case 'confirmed': {
      if (job.state !== 'submitting') return
      const money = await moneyOf(context, tx, job)
      const done = await board.move(tx, job.id, 'submitting', 'done', { money, error: null })
      board.finished(done)
      countProfit(context, transaction.chainId, done)
      log.info(
        { job: job.id, chain: transaction.chainId, transaction: transaction.receipt?.hash, ...money },
        'job done',
      )
      return
    }
    case 'unmined':
      if (job.state === 'done') await board.move(tx, job.id, 'done', 'submitting')
      return
    case 'failing':
      return replan(context, tx, job, transaction, ['submitting'])
    case 'reverted':
    case 'abandoned':
      // The job was planned again at its first failure, and may have another transaction by now.
      if (transaction.superseded) return
      if (job.origin.kind === 'market') return replan(context, tx, job, transaction, ['submitting'])
      if (job.state !== 'submitting') return
      board.finished(
        await board.move(tx, job.id, 'submitting', 'failed', {
          error: { code: 'SUBMISSION_FAILED', message: transaction.error ?? `the transaction was ${outcome}` },
        }),
      )
  }
}

/** The request is looked at anew: the chain says why a transaction of ours failed better than its error does. */
async function replan(
  { store, board, log }: PlannerContext,
  tx: Queryable,
  job: Job,
  transaction: OutgoingTransaction,
  from: readonly JobState[],
): Promise<void> {
  if (!from.includes(job.state)) return
  const attempts = job.attempts + 1
  const delayMs = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempts, 16))
  const error = { code: 'TRANSACTION_FAILED', message: transaction.error ?? 'a transaction of the job failed' }
  // Fees are paid for what reverts, so it is not tried for ever.
  if (attempts > MOST_ATTEMPTS) {
    board.finished(await board.move(tx, job.id, job.state, 'failed', { attempts, error }))
    log.error({ job: job.id, purpose: transaction.purpose, reason: error.message }, 'job failed')
    return
  }
  await board.move(tx, job.id, job.state, 'received', { attempts, delayMs, error })
  await store.queue.send(tx, 'plan', job.id, { delayMs })
  log.warn({ job: job.id, purpose: transaction.purpose, reason: error.message }, 'transaction failed; planning again')
}

function countProfit({ metrics }: PlannerContext, chainId: number, job: Job): void {
  if (job.money.profit === undefined) return
  const profit = BigInt(job.money.profit)
  metrics.profit.inc({ chain: chainId }, Number(profit))
  metrics.jobProfit.observe({ chain: chainId }, Number(formatEther(profit)))
}
