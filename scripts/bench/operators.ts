// SPDX-License-Identifier: GPL-3.0-or-later

import { auditCircuit, priceProgram } from '../../prover/circuit'
import { checkSamples, compileModel, compileReport, type CompiledModel } from '../../prover/pipeline'
import type { Sample } from '../../prover/quantize'
import { residualNetwork, transformer } from '../../test/support/deep-models'
import { buildModel, seededRandom, type ModelSpec } from '../../test/support/onnx-builder'
import { boostedForest, smallMlp, softmaxOver } from '../../test/support/operator-bars'
import { atMost, isTrue, type Figure } from './figures'

const SAMPLES = 100
/** Bits that no layer's values may exceed. */
const LAYER_BITS = 40

/** Samples of normal values, cut at ±4, for calibration and for what is measured after it. */
function normalSamples(size: number, count: number, seed: number): Sample[] {
  const random = seededRandom(seed)
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6)
  return Array.from({ length: count }, () => [
    Float64Array.from({ length: size }, () => Math.fround(Math.min(Math.max(normal(), -4), 4))),
  ])
}

async function compile(spec: ModelSpec, size: number, count = SAMPLES, weights?: 'private'): Promise<CompiledModel> {
  const samples = normalSamples(size, count, 1)
  return compileModel(buildModel(spec), { samples: { samples }, ...(weights && { weights }) })
}

/** Constraints of the models that bars are stated for, at default options. */
export async function operatorFigures(): Promise<Figure[]> {
  const forest = await compile(boostedForest(), 20)
  const mlp = await compile(smallMlp(), 16, SAMPLES, 'private')
  const figures = [
    atMost('100 trees of depth 4 on 20 features, constraints', forest.circuit.r1cs.nConstraints, 40_000),
    atMost('private MLP 16-16-1, commitment included, constraints', mlp.circuit.r1cs.nConstraints, 6_500),
  ]
  for (const n of [8, 32]) {
    const { quantized } = await compile(softmaxOver(n), n)
    const rows = priceProgram(quantized).steps.reduce((sum, step) => sum + step.constraints, 0)
    figures.push(atMost(`softmax over ${n}, constraints`, rows, 90 * n + 100))
  }
  return figures
}

/** How far models that nobody tuned are from onnxruntime at default options, on samples calibration has not seen. */
export async function untunedFigures(): Promise<Figure[]> {
  const models = [
    ['residual network, 8 layers, 8×8', residualNetwork(8, 4, [1, 1, 1]), 3 * 8 * 8],
    ['transformer, 1 block, 4 tokens', { ...transformer(4, 8, 2, 1), opset: 20 }, 4 * 8],
    ['boosted forest', boostedForest(), 20],
    ['MLP 16-16-1', smallMlp(), 16],
  ] as const
  const figures: Figure[] = []
  for (const [name, spec, size] of models) {
    const model = await compile(spec, size)
    const samples = normalSamples(size, SAMPLES, 2)
    const { relativeError, argmaxAgreement } = await checkSamples(model, { samples })
    figures.push(atMost(`Σ|y−ŷ| / Σ|y|, ${name}`, 100 * relativeError, 2.6, '%'))
    if (model.circuit.schema.outputs[0]!.shape.at(-1)! > 1) {
      const share = `${(100 * argmaxAgreement).toFixed(1)}%`
      figures.push(isTrue(`argmax agrees, ${name}`, argmaxAgreement >= 0.99, share, '≥ 99%'))
    }
  }
  return figures
}

/** Whether a deep and a wide model compile, with their layers' intervals under control. */
export async function deepFigures(): Promise<Figure[]> {
  const models = [
    ['residual network of 12 layers, 32×32×3', residualNetwork(32, 8, [2, 2, 1]), 3 * 32 * 32],
    ['transformer, 4 blocks, 64 tokens, width 64, 4 heads', { ...transformer(64, 64, 4, 4), opset: 20 }, 64 * 64],
  ] as const
  const figures: Figure[] = []
  for (const [name, spec, size] of models) {
    const start = performance.now()
    const model = await compile(spec, size, 20)
    const minutes = ((performance.now() - start) / 60_000).toFixed(1)
    const { constraints, layers } = compileReport(model)
    const bits = layers.reduce((most, layer) => Math.max(most, layer.bits ?? 0), 0)
    figures.push(atMost(`${name}: widest layer`, bits, LAYER_BITS, 'bits'))
    const { deterministic } = auditCircuit(model.circuit)
    figures.push(
      isTrue(
        `${name}: compiles, audit`,
        deterministic,
        `${constraints.toLocaleString('en-US')} constraints, ${minutes} min`,
        'deterministic',
      ),
    )
  }
  return figures
}
