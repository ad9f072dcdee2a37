// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileModel, compileReport, loadModel, saveModel, setupModel, type LoadedModel } from '../../prover/pipeline'
import { quantizeModel, type ModelOptions } from './linked-model'
import { floats, type ModelSpec } from './onnx-builder'

/** Four numbers to an embedding of three. */
export const ENCODER: ModelSpec = {
  inputs: [{ name: 'x', shape: [1, 4] }],
  outputs: [{ name: 'embedding', shape: [1, 3] }],
  nodes: [
    { op: 'Gemm', name: 'mix', inputs: ['x', 'w', 'b'], outputs: ['h'] },
    { op: 'Relu', name: 'relu', inputs: ['h'], outputs: ['embedding'] },
  ],
  initializers: { w: floats([4, 3], 31), b: floats([3], 32) },
}

/** An embedding to two scores. */
export const SCORER: ModelSpec = {
  inputs: [{ name: 'embedding', shape: [1, 3] }],
  outputs: [{ name: 'scores', shape: [1, 2] }],
  nodes: [{ op: 'Gemm', name: 'score', inputs: ['embedding', 'w', 'b'], outputs: ['scores'] }],
  initializers: { w: floats([3, 2], 33), b: floats([2], 34) },
}

/** An encoder with a hashed output, and a scorer whose hashed input has the same format, with their keys. */
export type ChainedModels = { readonly encoder: LoadedModel; readonly scorer: LoadedModel; readonly remove: () => void }

export async function makeChainedModels(): Promise<ChainedModels> {
  const root = mkdtempSync(join(tmpdir(), 'zkml-chain-'))
  const make = async (name: string, spec: ModelSpec, options: ModelOptions): Promise<LoadedModel> => {
    const { bytes, recipe } = quantizeModel(spec, options)
    const model = await compileModel(bytes, { recipe })
    await saveModel(join(root, name), name, model, compileReport(model))
    await setupModel(join(root, name), { dev: true })
    return loadModel(join(root, name))
  }
  const hashed = { embedding: { visibility: 'hashed' } } as const
  const encoder = await make('encoder', ENCODER, { outputs: hashed })
  const { lo, bits, exponent } = encoder.circuit.schema.outputs[0]!
  const input = { visibility: 'hashed', lo: Number(lo), bits, exponent } as const
  const scorer = await make('scorer', SCORER, { inputs: { embedding: input } })
  return { encoder, scorer, remove: () => rmSync(root, { recursive: true, force: true }) }
}
