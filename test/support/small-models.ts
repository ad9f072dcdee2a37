// SPDX-License-Identifier: GPL-3.0-or-later
import type { ModelOptions } from './linked-model'
import { floats, ints, type ModelSpec } from './onnx-builder'

/** A small model for differential tests. */
export type SmallModel = ModelOptions & {
  readonly spec: ModelSpec
  /** Largest absolute distance from onnxruntime that rounding explains. */
  readonly tolerance: number
}

const spec = (
  inputs: Readonly<Record<string, readonly number[]>>,
  nodes: ModelSpec['nodes'],
  initializers: NonNullable<ModelSpec['initializers']> = {},
  outputs: readonly string[] = ['y'],
): ModelSpec => ({
  inputs: Object.entries(inputs).map(([name, shape]) => ({ name, shape })),
  outputs: outputs.map((name) => ({ name })),
  nodes,
  initializers,
})

/** Weights that no power of two makes whole, so that rounding them is part of the test. */
function thirds(shape: readonly number[], seed: number) {
  const { data } = floats(shape, seed)
  return { shape, data: [...data].map((value) => Number(value) / 1.5) }
}

const positive = (shape: readonly number[], seed: number) => ({
  shape,
  data: [...floats(shape, seed).data].map((value) => Math.abs(Number(value)) + 0.25),
})

/** Models that between them use every operator and every visibility. */
export const SMALL_MODELS: Readonly<Record<string, SmallModel>> = {
  'Gemm, Relu, Gemm': {
    spec: spec(
      { x: [1, 6] },
      [
        { op: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['h'], name: 'fc1', attributes: { transB: 1 } },
        { op: 'Relu', inputs: ['h'], outputs: ['r'], name: 'relu' },
        { op: 'Gemm', inputs: ['r', 'w2', 'b2'], outputs: ['y'], name: 'fc2', attributes: { alpha: 0.5 } },
      ],
      { w1: thirds([5, 6], 1), b1: thirds([5], 2), w2: thirds([5, 3], 3), b2: thirds([3], 4) },
    ),
    tolerance: 0.02,
  },
  'Conv, Relu, AveragePool': {
    spec: spec(
      { x: [1, 1, 5, 5] },
      [
        { op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['c'], name: 'conv', attributes: { pads: [1, 1, 1, 1] } },
        { op: 'Relu', inputs: ['c'], outputs: ['r'], name: 'relu' },
        {
          op: 'AveragePool',
          inputs: ['r'],
          outputs: ['y'],
          name: 'pool',
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
      ],
      { w: thirds([2, 1, 3, 3], 5), b: thirds([2], 6) },
    ),
    inputs: { x: { bits: 4, lo: 0, exponent: 4 } },
    tolerance: 0.02,
  },
  'Relu, MaxPool': {
    spec: spec(
      { x: [1, 1, 4, 4] },
      [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], name: 'conv' },
        { op: 'Relu', inputs: ['c'], outputs: ['r'], name: 'relu' },
        { op: 'MaxPool', inputs: ['r'], outputs: ['y'], name: 'pool', attributes: { kernel_shape: [2, 2] } },
      ],
      { w: thirds([1, 1, 2, 2], 7) },
    ),
    tolerance: 0.02,
  },
  'LeakyRelu, Clip': {
    spec: spec(
      { x: [1, 4] },
      [
        { op: 'Mul', inputs: ['x', 'scale'], outputs: ['s'], name: 'scale' },
        { op: 'LeakyRelu', inputs: ['s'], outputs: ['l'], name: 'leaky', attributes: { alpha: 0.1 } },
        { op: 'Clip', inputs: ['l', 'low', 'high'], outputs: ['y'], name: 'clip' },
      ],
      { scale: thirds([1, 4], 8), low: { shape: [], data: [-0.02] }, high: { shape: [], data: [0.5] } },
    ),
    tolerance: 0.02,
  },
  'Sigmoid, Tanh': {
    spec: spec(
      { x: [1, 2] },
      [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'], name: 'mix' },
        { op: 'Sigmoid', inputs: ['h'], outputs: ['s'], name: 'sigmoid' },
        { op: 'Tanh', inputs: ['h'], outputs: ['t'], name: 'tanh' },
        { op: 'Sub', inputs: ['s', 't'], outputs: ['y'], name: 'difference' },
      ],
      { w: thirds([2, 2], 9) },
    ),
    recipe: (recipe) => ({
      ...recipe,
      steps: {
        ...recipe.steps,
        'sigmoid/argument': { exponent: 3, clampBits: 7 },
        'tanh/argument': { exponent: 4, clampBits: 7 },
      },
    }),
    tolerance: 0.06,
  },
  Softmax: {
    spec: spec(
      { x: [1, 3] },
      [
        { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['h'], name: 'fc' },
        { op: 'Softmax', inputs: ['h'], outputs: ['y'], name: 'softmax', attributes: { axis: 1 } },
      ],
      { w: thirds([3, 3], 10), b: thirds([3], 11) },
    ),
    recipe: (recipe) => ({
      ...recipe,
      steps: { ...recipe.steps, 'softmax/exp/argument': { exponent: 4, clampBits: 8 } },
    }),
    tolerance: 0.05,
  },
  ArgMax: {
    spec: {
      ...spec(
        { x: [1, 5] },
        [
          { op: 'Gemm', inputs: ['x', 'w'], outputs: ['h'], name: 'fc' },
          { op: 'ArgMax', inputs: ['h'], outputs: ['y'], name: 'argmax', attributes: { axis: 1, keepdims: 0 } },
        ],
        { w: floats([5, 4], 12) },
      ),
      outputs: [{ name: 'y', type: 'int64' }],
    },
    tolerance: 0,
  },
  'residual Add, BatchNormalization': {
    spec: spec(
      { x: [1, 2, 3] },
      [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], name: 'conv', attributes: { pads: [1, 1] } },
        {
          op: 'BatchNormalization',
          inputs: ['c', 'gamma', 'beta', 'mean', 'variance'],
          outputs: ['n'],
          name: 'norm',
          attributes: { epsilon: 0.001 },
        },
        { op: 'Relu', inputs: ['n'], outputs: ['r'], name: 'relu' },
        { op: 'Add', inputs: ['r', 'x'], outputs: ['a'], name: 'residual' },
        { op: 'Relu', inputs: ['a'], outputs: ['y'], name: 'last' },
      ],
      {
        w: thirds([2, 2, 3], 13),
        gamma: positive([2], 14),
        beta: thirds([2], 15),
        mean: thirds([2], 16),
        variance: positive([2], 17),
      },
    ),
    tolerance: 0.03,
  },
  'Mul of two variables, private and hashed inputs': {
    spec: spec(
      { a: [1, 3], b: [1, 3] },
      [
        { op: 'Mul', inputs: ['a', 'b'], outputs: ['p'], name: 'product' },
        { op: 'MatMul', inputs: ['p', 'w'], outputs: ['y'], name: 'mix' },
      ],
      { w: thirds([3, 2], 18) },
    ),
    inputs: { a: { visibility: 'private', bits: 5 }, b: { visibility: 'hashed', bits: 7 } },
    tolerance: 0.02,
  },
  'Concat, Slice, Pad, Transpose, several outputs': {
    spec: spec(
      { a: [2, 3], b: [2, 2] },
      [
        { op: 'Concat', inputs: ['a', 'b'], outputs: ['c'], name: 'concat', attributes: { axis: 1 } },
        { op: 'Slice', inputs: ['c', 'starts', 'ends', 'axes', 'steps'], outputs: ['s'], name: 'slice' },
        { op: 'Pad', inputs: ['s', 'pads', 'fill'], outputs: ['p'], name: 'pad' },
        { op: 'Transpose', inputs: ['p'], outputs: ['t'], name: 'transpose', attributes: { perm: [1, 0] } },
        { op: 'Relu', inputs: ['t'], outputs: ['y'], name: 'relu' },
        { op: 'Neg', inputs: ['a'], outputs: ['z'], name: 'negated' },
      ],
      {
        starts: ints([0]),
        ends: ints([5]),
        axes: ints([1]),
        steps: ints([2]),
        pads: ints([0, 1, 1, 0]),
        fill: { shape: [], data: [0.5] },
      },
      ['y', 'z'],
    ),
    inputs: { a: { bits: 5 }, b: { bits: 3, exponent: 0 } },
    outputs: { z: { visibility: 'hashed' } },
    tolerance: 0.001,
  },
  'hashed input and output of many words': {
    spec: spec(
      { x: [1, 40] },
      [
        { op: 'Relu', inputs: ['x'], outputs: ['r'], name: 'relu' },
        { op: 'MatMul', inputs: ['r', 'w'], outputs: ['h'], name: 'mix' },
        { op: 'Clip', inputs: ['h', 'low'], outputs: ['y'], name: 'clip' },
      ],
      { w: thirds([40, 12], 19), low: { shape: [], data: [-1] } },
    ),
    inputs: { x: { visibility: 'hashed', bits: 30, exponent: 26, lo: -(2 ** 29) } },
    outputs: { y: { visibility: 'hashed' } },
    tolerance: 0.05,
  },
  'private weights, used twice': {
    spec: spec(
      { x: [1, 4] },
      [
        { op: 'Mul', inputs: ['x', 'w'], outputs: ['p'], name: 'weigh' },
        { op: 'Add', inputs: ['p', 'b'], outputs: ['h'], name: 'shift' },
        { op: 'Relu', inputs: ['h'], outputs: ['r'], name: 'relu' },
        { op: 'Mul', inputs: ['r', 'w'], outputs: ['t'], name: 'again' },
        { op: 'Mul', inputs: ['t', 'half'], outputs: ['y'], name: 'halve' },
      ],
      { w: thirds([1, 4], 20), b: thirds([4], 21), half: { shape: [], data: [0.5] } },
    ),
    privateWeights: true,
    inputs: { x: { visibility: 'hashed' }, b: { bits: 40, exponent: 38, lo: -(2 ** 39) } },
    tolerance: 0.1,
  },
}
