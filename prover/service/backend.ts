// SPDX-License-Identifier: GPL-3.0-or-later

import { isContractSignature } from '../chain'
import {
  RequestPendingError,
  type ApiBackend,
  type JobProgress,
  type MarketTarget,
  type Readiness,
  type StoredSecrets,
} from './api'
import { isSameModel, type Catalogue, type CatalogueModel } from './artefacts'
import type { ChainUnit } from './chain-unit'
import type { Config } from './config'
import { cancel, createInference, retry, takeInput } from './job-commands'
import type { PlannerContext, ServedChain, Workers } from './planner'
import { Registrations } from './registrations'
import { FINAL_STATES, type JobState } from './store'

export type BackendOptions = {
  readonly planner: PlannerContext
  readonly chains: ReadonlyMap<number, ChainUnit>
  readonly workers: Pick<Workers, 'abort'>
  readonly config: Config
}

/** The daemon as the HTTP API sees it. */
export function createBackend({ planner, chains, workers, config }: BackendOptions): ApiBackend {
  const { store, board, catalogue, pool } = planner
  const registrations = new Registrations(
    config,
    new Map([...chains].map(([id, { provider, served }]) => [id, { provider, isServed: served !== null }])),
  )
  return {
    listModels: () => catalogue.list(),
    getModel: (id) => catalogue.get(id),
    modelFacts: (model) => ({
      proveMilliseconds: pool.proveTime(model.folder),
      registrations: registrations.of(model.key),
    }),
    run: (model, input) => pool.run(model.folder, input),
    prepareSubmission: (model, chainId, modelId) => registrations.prepare(model, chainId, modelId),
    createInference: (tx, request) => createInference(planner, tx, request, config.api.maxQueuedProofs),
    getInference: (id) => store.jobs.get(store.db, id),
    listInferences: (filter) => store.jobs.list(store.db, filter),
    transactions: (id) => store.transactions.ofJob(store.db, id),
    cancel: (job) => cancel(planner, job, (id) => workers.abort(id)),
    retry: (job) => retry(planner, job),
    progress: (id) => board.progress(id),
    subscribe: (id, listener) => subscribe(planner, id, listener),
    secrets: async (id) => (await store.secrets.get(store.db, id, 'opening')) as StoredSecrets | undefined,
    verify: (model, statement) => pool.verify(model.folder, statement),
    findRequest: (chainId, requestId) => findRequest(planner, chainId, requestId),
    isContractSignature: async (chainId, account, digest, signature) => {
      const unit = chains.get(chainId)
      return unit !== undefined && (await isContractSignature(unit.provider, account, digest, signature))
    },
    submitRequestInput: (target, input) => takeInput(planner, target, input),
    readiness: () => readiness(planner, chains),
  }
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
  // Which model it is about is noted when it is looked at for the first time.
  const noted = job.model !== null
  const model = noted ? catalogue.get(job.model!) : await modelOf(catalogue, chains.get(chainId), request.modelId)
  if (!noted && model === undefined && !(FINAL_STATES as readonly JobState[]).includes(job.state))
    throw new RequestPendingError('This prover has seen the request, and not looked at it yet; try again in a moment.')
  const { id: jobId, origin } = job
  return { jobId, chainId, coordinator, requestId: origin.requestId, requester: request.requester, model }
}

/** The model that a registry entry speaks of, if it is here. */
async function modelOf(
  catalogue: Catalogue,
  chain: ServedChain | undefined,
  modelId: bigint,
): Promise<CatalogueModel | undefined> {
  const entry = await chain?.market?.model(modelId)
  return entry && catalogue.list().find((model) => isSameModel(model, entry))
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
