// SPDX-License-Identifier: GPL-3.0-or-later

import type { GraphNode } from '../../onnx'
import { diagonalMap, selectionMap } from '../linear-map'
import {
  combinationMap,
  concatMap,
  convTerms,
  mapOfTerms,
  matrixTerms,
  movementMap,
  pickMap,
  poolGroups,
  sizeOf,
  sumGroupsMap,
  sumMap,
  type Terms,
} from '../linear-ops'
import { identity, type NodeOf, type PairRows, type ProgramBuilder } from './builder'

/** Gemm and MatMul. With two variable operands every product costs a constraint; such a Gemm has neither alpha nor C. */
export function matrix(builder: ProgramBuilder, node: NodeOf<'Gemm' | 'MatMul'>): number {
  const [a, b] = [builder.operand(node, 0), builder.operand(node, 1)]
  const product = builder.info(node)
  const terms = matrixTerms(a.info.shape, b.info.shape, node, product.shape)
  // Selectors leave what they select as it is.
  const whole = product.kind !== 'float' || a.info.kind === 'bool'
  if ('source' in a && 'source' in b) return builder.contract(node, a.source, b.source, pairsOf(terms), whole)
  const alpha = node.op === 'Gemm' ? node.alpha : 1
  if (node.op === 'MatMul' || node.inputs.length < 3) return builder.linear(node, mapOfTerms(a, b, terms, alpha))
  return builder.linear(
    node,
    mapOfTerms(a, b, terms, alpha, { tensor: builder.constant(node, 2), scale: node.beta, product }),
  )
}

/** Convolution; variable weights cost a constraint for every product. */
export function convolution(builder: ProgramBuilder, node: NodeOf<'Conv'>): number {
  const [x, w] = [builder.operand(node, 0), builder.operand(node, 1)]
  const output = builder.info(node)
  const terms = convTerms(x.info.shape, w.info.shape, node, output.shape)
  if ('source' in x && 'source' in w)
    return builder.contract(node, x.source, w.source, pairsOf(terms), output.kind !== 'float')
  if (node.inputs.length < 3) return builder.linear(node, mapOfTerms(x, w, terms, 1))
  const channels = builder.constant(node, 2)
  const tensor = { ...channels, shape: [channels.shape[0]!, ...output.shape.slice(2).map(() => 1)] }
  return builder.linear(node, mapOfTerms(x, w, terms, 1, { tensor, scale: 1, product: output }))
}

/** Sums of products; with two variable operands each product costs a constraint. */
export function contraction(builder: ProgramBuilder, node: NodeOf<'Contract'>): number {
  const [a, b] = [builder.operand(node, 0), builder.operand(node, 1)]
  const { start, left, right } = node.pairs
  if ('source' in a && 'source' in b) {
    const rows = { start, indexA: Int32Array.from(left), indexB: Int32Array.from(right) }
    return builder.contract(node, a.source, b.source, rows, builder.info(node).kind !== 'float')
  }
  const terms: Terms = (term, endRow) => {
    for (let row = 0; row + 1 < start.length; row++) {
      for (let i = start[row]!; i < start[row + 1]!; i++) term(left[i]!, right[i]!)
      endRow()
    }
  }
  return builder.linear(node, mapOfTerms(a, b, terms, 1))
}

export function sum(builder: ProgramBuilder, node: NodeOf<'Add' | 'Sub'>): number {
  const [a, b] = [builder.operand(node, 0), builder.operand(node, 1)]
  return builder.linear(node, sumMap(a, b, node.op === 'Add' ? 1 : -1, builder.info(node)))
}

export function negation(builder: ProgramBuilder, node: GraphNode): number {
  const x = builder.variable(node, 0)
  return builder.linear(node, diagonalMap(x, new Float64Array(x.size).fill(-1)))
}

/** scale·(x − mean)/√(variance + ε) + shift. Division and square root are correctly rounded (IEEE 754). */
export function batchNormalization(builder: ProgramBuilder, node: NodeOf<'BatchNormalization'>): number {
  const x = builder.variable(node, 0)
  const shape = builder.shapeOf(x)
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => builder.constant(node, i).data)
  const plane = sizeOf(shape.slice(2))
  const factor = new Float64Array(x.size)
  const offset = new Float64Array(x.size)
  for (let i = 0; i < x.size; i++) {
    const channel = Math.floor(i / plane) % shape[1]!
    factor[i] = scale![channel]! / Math.sqrt(variance![channel]! + node.epsilon)
    offset[i] = shift![channel]! - mean![channel]! * factor[i]!
  }
  return builder.linear(node, diagonalMap(x, factor, offset))
}

/** The sum is exact; the division by the window's size is a separate scale that folds into a neighbouring map. */
export function averagePool(builder: ProgramBuilder, node: NodeOf<'AveragePool'>): number {
  const x = builder.variable(node, 0)
  const groups = poolGroups(builder.shapeOf(x), node.window, builder.info(node).shape)
  const full = sizeOf(node.window.kernel)
  const total = builder.linear(node, sumGroupsMap(x, groups), '/sum')
  const scale = Float64Array.from({ length: groups.start.length - 1 }, (_, row) => {
    const covered = groups.start[row + 1]! - groups.start[row]!
    return 1 / (node.countIncludePad ? full : covered)
  })
  return builder.linear(node, diagonalMap(builder.source(total), scale))
}

export function reshape(builder: ProgramBuilder, node: GraphNode): number {
  const x = builder.variable(node, 0)
  return builder.linear(node, selectionMap(x, identity(x.size)))
}

export function movement(builder: ProgramBuilder, node: NodeOf<'Transpose' | 'Slice'>): number {
  const x = builder.variable(node, 0)
  return builder.linear(node, movementMap(x, builder.shapeOf(x), node, builder.info(node)))
}

export function concat(builder: ProgramBuilder, node: NodeOf<'Concat'>): number {
  return builder.linear(node, concatMap(builder.operands(node), node.axis, builder.info(node)))
}

/** Elements of the inputs by flat index. */
export function select(builder: ProgramBuilder, node: NodeOf<'Select'>): number {
  return builder.linear(node, pickMap(builder.operands(node), node.index, node.fill))
}

/** Weighted sums of the inputs' elements. */
export function combine(builder: ProgramBuilder, node: NodeOf<'Combine'>): number {
  return builder.linear(node, combinationMap(builder.operands(node), node.rows))
}

/** The terms of a bilinear operation as rows of pairs. */
function pairsOf(terms: Terms): PairRows {
  let count = 0
  let rows = 0
  terms(
    () => count++,
    () => rows++,
  )
  const [indexA, indexB] = [new Int32Array(count), new Int32Array(count)]
  const start = new Uint32Array(rows + 1)
  let [at, row] = [0, 0]
  terms(
    (a, b) => {
      indexA[at] = a
      indexB[at++] = b
    },
    () => (start[++row] = at),
  )
  return { indexA, indexB, start }
}
