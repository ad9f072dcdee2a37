// SPDX-License-Identifier: GPL-3.0-or-later

import { marketPriceAt, signalLayout, type ProofContext } from '../../encodings'
import { inferenceCall, proofToJson, secretsToJson } from '../../pipeline'
import type { CatalogueModel } from '../artefacts/types'
import type { PoolProof } from '../pool/types'
import type { ApiOrigin, Job, MarketOrigin, StoredContext } from '../store/job'
import type { TransactionRequest } from '../store/transaction'
import type { PlannerContext, ServedChain } from './context'
import { fulfilBytes, gasLimits, worthInWei } from './economics'
import { ChainNotServedError, InputMismatchError, InputMissingError, ModelMissingError } from './errors'
import { loadInput } from './inputs'
import { isOurLock } from './locks'
import type { MarketChain } from './market-chain'

/** What a proof is bound to, and what is to be sent with it. */
type Target = {
  readonly context: ProofContext | null
  /** Worth of the price in wei. */
  readonly price?: bigint
  readonly transaction?: (proof: PoolProof, model: CatalogueModel) => Promise<TransactionRequest>
  readonly chain?: ServedChain
}

/**
 * The step of the `prove` queue: proves, and puts the transaction with the proof into the outbox in the same transaction that moves the
 * job. Does nothing for a job that has moved on.
 *
 * @param signal aborts when the job is cancelled or this daemon shuts down at once.
 */
export async function proveStep(context: PlannerContext, jobId: string, signal: AbortSignal): Promise<void> {
  const { store, board, pool, catalogue } = context
  const started = performance.now()
  const job = await store.jobs.get(store.db, jobId)
  if (job?.state !== 'proving') return
  const target =
    job.origin.kind === 'market' ? await marketTarget(context, job, job.origin) : apiTarget(context, job, job.origin)
  if (target === undefined) return
  const model = job.model === null ? undefined : catalogue.get(job.model)
  if (model === undefined) {
    // Its folder is gone, or was fetched by another daemon of the fleet: the planner finds it again.
    if (job.origin.kind === 'market') return backToPlan(context, job)
    throw new ModelMissingError(
      `model "${job.model}" is not here any more; put its folder back, or let another daemon do it`,
    )
  }
  const given = await loadInput(store, job, model)
  if ('missing' in given) {
    const Problem = given.code === 'INPUT_MISSING' ? InputMissingError : InputMismatchError
    throw new Problem(given.missing)
  }

  const proving = performance.now()
  const proof = await pool.prove({
    folder: model.folder,
    input: given.input,
    context: target.context,
    ...(given.salts && { salts: given.salts }),
    signal,
    onProgress: (stage, fraction) => board.tell({ jobId, stage, fraction }),
  })
  const proved = performance.now()
  // Its folder may have got another model between the catalogue's look and the prover's.
  if (proof.circuitHash !== model.file.circuitHash)
    throw new ModelMissingError(`the folder of "${model.key}" has another model now; restore it, or restart the daemon`)
  await record(context, job, model, proof, target, proving - started - proved)
}

async function record(
  context: PlannerContext,
  job: Job,
  model: CatalogueModel,
  proof: PoolProof,
  { transaction, price, chain }: Target,
  /** To be added to the present moment for what the job took here besides its proof, in milliseconds. */
  overhead: number,
): Promise<void> {
  const { store, board, log } = context
  const { schema, modelHash } = model.file
  const request = await transaction?.(proof, model)
  const ended = await store.db.transaction(async (tx) => {
    if (proof.secrets.length > 0)
      await store.secrets.put(tx, job.id, 'opening', secretsToJson(modelHash, proof.secrets))
    if (request !== undefined) await store.transactions.insert(tx, request)
    return board.move(tx, job.id, 'proving', request === undefined ? 'done' : 'submitting', {
      proof: proofToJson(schema, proof) as Readonly<Record<string, unknown>>,
      result: { outputs: proof.outputs },
      times: { proved: Date.now() },
      error: null,
      ...(price !== undefined && { money: { price: price.toString() } }),
    })
  })
  chain?.wake()
  board.addOverhead(job.id, performance.now() + overhead)
  if (ended.state === 'done') board.finished(ended)
  log.info({ job: job.id, model: model.key, ...proof.milliseconds }, 'proved')
}

/** Undefined when the job was moved because the request is not ours to prove any more. */
async function marketTarget(context: PlannerContext, job: Job, origin: MarketOrigin): Promise<Target | undefined> {
  const chain = context.chains.get(origin.chainId)
  const market = chain?.market
  if (!market)
    throw new ChainNotServedError(`chain ${origin.chainId} is not served any more; add it to the configuration`)
  const { request, requestId } = origin
  const [state, record] = await Promise.all([market.stateOf(request), market.recordOf(requestId)])
  const isOurs = state === 'locked' && (await isOurLock(context, job.id, market, record.locker))
  if (!isOurs && state !== 'lock-expired') {
    await backToPlan(context, job)
    return undefined
  }
  const price = worthInWei(request, marketPriceAt(request, BigInt(record.lockedAt)), market.policy.tokens)
  return {
    context: {
      chainId: BigInt(origin.chainId),
      caller: origin.coordinator,
      requestId,
      modelId: request.modelId,
      prover: isOurs ? record.locker : market.account,
    },
    ...(price !== undefined && { price }),
    transaction: (proof, model) => fulfilment(job.id, origin, market, proof, model),
    chain: chain!,
  }
}

async function fulfilment(
  jobId: string,
  { chainId, request }: MarketOrigin,
  market: MarketChain,
  proof: PoolProof,
  { file: { schema } }: CatalogueModel,
): Promise<TransactionRequest> {
  const call = market.fulfillCall(request, inferenceCall(schema, proof))
  const bytes = fulfilBytes(signalLayout(schema).total)
  const [cap, dataGas] = await Promise.all([market.verifierGasCap(request.modelId), market.l1Gas(bytes)])
  const limits = gasLimits(request, schema, cap, dataGas)
  return {
    jobId,
    purpose: 'fulfill',
    chainId,
    from: market.account,
    ...call,
    gasLimit: limits.fulfill,
    deadline: Number(request.deadline),
  }
}

function apiTarget(context: PlannerContext, job: Job, origin: ApiOrigin): Target {
  const bound = origin.context === null ? null : reviveContext(origin.context)
  if (origin.submitTo === null) return { context: bound }
  const chain = context.chains.get(origin.submitTo)
  if (chain === undefined)
    throw new ChainNotServedError(
      `chain ${origin.submitTo} has no account in the configuration; add one, or do not submit`,
    )
  const { modelId } = bound!
  return {
    context: bound,
    chain,
    transaction: async (proof, { file: { schema } }) => ({
      jobId: job.id,
      purpose: 'verify',
      chainId: chain.chainId,
      from: chain.account,
      ...(await chain.verifyCall(modelId, inferenceCall(schema, proof))),
      gasLimit: await chain.verifyGas(modelId, schema),
      deadline: Math.floor(Date.now() / 1000) + SUBMISSION_SECONDS,
    }),
  }
}

/** How long the transaction of an API job is tried. */
const SUBMISSION_SECONDS = 86_400

function reviveContext({ chainId, modelId, ...rest }: StoredContext): ProofContext {
  return { ...rest, chainId: BigInt(chainId), modelId: BigInt(modelId) }
}

async function backToPlan({ store, board }: PlannerContext, job: Job): Promise<void> {
  await store.db.transaction(async (tx) => {
    await board.move(tx, job.id, 'proving', 'received')
    await store.queue.send(tx, 'plan', job.id)
  })
}
