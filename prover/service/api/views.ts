// SPDX-License-Identifier: GPL-3.0-or-later

import type { Static } from '@sinclair/typebox'
import { elementCount, tensorSignals, unpack, type IoSchema, type TensorSpec } from '../../encodings'
import type { CatalogueModel } from '../artefacts/types'
import type { RunResult } from '../pool/types'
import { FINAL_STATES, type Job, type JobState } from '../store/job'
import type { OutgoingTransaction } from '../store/transaction'
import type { ApiBackend, ModelFacts } from './backend'
import type { InferenceSchema, ModelSchema, OutputSchema, RunSchema, TensorSchema } from './schemas'

export type ModelView = Static<typeof ModelSchema>
export type RunView = Static<typeof RunSchema>
export type OutputView = Static<typeof OutputSchema>
export type InferenceView = Static<typeof InferenceSchema>

/** Whether a job stays where it is. */
export const isFinal = (state: JobState): boolean => (FINAL_STATES as readonly JobState[]).includes(state)

function tensorView(spec: TensorSpec): Static<typeof TensorSchema> {
  const last = spec.lo + (1n << BigInt(spec.bits)) - 1n
  const unit = 2 ** -spec.exponent
  return {
    name: spec.name,
    shape: [...spec.shape],
    elements: elementCount(spec),
    visibility: spec.visibility,
    exponent: spec.exponent,
    bits: spec.bits,
    integers: { min: spec.lo.toString(), max: last.toString() },
    range: { min: Number(spec.lo) * unit, max: Number(last) * unit },
  }
}

/** A model as the API shows it. */
export function modelView({ key, source, file, vkHash, setupHash }: CatalogueModel, facts: ModelFacts): ModelView {
  return {
    id: key,
    name: file.name,
    source,
    inputs: file.schema.inputs.map(tensorView),
    outputs: file.schema.outputs.map(tensorView),
    constraints: file.constraints,
    publicSignals: file.publicSignals,
    modelHash: file.modelHash,
    circuitHash: file.circuitHash,
    r1csHash: file.r1csHash,
    ioSchemaHash: file.ioSchemaHash,
    recipeHash: file.recipeHash,
    vkHash,
    setupHash,
    proveMilliseconds: facts.proveMilliseconds ?? null,
    registrations: facts.registrations.map((registration) => ({ ...registration })),
  }
}

/** The result of a run as the API shows it. */
export function runView({ key, file }: CatalogueModel, { outputs }: RunResult): RunView {
  return { model: key, modelHash: file.modelHash, outputs: outputs as RunView['outputs'] }
}

/** Outputs in both forms, read from the public signals of a proof that was verified. */
export function outputsView(schema: IoSchema, signals: readonly bigint[]): OutputView[] {
  let next = 0
  return schema.outputs.map((spec) => {
    const words = signals.slice(next, (next += tensorSignals(spec)))
    const { name, exponent } = spec
    const shape = [...spec.shape]
    if (spec.visibility === 'hashed')
      return { name, shape, values: null, integers: null, exponent, commitment: String(words[0]) }
    const integers = unpack(words, spec, elementCount(spec))
    const values = integers.map((q) => Number(q) * 2 ** -exponent)
    return { name, shape, values, integers: integers.map(String), exponent, commitment: null }
  })
}

/** A job as the API shows it; its money is the operator's, and not part of it. */
export function inferenceView(
  job: Job,
  model: CatalogueModel | undefined,
  transactions: readonly OutgoingTransaction[],
): InferenceView {
  const { origin, proof } = job
  const signals = proof?.['publicSignals'] as readonly string[] | undefined
  return {
    id: job.id,
    kind: origin.kind,
    model: job.model,
    state: job.state,
    error: job.error && { ...job.error },
    context: origin.kind === 'api' ? origin.context : null,
    submitTo: origin.kind === 'api' ? origin.submitTo : origin.chainId,
    request: origin.kind === 'market' ? origin : null,
    outputs: model && signals ? outputsView(model.file.schema, signals.map(BigInt)) : null,
    transaction: transactionView(transactions),
    attempts: job.attempts,
    createdAt: new Date(job.createdAt).toISOString(),
    updatedAt: new Date(job.updatedAt).toISOString(),
  }
}

function transactionView(transactions: readonly OutgoingTransaction[]): InferenceView['transaction'] {
  const carrier = transactions.findLast(({ purpose }) => purpose !== 'lock')
  if (!carrier) return null
  const { chainId, state, receipt, attempts } = carrier
  return { chainId, state, hash: receipt?.hash ?? attempts.at(-1)?.hash ?? null, block: receipt?.blockNumber ?? null }
}

/** A job with what else its view needs. */
export async function readInferenceView(backend: ApiBackend, job: Job): Promise<InferenceView> {
  const model = job.model === null ? undefined : backend.getModel(job.model)
  const sends = job.origin.kind === 'market' || job.origin.submitTo !== null
  return inferenceView(job, model, sends ? await backend.transactions(job.id) : [])
}
