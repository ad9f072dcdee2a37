// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt, stridesOf } from '../shape'
import {
  constantTuples,
  pick,
  positiveIndices,
  requireIndices,
  requireWithin,
  selectors,
  tupleSelectors,
} from './indexing'
import type { Operand } from '../tensor'

/** Gather: slices along one axis, picked by index. Variable indices are made one-hot and multiplied with the data. */
export const gather: Rule = (scope) => {
  scope.arity(2)
  const [x, indices] = operands(scope)
  const axis = scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const size = sizeAt(x.shape, axis)
  const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)]
  const shape = [...outer, ...indices.shape, ...inner]
  const [before, count, after] = [outer, indices.shape, inner].map(elementCount) as [number, number, number]
  const algebra = new Algebra(scope)
  if (indices.data !== undefined) {
    const positions = positiveIndices(scope, { ...indices, data: indices.data }, size)
    const picked = pick(scope, [x], [before, count, after], ([o, i, k]) => (o! * size + positions[i!]!) * after + k!)
    return algebra.reshape(picked, shape)
  }
  const chosen = algebra.reshape(selectors(algebra, indices, size), [count, size])
  return algebra.reshape(algebra.matMul(chosen, algebra.reshape(x, [before, size, after])), shape)
}

/** GatherElements: for every position of the indices one element, whose place along one axis is the index. */
export const gatherElements: Rule = (scope) => {
  scope.arity(2)
  const [x, indices] = operands(scope)
  const axis = scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const size = sizeAt(x.shape, axis)
  requireWithin(scope, indices, x, axis)
  const strides = stridesOf(x.shape)
  const at = (position: readonly number[], place: number) =>
    strides.reduce((sum, stride, d) => sum + stride * (d === axis ? place : position[d]!), 0)
  if (indices.data !== undefined) {
    const positions = positiveIndices(scope, { ...indices, data: indices.data }, size)
    return pick(scope, [x], indices.shape, (position, i) => at(position, positions[i]!))
  }
  const algebra = new Algebra(scope)
  const last = indices.shape.length
  const lines = pick(scope, [x], [...indices.shape, size], (position) => at(position, position[last]!))
  return algebra.reshape(algebra.sum(algebra.mul(selectors(algebra, indices, size), lines), [last]), indices.shape)
}

/** GatherND: slices picked by indices of several axes at once. */
export const gatherNd: Rule = (scope) => {
  scope.arity(2)
  const [x, indices] = operands(scope)
  const batched = scope.opset >= 12 ? scope.attributes.int('batch_dims', 0) : 0
  const depth = indices.shape.at(-1) ?? 0
  if (!(batched >= 0 && batched < Math.min(x.shape.length, indices.shape.length)))
    throw scope.invalid(`batch_dims is ${batched}`)
  if (depth < 1 || batched + depth > x.shape.length)
    throw scope.misfit(`indices ${formatShape(indices.shape)} do not index ${formatShape(x.shape)}`)
  const batch = x.shape.slice(0, batched)
  if (batch.some((size, axis) => size !== indices.shape[axis]))
    throw scope.misfit(`${formatShape(x.shape)} and ${formatShape(indices.shape)} differ in their batch axes`)
  const sizes = x.shape.slice(batched, batched + depth)
  const rest = x.shape.slice(batched + depth)
  const shape = [...indices.shape.slice(0, -1), ...rest]
  const [batches, rows, inner] = [batch, sizes, rest].map(elementCount) as [number, number, number]
  const tuples = elementCount(indices.shape.slice(batched, -1))
  const algebra = new Algebra(scope)
  if (indices.data !== undefined) {
    const numbers = constantTuples(scope, { ...indices, data: indices.data }, sizes)
    const from = ([b, t, k]: readonly number[]) => (b! * rows + numbers[b! * tuples + t!]!) * inner + k!
    return algebra.reshape(pick(scope, [x], [batches, tuples, inner], from), shape)
  }
  const flat = algebra.reshape(indices, [batches, tuples, depth])
  const chosen = tupleSelectors(algebra, flat, sizes)
  return algebra.reshape(algebra.matMul(chosen, algebra.reshape(x, [batches, rows, inner])), shape)
}

function operands(scope: NodeScope): readonly [Operand, Operand] {
  const [x, indices] = [scope.input(0), scope.input(1)]
  requireIndices(scope, indices)
  if (x.shape.length === 0) throw scope.misfit('the data is a scalar')
  return [x, indices]
}
