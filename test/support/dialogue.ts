// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { id } from 'ethers'
import { contextSignal, decodeProofBlob, type ProofContext } from '../../prover/encodings'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import { inferenceCall, openProver, quantizeModel } from '../../prover/pipeline'
import { parseRecipe } from '../../prover/quantize'
import { modelFolder } from '../../scripts/bundled'
import { DIALOGUE_MODEL, Speaker, stepWord, type StepInput } from '../../scripts/demo/dialogue'
import { bundledRegistration, loadBundled } from './reference-models'
import { trapdoorKey } from './trapdoor'
import type { World } from './world'

/** What the contract takes. */
export type ProvenStep = { readonly points: bigint[]; readonly next: number; readonly cache: bigint }

/** A step as it stands in a statement. */
export type StepStatement = Pick<StepInput, 'token' | 'position'> & {
  readonly before: bigint
  readonly next: number
  readonly after: bigint
}

/** The integers of the committed model. */
export function speaker(): Speaker {
  const file = (name: string): Buffer => readFileSync(join(modelFolder(DIALOGUE_MODEL), name))
  const program = quantizeModel(file('model.onnx'), parseRecipe(file('recipe.json').toString()))
  return new Speaker(program, bundledRegistration(DIALOGUE_MODEL).ioSchema)
}

/** Registers a model with the encoding of the real one and a trapdoor key: any token after any other. */
export async function trapdoorDialogue(world: World, salt = 'model') {
  const { ioSchema: schema } = bundledRegistration(DIALOGUE_MODEL)
  // Two outputs, two inputs, context.
  const key = trapdoorKey(5)
  if ((await world.keyStore.signalCount(vkHash(key.vk))) === 0n) await world.keyStore.store(canonicalKeyHex(key.vk))
  const modelId = await world.register({ schema, vk: key.vk, modelHash: id(`${DIALOGUE_MODEL} ${salt}`) })
  const prove = (statement: StepStatement, context: ProofContext, randomness = 5n): ProvenStep => {
    const { before, next, after } = statement
    const points = [
      ...key.prove([BigInt(next), after, stepWord(statement), before, contextSignal(context)], randomness),
    ]
    return { points, next, cache: after }
  }
  return { modelId, schema, prove }
}

/** Proves steps of the real model, under the salt 0. */
export async function stepProver(): Promise<(input: StepInput, context: ProofContext) => Promise<ProvenStep>> {
  const model = await loadBundled(DIALOGUE_MODEL)
  const prover = await openProver(model)
  return async ({ token, position, cache }, context) => {
    const inputs = [Float64Array.of(token, position), cache]
    const proved = await prover.prove({ inputs, context, salts: [0n, 0n] })
    const { points } = decodeProofBlob(inferenceCall(model.circuit.schema, proved).proof)
    return { points: [...points], next: Number(proved.publicSignals[0]), cache: proved.publicSignals[1]! }
  }
}
