// SPDX-License-Identifier: GPL-3.0-or-later
import { forestAttributes, randomTree } from './forests'
import { floats, type ModelSpec } from './onnx-builder'

/** The models that bars of operators are stated for. */

/** 100 trees of depth 4 on 20 features. */
export function boostedForest(): ModelSpec {
  const trees = Array.from({ length: 100 }, (_, seed) =>
    randomTree(seed + 1, {
      depth: 4,
      features: 20,
      modes: ['BRANCH_LEQ'],
      weights: (random) => ({ 0: random() - 0.5 }),
    }),
  )
  return {
    domains: { 'ai.onnx.ml': 3 },
    inputs: [{ name: 'x', shape: [1, 20] }],
    outputs: [{ name: 'y' }],
    nodes: [
      {
        op: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: ['y'],
        attributes: { ...forestAttributes('target', trees), n_targets: 1 },
      },
    ],
  }
}

/** An MLP of 16-16-1: 289 weights. */
export function smallMlp(): ModelSpec {
  return {
    inputs: [{ name: 'x', shape: ['N', 16] }],
    outputs: [{ name: 'y', shape: ['N', 1] }],
    nodes: [
      { op: 'Gemm', name: 'dense1', inputs: ['x', 'w1', 'b1'], outputs: ['h'], attributes: { transB: 1 } },
      { op: 'Relu', name: 'relu1', inputs: ['h'], outputs: ['r'] },
      { op: 'Gemm', name: 'dense2', inputs: ['r', 'w2', 'b2'], outputs: ['y'], attributes: { transB: 1 } },
    ],
    initializers: { w1: floats([16, 16], 1), b1: floats([16], 2), w2: floats([1, 16], 3), b2: floats([1], 4) },
  }
}

/** Softmax over n logits. */
export function softmaxOver(n: number): ModelSpec {
  const node = { op: 'Softmax', inputs: ['x'], outputs: ['y'], name: 'softmax', attributes: { axis: 1 } }
  return { inputs: [{ name: 'x', shape: [1, n] }], outputs: [{ name: 'y' }], nodes: [node] }
}
