// SPDX-License-Identifier: GPL-3.0-or-later

import { isDeepStrictEqual } from 'node:util'
import { pack, signalLayout, tensorCommitment, tensorSignals, type IoSchema, type TensorSpec } from '../encodings'
import { ZkmlError } from '../errors'
import { artefactPaths } from './artefacts'
import { readModelFile } from './model-folder'
import type { InferenceProof } from './proof-file'
import { verifyInference } from './prove'
import { realValues, type TensorSecret } from './secrets'

/** Thrown for a file of secrets or an opening that is none or contradicts itself, and for tensors without an opening. */
export class OpeningError extends ZkmlError {
  readonly code = 'OPENING_UNUSABLE'
}

/** A secret without its real values, which follow from the format of the tensor. */
export type CommitmentSecret = Omit<TensorSecret, 'values'>

/** How a tensor is encoded, and so what its integers mean. */
export type TensorFormat = Pick<TensorSpec, 'shape' | 'lo' | 'bits' | 'exponent'>

/** The secret of one hashed tensor, to be handed to somebody: whoever has it knows the tensor. */
export type TensorOpening = TensorFormat &
  CommitmentSecret & {
    /** Of the model whose tensor it is. */
    readonly modelHash: string
  }

/** What was found of an opening; `values` may be relied on only when it is valid. */
export type OpeningVerification = {
  readonly valid: boolean
  /** Why not. */
  readonly reason: string | null
  /** Whether the proof is bound to nothing. */
  readonly portable: boolean
  /** Real values, row-major. */
  readonly values: readonly number[]
}

/** The arguments of `TensorOpening.openTensor`, after the model id. */
export type OpeningCall = {
  readonly isInput: boolean
  /** Place of the tensor among the inputs or outputs. */
  readonly index: number
  readonly commitment: bigint
  readonly words: readonly bigint[]
  readonly salt: bigint
}

/**
 * The opening of one commitment, out of the secrets of a proof.
 *
 * @param tensor - a name, or `output:name` or `input:name`; not needed when there is only one hashed tensor
 * @throws OpeningError when there is no such secret, or it does not open its commitment
 * @example
 * ```ts
 * const { secrets, modelHash } = await proveInference(model, { sample, context })
 * const opening = openCommitment(model.circuit.schema, { modelHash, secrets }, 'logits')
 * ```
 */
export function openCommitment(
  schema: IoSchema,
  { modelHash, secrets }: { readonly modelHash: string; readonly secrets: readonly CommitmentSecret[] },
  tensor?: string,
): TensorOpening {
  const found = secrets.filter(({ side, name }) => tensor === undefined || [name, `${side}:${name}`].includes(tensor))
  const [secret] = found
  if (secret === undefined || found.length > 1) {
    const known = secrets.map(({ side, name }) => `${side}:${name}`).join(', ') || 'none'
    const problem = tensor === undefined ? 'choose one' : `"${tensor}" is not one of them`
    throw new OpeningError(`the hashed tensors of the proof are ${known}; ${problem}`)
  }
  const { side, name, commitment, salt, integers } = secret
  const { shape, lo, bits, exponent } = placeOf(schema, secret).spec
  const opening = { modelHash, side, name, shape, lo, bits, exponent, commitment, salt, integers }
  if (commitmentOf(opening) !== commitment)
    throw new OpeningError(`the secret of the ${side} "${name}" does not open its commitment; its file was changed`)
  return opening
}

/**
 * Verifies a proof against the model in a folder, and that an opening is of a commitment in that proof.
 *
 * @example
 * ```ts
 * const { valid, values } = await verifyOpening('my-model', proofFromJson(proof, 'proof.json'), opening)
 * ```
 */
export async function verifyOpening(
  folder: string,
  statement: InferenceProof,
  opening: TensorOpening,
): Promise<OpeningVerification> {
  const { valid, reason, portable } = await verifyInference(folder, statement)
  const { schema } = readModelFile(artefactPaths(folder))
  const problem = valid ? openingProblem(schema, statement, opening) : reason
  return { valid: problem === null, reason: problem, portable, values: problem === null ? realValues(opening) : [] }
}

/** Why an opening is not of what a verified proof commits to; null if it is. */
function openingProblem(schema: IoSchema, statement: InferenceProof, opening: TensorOpening): string | null {
  const { side, name } = opening
  if (opening.modelHash !== statement.modelHash) return 'the opening is of another model than the proof'
  const place = findPlace(schema, opening)
  if (place === undefined) return `the model has no hashed ${side} "${name}"`
  if (!isDeepStrictEqual(formatOf(opening), formatOf(place.spec)))
    return `the opening reads the ${side} "${name}" in another format than the model`
  const proven = statement.publicSignals[place.signal]
  if (opening.commitment !== proven) return `the opening is of another commitment than that to the ${side} "${name}"`
  if (commitmentOf(opening) !== proven) return 'salt and integers of the opening do not give its commitment'
  return null
}

/** The format of a tensor and nothing else. */
export function formatOf({ shape, lo, bits, exponent }: TensorFormat): TensorFormat {
  return { shape: [...shape], lo, bits, exponent }
}

/** The commitment that salt and integers give. Throws PackingError for integers that are no tensor of the format. */
export function commitmentOf(opening: TensorFormat & Pick<CommitmentSecret, 'salt' | 'integers'>): bigint {
  const { lo, bits, salt, integers } = opening
  return tensorCommitment(pack(integers, opening), salt, { lo, bits, count: integers.length })
}

/**
 * What to pass to `TensorOpening.openTensor(modelId, …)` on chain, where everybody then reads the tensor.
 *
 * @throws OpeningError when the model has no such hashed tensor
 */
export function openingCall(schema: IoSchema, opening: TensorOpening): OpeningCall {
  const { side, commitment, salt, integers } = opening
  const { index } = placeOf(schema, opening)
  return { isInput: side === 'input', index, commitment, words: pack(integers, opening), salt }
}

/** A hashed tensor in a schema, and the public signal that commits to it. */
type Place = { readonly spec: TensorSpec; readonly index: number; readonly signal: number }

function findPlace(schema: IoSchema, { side, name }: Pick<CommitmentSecret, 'side' | 'name'>): Place | undefined {
  const specs = side === 'output' ? schema.outputs : schema.inputs
  const index = specs.findIndex((spec) => spec.name === name && spec.visibility === 'hashed')
  if (index < 0) return undefined
  const first = side === 'output' ? 0 : signalLayout(schema).outputs
  const signal = specs.slice(0, index).reduce((sum, spec) => sum + tensorSignals(spec), first)
  return { spec: specs[index]!, index, signal }
}

function placeOf(schema: IoSchema, tensor: Pick<CommitmentSecret, 'side' | 'name'>): Place {
  const place = findPlace(schema, tensor)
  if (place === undefined)
    throw new OpeningError(`the model has no hashed ${tensor.side} "${tensor.name}", so there is no commitment to open`)
  return place
}
