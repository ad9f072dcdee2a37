// SPDX-License-Identifier: GPL-3.0-or-later

import { randomBytes } from 'node:crypto'
import { isContractSignature } from '../chain'
import { verifyInference } from '../pipeline'
import {
  CancelTooLateError,
  InputMismatchError,
  InputNotWantedError,
  RetryRefusedError,
  SubmitUnavailableError,
  type ApiBackend,
  type JobProgress,
  type MarketTarget,
  type ProofRequest,
  type Readiness,
  type RequestInput,
  type StoredSecrets,
} from './api'
import type { CatalogueModel } from './artefacts/types'
import type { ChainUnit } from './chain-unit'
import type { Config } from './config'
import { checkCommitment, JobNotFoundError, saveInput, type PlannerContext, type Workers } from './planner'
import { withOutputSalts } from './planner/inputs'
import { JobConflictError, type ApiOrigin, type Job, type JobState, type Queryable } from './store'

/** States from which a job can be cancelled. Beyond them a bond is staked, or a proof is on its way to the chain. */
const CANCELLABLE: Readonly<Record<'market' | 'api', readonly JobState[]>> = {
  market: ['received', 'waiting'],
  api: ['received', 'proving'],
}

/** States in which a market job can still take an input. */
const WANTS_INPUT: readonly JobState[] = ['received', 'waiting']

/** States that an operator may have tried once more. */
const RETRIABLE: readonly JobState[] = ['skipped', 'failed', 'expired']

export type BackendOptions = {
  readonly planner: PlannerContext
  readonly chains: ReadonlyMap<number, ChainUnit>
  readonly workers: () => Workers | undefined
  readonly config: Config
}

/** The daemon as the HTTP API sees it. */
export function createBackend({ planner, chains, workers, config }: BackendOptions): ApiBackend {
  const { store, board, catalogue, pool } = planner
  const registrations = registrationsOf(config)
  return {
    listModels: () => catalogue.list(),
    getModel: (id) => catalogue.get(id),
    modelFacts: (model) => ({
      proveMilliseconds: pool.proveTime(model.folder),
      registrations: registrations.get(model.key) ?? [],
    }),
    run: (model, input) => pool.run(model.folder, input),
    createInference: (tx, request) => createInference(planner, tx, request, registrations),
    getInference: (id) => store.jobs.get(store.db, id),
    listInferences: (filter) => store.jobs.list(store.db, filter),
    transactions: (id) => store.transactions.ofJob(store.db, id),
    cancel: (id) => cancel(planner, id, workers()),
    retry: (id) => retry(planner, id),
    progress: (id) => board.progress(id),
    subscribe: (id, listener) => subscribe(planner, id, listener),
    secrets: async (id) => (await store.secrets.get(store.db, id, 'opening')) as StoredSecrets | undefined,
    verify: (model, statement) => verifyInference(model.folder, statement),
    findRequest: (chainId, requestId) => findRequest(planner, chainId, requestId),
    isContractSignature: async (chainId, account, digest, signature) => {
      const unit = chains.get(chainId)
      return unit !== undefined && (await isContractSignature(unit.provider, account, digest, signature))
    },
    submitRequestInput: (target, input) => submitRequestInput(planner, target, input),
    readiness: () => readiness(planner, chains),
  }
}

type Registration = { readonly chainId: number; readonly modelId: string }

/** What the configuration says models are called on which chain. */
function registrationsOf({ chains }: Config): ReadonlyMap<string, readonly Registration[]> {
  const found = new Map<string, Registration[]>()
  for (const { chainId, registrations } of chains) {
    for (const [key, modelId] of Object.entries(registrations)) {
      found.set(key, [...(found.get(key) ?? []), { chainId, modelId }])
    }
  }
  return found
}

async function createInference(
  { store, board, chains, dryRun }: PlannerContext,
  tx: Queryable,
  { client, model, input, salts, context, submitTo }: ProofRequest,
  registrations: ReadonlyMap<string, readonly Registration[]>,
): Promise<Job> {
  let origin: ApiOrigin = { kind: 'api', client, context, submitTo }
  if (submitTo !== null) {
    if (dryRun) throw new SubmitUnavailableError('This prover runs dry and sends nothing; submit the proof yourself.')
    const account = chains.get(submitTo)?.account
    if (account === undefined)
      throw new SubmitUnavailableError(`This prover has no account on chain ${submitTo}; submit the proof yourself.`)
    const modelId = registrations.get(model.key)?.find(({ chainId }) => chainId === submitTo)?.modelId
    if (modelId === undefined)
      throw new SubmitUnavailableError(
        `This prover does not know an id of "${model.key}" on chain ${submitTo}; its operator adds it to registrations.`,
      )
    const requestId = `0x${randomBytes(32).toString('hex')}`
    origin = { ...origin, context: { chainId: String(submitTo), caller: account, requestId, modelId, prover: account } }
  }
  const { id } = await store.jobs.insertApi(tx, origin, model.key)
  await saveInput(store, tx, id, { input, ...(salts && { salts }) })
  const job = await board.move(tx, id, 'received', 'proving')
  await board.sendProve(tx, job)
  return job
}

async function requireJob({ store }: PlannerContext, id: string): Promise<Job> {
  const job = await store.jobs.get(store.db, id)
  if (job === undefined) throw new JobNotFoundError(`there is no job ${id}; "zkml jobs list" shows those there are`)
  return job
}

async function cancel(planner: PlannerContext, id: string, workers: Workers | undefined): Promise<Job> {
  const { store, board } = planner
  const job = await requireJob(planner, id)
  const from = CANCELLABLE[job.origin.kind]
  if (job.state === 'cancelled') return job
  if (job.origin.kind === 'market' && job.times.locked !== undefined)
    throw new CancelTooLateError('The request was locked, and its bond would be lost.')
  if (!from.includes(job.state))
    throw new CancelTooLateError(`The inference is ${job.state}, and can be cancelled while ${from.join(' or ')} only.`)
  try {
    const cancelled = await store.db.transaction((tx) => board.move(tx, id, job.state, 'cancelled'))
    workers?.abort(id)
    board.finished(cancelled)
    return cancelled
  } catch (error) {
    if (!(error instanceof JobConflictError)) throw error
    throw new CancelTooLateError('The inference went on at this very moment; look at where it is now.', {
      cause: error,
    })
  }
}

async function retry(planner: PlannerContext, id: string): Promise<Job> {
  const { store, board } = planner
  const job = await requireJob(planner, id)
  if (!RETRIABLE.includes(job.state))
    throw new RetryRefusedError(
      `The inference is ${job.state}; only one that ended ${RETRIABLE.join(', ')} can be tried again.`,
    )
  const again = store.db.transaction(async (tx) => {
    const received = await board.move(tx, id, job.state, 'received', { attempts: 0 })
    if (job.origin.kind === 'market') {
      await store.queue.send(tx, 'plan', id)
      return received
    }
    const proving = await board.move(tx, id, 'received', 'proving')
    await board.sendProve(tx, proving)
    return proving
  })
  return again.catch((error: unknown) => {
    if (!(error instanceof JobConflictError)) throw error
    throw new RetryRefusedError('The inference was tried again at this very moment.', { cause: error })
  })
}

function subscribe(
  { store, board, log }: PlannerContext,
  id: string,
  listener: Parameters<ApiBackend['subscribe']>[1],
): () => void {
  return board.listen(id, ({ stage, fraction }) => {
    const progress: JobProgress | null = stage === undefined ? null : { stage, fraction: fraction ?? null }
    if (progress !== null) {
      listener({ state: 'proving', progress })
      return
    }
    store.jobs.get(store.db, id).then(
      (job) => job && listener({ state: job.state, progress: null }),
      (error: unknown) => log.debug({ job: id, error }, 'news of a job could not be read'),
    )
  })
}

async function findRequest(
  { store, catalogue, chains }: PlannerContext,
  chainId: number,
  requestId: string,
): Promise<MarketTarget | undefined> {
  const job = await store.jobs.find(store.db, chainId, requestId)
  if (job?.origin.kind !== 'market') return undefined
  const { coordinator, request } = job.origin
  // Before the request was looked at for the first time nobody has noted its model.
  const modelOf = async (modelId: bigint): Promise<CatalogueModel | undefined> => {
    const entry = await chains.get(chainId)?.market?.model(modelId)
    return entry && catalogue.get(entry.modelHash)
  }
  return {
    jobId: job.id,
    chainId,
    coordinator,
    requestId: job.origin.requestId,
    requester: request.requester,
    model: job.model === null ? await modelOf(request.modelId) : catalogue.get(job.model),
  }
}

async function submitRequestInput(
  planner: PlannerContext,
  { jobId, model }: MarketTarget,
  { input, salts }: RequestInput,
): Promise<void> {
  const { store, catalogue } = planner
  const job = await requireJob(planner, jobId)
  if (job.origin.kind !== 'market' || !WANTS_INPUT.includes(job.state))
    throw new InputNotWantedError(`The request is ${job.state}, and takes no input any more.`)
  const served = model ?? catalogue.get(job.model ?? '')
  const complete = { input, salts: withOutputSalts(served!.file.schema, salts) }
  try {
    checkCommitment(served!, complete, job.origin.request.inputCommitment)
  } catch (error) {
    throw new InputMismatchError(`The input is not the one of the request: ${(error as Error).message}.`)
  }
  await store.db.transaction(async (tx) => {
    await saveInput(store, tx, jobId, complete)
    await store.queue.send(tx, 'plan', jobId)
  })
}

async function readiness(
  { store, catalogue, pool }: PlannerContext,
  chains: ReadonlyMap<number, ChainUnit>,
): Promise<Readiness> {
  const database = await store.ping().then(
    () => ({ name: 'database', ready: true, detail: 'answers' }),
    () => ({ name: 'database', ready: false, detail: 'does not answer' }),
  )
  const { processes } = await pool.usage()
  const parts = [
    database,
    { name: 'prover', ready: processes > 0, detail: `${processes} processes` },
    { name: 'models', ready: true, detail: `${catalogue.list().length} models` },
    ...[...chains.values()].map((unit) => ({ name: `chain ${unit.chainId}`, ...unit.health() })),
  ]
  return { ready: parts.every(({ ready }) => ready), parts }
}
