// SPDX-License-Identifier: GPL-3.0-or-later

import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { writeFileAtomic, writeJsonAtomic } from '../binfile'
import { weightFormat, weightsOf, type LinkedCircuit } from '../circuit'
import { isFieldElement, pack, weightsCommitment } from '../encodings'
import { readWeights, type Graph } from '../onnx'
import { quantizeInput, type QuantizedProgram, type Recipe, type Sample } from '../quantize'
import { randomFieldElement, type WitnessRequest } from '../witness'
import { ArtefactError, readArtefact, type ArtefactPaths } from './artefacts'

const FORMAT = 'zkml-weights/1'

/** Private weights as the circuit takes them, and what commits to them. */
export type PrivateWeights = {
  /** Integers q of each tensor, in the order of the program. */
  readonly integers: readonly Float64Array[]
  /** Real values, for the reference evaluation. */
  readonly values: readonly Float64Array[]
  /** Keep it: without it no proof can be made for the commitment, and with it the weights can be guessed and checked. */
  readonly salt: bigint
  readonly commitment: bigint
}

/** Whether a recipe hides the weights of its model. */
export function hasPrivateWeights(recipe: Recipe): boolean {
  return recipe.inputs.some(({ visibility }) => visibility === 'weights')
}

/**
 * Rounds the weights of a model to the digits of its recipe and commits to them.
 *
 * @param salt - a field element drawn uniformly; a fresh one when absent
 * @throws InputRangeError when a weight lies outside the range that the recipe declares.
 */
export function commitWeights(
  onnx: Uint8Array,
  graph: Graph,
  program: QuantizedProgram,
  salt: bigint = randomFieldElement(),
): PrivateWeights {
  const slots = weightsOf(program)
  const values = readWeights(onnx, graph.weights)
  const integers = slots.map(({ recipe }, i) => quantizeInput(recipe, values[i]!))
  const formats = slots.map(({ recipe }, i) => weightFormat(recipe, integers[i]!.length))
  const words = integers.flatMap((tensor, i) => pack(Array.from(tensor, BigInt), formats[i]!))
  return { integers, values, salt, commitment: weightsCommitment(words, salt, formats) }
}

/**
 * Refuses a model whose weights are private and not at hand.
 *
 * @throws ArtefactError
 */
export function requireWeights(model: {
  readonly circuit: Pick<LinkedCircuit, 'schema'>
  readonly weights?: PrivateWeights
}): void {
  if (model.circuit.schema.weightsCommitted && !model.weights)
    throw new ArtefactError(
      'the private weights of the model are not here, and it does not run without them; copy its folder private/ here, or run "zkml commit-weights"',
    )
}

/**
 * Refuses a folder that holds private weights: nothing may be written over the salt of their commitment.
 *
 * @throws ArtefactError
 */
export function requireNoWeights({ privateFolder }: ArtefactPaths): void {
  if (existsSync(privateFolder))
    throw new ArtefactError(
      `${privateFolder} holds weights and the salt of their commitment, without which no proof can be made for it; give another folder, or move it away`,
    )
}

/** What a witness is made of: the integers of the inputs, then the private weights of the model, if it has any. */
export function withIntegerWeights(
  { weights }: { readonly weights?: PrivateWeights },
  inputs: readonly Float64Array[],
): Pick<WitnessRequest, 'inputs' | 'weightsSalt'> {
  return weights ? { inputs: [...inputs, ...weights.integers], weightsSalt: weights.salt } : { inputs }
}

/** A sample with the private weights of its model, if it has any: what the integer model runs on. */
export function withWeights(model: { readonly weights?: PrivateWeights }, sample: Sample): Sample {
  return model.weights ? [...sample, ...model.weights.values] : sample
}

/** Writes the model with its weights and the salt of their commitment, for the owner alone to read. */
export async function savePrivateWeights(
  paths: ArtefactPaths,
  onnx: Uint8Array,
  weights: PrivateWeights,
): Promise<void> {
  mkdirSync(paths.privateFolder, { recursive: true, mode: 0o700 })
  chmodSync(paths.privateFolder, 0o700)
  await writeFileAtomic(paths.privateOnnx, [onnx], 0o600)
  const { salt, commitment } = weights
  const secret = { format: FORMAT, commitment: commitment.toString(), salt: salt.toString() }
  await writeJsonAtomic(paths.privateSalt, secret, 0o600)
}

/**
 * Reads what {@link savePrivateWeights} wrote.
 *
 * @returns undefined when the weights are not in the folder.
 * @throws ArtefactError
 */
export function readPrivateWeights(
  paths: ArtefactPaths,
): { readonly onnx: Uint8Array; readonly salt: bigint } | undefined {
  if (!existsSync(paths.privateFolder)) return undefined
  const onnx = readArtefact(paths.privateOnnx, 'zkml commit-weights')
  const text = readArtefact(paths.privateSalt, 'zkml commit-weights').toString('utf8')
  try {
    const { format, salt } = JSON.parse(text) as { format?: unknown; salt?: unknown }
    if (format !== FORMAT || typeof salt !== 'string' || !/^\d{1,78}$/.test(salt))
      throw new Error('its format is unknown')
    if (!isFieldElement(BigInt(salt))) throw new Error('its salt is no field element')
    return { onnx, salt: BigInt(salt) }
  } catch (error) {
    throw new ArtefactError(`${paths.privateSalt} is damaged: ${(error as Error).message}; restore it from a backup`, {
      cause: error,
    })
  }
}
