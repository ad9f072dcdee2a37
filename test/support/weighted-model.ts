// SPDX-License-Identifier: GPL-3.0-or-later
import { floats, type ModelSpec } from './onnx-builder'

/** A tiny architecture whose weights may be private, with the weights of a seed: y = w2·relu(w1·x + b1)/2, element by element. */
export function weightedModel(seed: number): ModelSpec {
  return {
    inputs: [{ name: 'x', shape: ['N', 4] }],
    outputs: [{ name: 'y', shape: ['N', 4] }],
    nodes: [
      { op: 'Mul', name: 'weigh1', inputs: ['x', 'w1'], outputs: ['p'] },
      { op: 'Add', name: 'shift1', inputs: ['p', 'b1'], outputs: ['h'] },
      { op: 'Relu', name: 'relu1', inputs: ['h'], outputs: ['r'] },
      { op: 'Mul', name: 'weigh2', inputs: ['r', 'w2'], outputs: ['t'] },
      { op: 'Mul', name: 'halve', inputs: ['t', 'half'], outputs: ['y'] },
    ],
    initializers: {
      w1: floats([1, 4], seed),
      b1: floats([4], seed + 1),
      w2: floats([1, 4], seed + 2),
      unused: floats([3], seed + 3),
      half: { shape: [], data: [0.5] },
    },
  }
}
