// SPDX-License-Identifier: GPL-3.0-or-later

import { randomBytes } from 'node:crypto'
import {
  CancelTooLateError,
  InferenceUnknownError,
  InputMismatchError,
  InputNotWantedError,
  ModelUnknownError,
  OverloadedError,
  RetryRefusedError,
  type MarketTarget,
  type ProofRequest,
  type RequestInput,
} from './api'
import { checkCommitment, saveInput, type PlannerContext } from './planner'
import { withOutputSalts } from './planner/inputs'
import { JobConflictError, StoreNotFoundError, type ApiOrigin, type Job, type JobState, type Queryable } from './store'

/** States from which a job can be cancelled. Beyond them a bond is staked, or a proof is on its way to the chain. */
const CANCELLABLE: Readonly<Record<'market' | 'api', readonly JobState[]>> = {
  market: ['received', 'waiting'],
  api: ['received', 'proving'],
}

/** States in which a market job can still take an input. */
const WANTS_INPUT: readonly JobState[] = ['received', 'waiting']

/** States that an operator may have tried once more. */
const RETRIABLE: readonly JobState[] = ['skipped', 'failed', 'expired']

/**
 * Records a proof to make and queues it.
 *
 * @param mostWaiting proofs for clients that may wait or run at once
 * @throws OverloadedError when there are as many
 */
export async function createInference(
  { store, board, chains }: PlannerContext,
  tx: Queryable,
  { client, model, input, salts, context, submission }: ProofRequest,
  mostWaiting: number,
): Promise<Job> {
  const backlog = await store.jobs.backlog(tx)
  const waiting = backlog.reduce((sum, { kind, jobs }) => sum + (kind === 'api' ? jobs : 0), 0)
  if (waiting >= mostWaiting)
    throw new OverloadedError(`${mostWaiting} proofs wait for this prover already; try again when it has made some.`)
  let origin: ApiOrigin = { kind: 'api', client, context, submitTo: null }
  if (submission !== null) {
    const { chainId, modelId } = submission
    const { account } = chains.get(chainId)!
    const requestId = `0x${randomBytes(32).toString('hex')}`
    const bound = { chainId: String(chainId), caller: account, requestId, modelId, prover: account }
    origin = { ...origin, context: bound, submitTo: chainId }
  }
  const { id } = await store.jobs.insertApi(tx, origin, model.key)
  await saveInput(store, tx, id, { input, ...(salts && { salts }) })
  const job = await board.move(tx, id, 'received', 'proving')
  await board.sendProve(tx, job)
  return job
}

/**
 * Ends a job. @param abort ends a proof that is being made of it.
 *
 * @throws CancelTooLateError, InferenceUnknownError
 */
export async function cancel({ store, board }: PlannerContext, job: Job, abort: (jobId: string) => void): Promise<Job> {
  const { id, state, origin } = job
  if (state === 'cancelled') return job
  const from = CANCELLABLE[origin.kind]
  if (!from.includes(state))
    throw new CancelTooLateError(`The inference is ${state}, and can be cancelled while ${from.join(' or ')} only.`)
  if (origin.kind === 'market' && (await hasLock(store, job)))
    throw new CancelTooLateError('The request is locked by this prover, whose bond would be lost.')
  return passingOn(
    async () => {
      const cancelled = await store.db.transaction((tx) => board.move(tx, id, state, 'cancelled'))
      abort(id)
      board.finished(cancelled)
      return cancelled
    },
    (cause) => new CancelTooLateError('The inference went on at this very moment; look at where it is now.', { cause }),
  )
}

/** Whether a lock of a job is on chain, or on its way. */
async function hasLock({ db, transactions }: PlannerContext['store'], { id, times }: Job): Promise<boolean> {
  if (times.locked !== undefined) return true
  const locks = await transactions.ofJob(db, id, 'lock')
  return locks.some(({ state }) => state !== 'reverted' && state !== 'abandoned')
}

/**
 * Takes up a job again that ended without success.
 *
 * @throws RetryRefusedError, InferenceUnknownError
 */
export async function retry({ store, board }: PlannerContext, { id, state, origin }: Job): Promise<Job> {
  if (!RETRIABLE.includes(state))
    throw new RetryRefusedError(
      `The inference is ${state}; only one that ended ${RETRIABLE.join(', ')} can be tried again.`,
    )
  if (origin.kind === 'api' && !(await store.secrets.has(store.db, id, 'input')))
    throw new RetryRefusedError('The input of the inference was erased after its time; ask for it anew.')
  return passingOn(
    () =>
      store.db.transaction(async (tx) => {
        const received = await board.move(tx, id, state, 'received', { attempts: 0 })
        if (origin.kind === 'market') {
          await store.queue.send(tx, 'plan', id)
          return received
        }
        const proving = await board.move(tx, id, 'received', 'proving')
        await board.sendProve(tx, proving)
        return proving
      }),
    (cause) => new RetryRefusedError('The inference went on at this very moment; look at where it is now.', { cause }),
  )
}

/** Runs something that moves a job which somebody else may move or forget meanwhile. */
async function passingOn<T>(run: () => Promise<T>, conflict: (cause: unknown) => Error): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof JobConflictError) throw conflict(error)
    if (error instanceof StoreNotFoundError)
      throw new InferenceUnknownError('The inference was forgotten at this very moment.', { cause: error })
    throw error
  }
}

/**
 * Takes the input of a market request and has it planned.
 *
 * @throws InputNotWantedError, InputMismatchError, ModelUnknownError
 */
export async function takeInput(
  { store }: PlannerContext,
  { jobId, model }: MarketTarget,
  { input, salts }: RequestInput,
): Promise<void> {
  const job = await store.jobs.get(store.db, jobId)
  if (job?.origin.kind !== 'market' || !WANTS_INPUT.includes(job.state))
    throw new InputNotWantedError(`The request is ${job?.state ?? 'forgotten'}, and takes no input any more.`)
  if (model === undefined) throw new ModelUnknownError('This prover does not serve the model of that request.')
  const complete = { input, salts: withOutputSalts(model.file.schema, salts) }
  try {
    checkCommitment(model, complete, job.origin.request.inputCommitment)
  } catch (error) {
    throw new InputMismatchError(`The input is not the one of the request: ${(error as Error).message}.`)
  }
  await store.db.transaction(async (tx) => {
    await saveInput(store, tx, jobId, complete)
    await store.queue.send(tx, 'plan', jobId)
  })
}
