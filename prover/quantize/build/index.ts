// SPDX-License-Identifier: GPL-3.0-or-later

import type { Graph, GraphNode, OpName } from '../../onnx'
import { fuseLinearSteps } from '../fuse'
import type { Program } from '../program'
import * as affine from './affine'
import { ProgramBuilder, type NodeOf } from './builder'
import * as groups from './groups'
import * as pointwise from './pointwise'

/** Adds the steps of a node and returns the tensor of its output. */
type Rules = { readonly [Op in OpName]: (builder: ProgramBuilder, node: NodeOf<Op>) => number }

const RULES: Rules = {
  Gemm: affine.matrix,
  MatMul: affine.matrix,
  Conv: affine.convolution,
  Add: affine.sum,
  Sub: affine.sum,
  Neg: affine.negation,
  BatchNormalization: affine.batchNormalization,
  AveragePool: affine.averagePool,
  Reshape: affine.reshape,
  Transpose: affine.movement,
  Slice: affine.movement,
  Concat: affine.concat,
  Select: affine.select,
  Combine: affine.combine,
  Contract: affine.contraction,
  Mul: pointwise.multiply,
  Div: pointwise.multiply,
  Relu: pointwise.relu,
  LeakyRelu: pointwise.leakyRelu,
  Clip: pointwise.clip,
  Function: pointwise.smooth,
  Compare: pointwise.compare,
  Round: pointwise.round,
  Settle: pointwise.settle,
  SquareRoot: pointwise.squareRoot,
  BitwiseAnd: pointwise.bitwiseAnd,
  MaxPool: groups.maxPool,
  GroupMax: groups.groupMax,
  ArgMax: groups.argMax,
  Softmax: groups.softmax,
  OneHot: groups.oneHot,
  Thresholds: groups.thresholds,
}

/** Splits a graph into affine maps and non-linear steps, folding neighbouring maps into one. */
export function buildProgram(graph: Graph): Program {
  const builder = new ProgramBuilder(graph)
  const given = [...graph.inputs, ...graph.weights]
  const inputs = given.map((info) => builder.declare(info.name, info.shape))
  given.forEach((info, i) => builder.tensorOf.set(info.name, inputs[i]!))
  for (const node of graph.nodes) {
    // Each rule only ever meets nodes of its own operation.
    const rule = RULES[node.op] as (builder: ProgramBuilder, node: GraphNode) => number
    builder.tensorOf.set(node.output, rule(builder, node))
  }
  return fuseLinearSteps(builder.finish(inputs))
}
