// SPDX-License-Identifier: GPL-3.0-or-later

import type { GraphNode } from '../../onnx'
import { diagonalMap, MapBuilder } from '../linear-map'
import { broadcastIndex, scaleMap, sizeOf, sumMap } from '../linear-ops'
import { START_BITS } from '../start'
import type { NodeOf, ProgramBuilder } from './builder'

/** Mul, and Div by a constant: a map for one variable, a product for two. */
export function multiply(builder: ProgramBuilder, node: NodeOf<'Mul' | 'Div'>): number {
  const [a, b] = [builder.operand(node, 0), builder.operand(node, 1)]
  const output = builder.info(node)
  if (node.op === 'Div' && (output.kind !== 'float' || 'source' in b)) return quotient(builder, node)
  if ('source' in a && 'constant' in b)
    return builder.linear(node, scaleMap(a.source, a.info, b.constant, node.op === 'Div', output))
  if ('source' in b && 'constant' in a)
    return builder.linear(node, scaleMap(b.source, b.info, a.constant, false, output))
  const [left, right] = [builder.variable(node, 0), builder.variable(node, 1)]
  const indexA = broadcastIndex(a.info.shape, output.shape)
  const indexB = broadcastIndex(b.info.shape, output.shape)
  // Only two real numbers are rounded: a whole number adds no digits after the point.
  const whole = a.info.kind !== 'float' || b.info.kind !== 'float'
  return builder.product(node, '', left, right, { indexA, indexB, shape: output.shape }, whole)
}

/**
 * Division by a variable that is at least 0; a divisor below one unit counts as one unit. A whole quotient is rounded
 * down, and nothing is rounded before.
 */
function quotient(builder: ProgramBuilder, node: GraphNode): number {
  const [a, b] = [builder.operand(node, 0), builder.operand(node, 1)]
  const output = builder.info(node)
  const whole = output.kind !== 'float'
  const given = builder.anyTensor(node, 0, '/constant')
  const numerator = whole || 'constant' in a ? given : builder.rescale(node, '/numerator', given, 'identity')
  const denominator = builder.rescale(node, '/denominator', builder.anyTensor(node, 1, '/divisor'), 'positive')
  const of = broadcastIndex(a.info.shape, output.shape)
  const by = broadcastIndex(b.info.shape, output.shape)
  const rounding = whole ? 'floor' : 'nearest'
  return builder.emit(node, '', (base) => ({ ...base, kind: 'divide', rounding, numerator, denominator, of, by }))
}

export function relu(builder: ProgramBuilder, node: GraphNode): number {
  return builder.rescale(node, '', builder.variable(node, 0).tensor, 'relu')
}

/** αx + (1−α)·max(x, 0): the sign comes out of the same decomposition that rounds x. */
export function leakyRelu(builder: ProgramBuilder, node: NodeOf<'LeakyRelu'>): number {
  const { rounded, positive } = builder.split(node, '/split', builder.variable(node, 0).tensor)
  const size = sizeOf(builder.info(node).shape)
  const map = new MapBuilder([builder.source(rounded), builder.source(positive)], size)
  for (let i = 0; i < size; i++) {
    map.term(i, node.alpha)
    map.term(size + i, 1 - node.alpha)
    map.endRow()
  }
  return builder.linear(node, map.finish())
}

/** Ranges of more bits are clamped at each end. */
const MOST_SPAN_BITS = 32

/** min(max(x, lo), hi) = lo + u − max(u − (hi − lo), 0) with u = max(x − lo, 0). */
export function clip(builder: ProgramBuilder, node: NodeOf<'Clip'>): number {
  const x = builder.variable(node, 0)
  const { min, max } = node
  const affine = (source: number, scale: number, shift: number, suffix: string) => {
    const { size } = builder.source(source)
    const [scales, shifts] = [new Float64Array(size).fill(scale), new Float64Array(size).fill(shift)]
    return builder.linear(node, diagonalMap({ tensor: source, size }, scales, shifts), suffix)
  }
  if (min === undefined && max === undefined) return affine(x.tensor, 1, 0, '')
  const bits = builder.info(node).kind === 'int' ? Math.log2((max ?? Infinity) - (min ?? -Infinity) + 1) : Infinity
  if (min !== undefined && bits >= 1 && bits <= MOST_SPAN_BITS && Number.isInteger(bits)) {
    // All numbers of so many bits, as the range of an integer type is: one decomposition instead of two.
    const span = { lo: 0, bits }
    const clamped = builder.rescale(node, '/clamped', affine(x.tensor, 1, -min, '/shifted'), 'identity', { span })
    return affine(clamped, 1, min, '')
  }
  if (min === undefined) {
    const below = builder.rescale(node, '/below', affine(x.tensor, -1, max!, '/reversed'), 'relu')
    return affine(below, -1, max!, '')
  }
  const above = builder.rescale(node, '/above', affine(x.tensor, 1, -min, '/shifted'), 'relu')
  if (max === undefined) return affine(above, 1, min, '')
  const excess = builder.rescale(node, '/excess', affine(above, 1, min - max, '/overshoot'), 'relu')
  const info = builder.info(node)
  const difference = builder.linear(
    node,
    sumMap({ source: builder.source(above), info }, { source: builder.source(excess), info }, -1, info),
    '/difference',
  )
  return affine(difference, 1, min, '')
}

/** A smooth function by a table. */
export function smooth(builder: ProgramBuilder, node: NodeOf<'Function'>): number {
  return builder.table(node, '', builder.variable(node, 0).tensor, node.fn)
}

export function compare(builder: ProgramBuilder, node: NodeOf<'Compare'>): number {
  const { relation } = node
  const source = builder.variable(node, 0).tensor
  return builder.emit(node, '', (base) => ({ ...base, kind: 'compare', relation, source }))
}

export function round(builder: ProgramBuilder, node: NodeOf<'Round'>): number {
  const { mode } = node
  const source = builder.variable(node, 0).tensor
  return builder.emit(node, '', (base) => ({ ...base, kind: 'round', mode, source }))
}

/** Real numbers are rounded; whole ones are only clamped. */
export function settle(builder: ProgramBuilder, node: NodeOf<'Settle'>): number {
  const { bound } = node
  return builder.rescale(node, '', builder.variable(node, 0).tensor, 'identity', bound === undefined ? {} : { bound })
}

/** √max(x, 0). A root has half the bits of its argument. */
export function squareRoot(builder: ProgramBuilder, node: GraphNode): number {
  const startBits = 2 * START_BITS
  const source = builder.rescale(node, '/argument', builder.variable(node, 0).tensor, 'relu', { startBits })
  return builder.emit(node, '', (base) => ({ ...base, kind: 'squareRoot', source }))
}

export function bitwiseAnd(builder: ProgramBuilder, node: GraphNode): number {
  const [a, b] = [builder.anyTensor(node, 0, '/a'), builder.anyTensor(node, 1, '/b')]
  const { shape } = builder.info(node)
  const [indexA, indexB] = [0, 1].map((i) => broadcastIndex(builder.operand(node, i).info.shape, shape))
  return builder.emit(node, '', (base) => ({ ...base, kind: 'bitwise', a, b, indexA: indexA!, indexB: indexB! }))
}
