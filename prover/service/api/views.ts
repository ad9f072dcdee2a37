// SPDX-License-Identifier: GPL-3.0-or-later

import type { Static } from '@sinclair/typebox'
import { elementCount, tensorSignals, unpack, type IoSchema, type TensorSpec } from '../../encodings'
import type { CatalogueModel } from '../artefacts/types'
import type { QuantizedInput, RunResult } from '../pool/types'
import { FINAL_STATES, type Job, type JobState } from '../store/job'
import type { OutgoingTransaction } from '../store/transaction'
import type { ApiBackend, ModelFacts } from './backend'
import type {
  InferenceSchema,
  ModelSchema,
  OperatorSchema,
  RunSchema,
  TensorSchema,
  TensorValueSchema,
} from './schemas'

export type ModelView = Static<typeof ModelSchema>
export type RunView = Static<typeof RunSchema>
export type TensorValue = Static<typeof TensorValueSchema>
export type InferenceView = Static<typeof InferenceSchema>
type OperatorView = Static<typeof OperatorSchema>

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

/** The result of a run as the API shows it, with the input that real values were rounded to. */
export function runView({ key, file }: CatalogueModel, input: QuantizedInput, { outputs }: RunResult): RunView {
  const inputs = file.schema.inputs.map(({ name, shape, exponent }, i) => {
    const unit = 2 ** -exponent
    const integers = Array.from(input[i]!)
    return { name, shape: [...shape], values: integers.map((q) => q * unit), integers: integers.map(String), exponent }
  })
  return { model: key, modelHash: file.modelHash, inputs, outputs: outputs as RunView['outputs'] }
}

/** Inputs and outputs in both forms, read from the public signals of a proof that was verified. */
export function statementView(
  { outputs, inputs }: IoSchema,
  signals: readonly bigint[],
): { readonly outputs: TensorValue[]; readonly inputs: TensorValue[] } {
  let next = 0
  const read = (spec: TensorSpec) => tensorValue(spec, signals.slice(next, (next += tensorSignals(spec))))
  return { outputs: outputs.map(read), inputs: inputs.map(read) }
}

function tensorValue(spec: TensorSpec, words: readonly bigint[]): TensorValue {
  const { name, exponent, visibility } = spec
  const shape = [...spec.shape]
  if (visibility !== 'public') {
    const commitment = visibility === 'hashed' ? String(words[0]) : null
    return { name, shape, values: null, integers: null, exponent, commitment }
  }
  const integers = unpack(words, spec, elementCount(spec))
  const values = integers.map((q) => Number(q) * 2 ** -exponent)
  return { name, shape, values, integers: integers.map(String), exponent, commitment: null }
}

/**
 * Whether what a job has proved may be shown. For the market that is when it is settled on chain: seen earlier, it would be worth
 * something to others.
 */
export function isProofShown({ origin, state }: Job, isOperator: boolean): boolean {
  return origin.kind === 'api' || state === 'done' || isOperator
}

/** A job as the API shows it; its times and money are for operators. */
function inferenceView(
  job: Job,
  model: CatalogueModel | undefined,
  transactions: readonly OutgoingTransaction[],
  isOperator: boolean,
): InferenceView {
  const { origin, proof } = job
  const signals = isProofShown(job, isOperator)
    ? (proof?.['publicSignals'] as readonly string[] | undefined)
    : undefined
  const proved = model && signals && statementView(model.file.schema, signals.map(BigInt))
  return {
    id: job.id,
    kind: origin.kind,
    model: job.model,
    state: job.state,
    error: job.error && { ...job.error },
    context: origin.kind === 'api' ? origin.context : null,
    submitTo: origin.kind === 'api' ? origin.submitTo : origin.chainId,
    request: origin.kind === 'market' ? origin : null,
    outputs: proved?.outputs ?? null,
    inputs: proved?.inputs ?? null,
    transaction: transactionView(transactions),
    attempts: job.attempts,
    createdAt: new Date(job.createdAt).toISOString(),
    updatedAt: new Date(job.updatedAt).toISOString(),
    ...(isOperator && { operator: operatorView(job, transactions) }),
  }
}

function transactionView(transactions: readonly OutgoingTransaction[]): InferenceView['transaction'] {
  const carrier = transactions.findLast(({ purpose }) => purpose !== 'lock')
  if (!carrier) return null
  const { chainId, state, receipt } = carrier
  return { chainId, state, hash: hashOf(carrier), block: receipt?.blockNumber ?? null }
}

function operatorView({ times, money }: Job, transactions: readonly OutgoingTransaction[]): OperatorView {
  return {
    times: Object.fromEntries(Object.entries(times).map(([stage, at]) => [stage, new Date(at).toISOString()])),
    money: { ...money },
    transactions: transactions.map((transaction) => {
      const { purpose, state, nonce, receipt, error } = transaction
      const mined = { block: receipt?.blockNumber ?? null, fee: receipt?.fee.toString() ?? null }
      return { purpose, state, nonce, hash: hashOf(transaction), ...mined, error }
    }),
  }
}

const hashOf = ({ receipt, attempts }: OutgoingTransaction) => receipt?.hash ?? attempts.at(-1)?.hash ?? null

/** A job with what else its view needs. @param isOperator whether it is for one, who sees all of it. */
export async function readInferenceView(backend: ApiBackend, job: Job, isOperator: boolean): Promise<InferenceView> {
  const model = job.model === null ? undefined : backend.getModel(job.model)
  const sends = job.origin.kind === 'market' || job.origin.submitTo !== null
  return inferenceView(job, model, sends ? await backend.transactions(job.id) : [], isOperator)
}
