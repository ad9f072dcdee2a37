// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { ELEMENT_TYPES } from '../element-type'
import type { NodeScope } from '../node-scope'
import { checkSize, elementCount, formatShape, sizeAt } from '../shape'
import type { ConstantOperand, Operand } from '../tensor'

/**
 * Visits every position of a shape in row-major order.
 *
 * @param visit Called with the position, which is changed afterwards, and the running index.
 */
export function eachPosition(
  shape: readonly number[],
  visit: (position: readonly number[], index: number) => void,
): void {
  const position = shape.map(() => 0)
  const total = elementCount(shape)
  for (let index = 0; index < total; index++) {
    visit(position, index)
    let axis = shape.length - 1
    while (axis >= 0 && ++position[axis]! === shape[axis]) position[axis--] = 0
  }
}

/**
 * A tensor made of elements of others, which costs nothing.
 *
 * @param from The flat index, in the concatenated inputs, of the element at a position; −1 is `fill`.
 */
export function pick(
  scope: NodeScope,
  inputs: readonly Operand[],
  shape: readonly number[],
  from: (position: readonly number[], index: number) => number,
  fill = 0,
): Operand {
  checkSize(`the result of node "${scope.node.name}"`, shape)
  const index = new Int32Array(elementCount(shape))
  eachPosition(shape, (position, i) => (index[i] = from(position, i)))
  return new Algebra(scope).select(inputs, index, shape, fill)
}

/** Refuses indices that are no integers. */
export function requireIndices(scope: NodeScope, indices: Operand): void {
  if (indices.kind !== 'int') throw scope.invalid(`indices are ${indices.elementType}`)
}

/** Indices of elements may cover a part of the data on every axis but the one they index. */
export function requireWithin(scope: NodeScope, indices: Operand, x: Operand, axis: number): void {
  const fits =
    indices.shape.length === x.shape.length &&
    indices.shape.every((size, d) => d === axis || size <= sizeAt(x.shape, d))
  if (!fits) throw scope.misfit(`indices ${formatShape(indices.shape)} do not fit ${formatShape(x.shape)}`)
}

/**
 * Makes constant indices into an axis positive.
 *
 * @throws {OnnxInvalidNodeError} When one is outside.
 */
export function positiveIndices(scope: NodeScope, indices: ConstantOperand, size: number): Float64Array {
  return indices.data.map((index) => {
    const positive = index < 0 ? index + size : index
    if (positive >= 0 && positive < size) return positive
    throw scope.invalid(`index ${index} is outside an axis of size ${size}`)
  })
}

/**
 * One-hot form of variable indices into an axis: a new last axis of its size. Negative indices count from the end; an index
 * outside has no 1.
 */
export function selectors(algebra: Algebra, indices: Operand, size: number): Operand {
  if (ELEMENT_TYPES[indices.elementType].min >= 0) return algebra.oneHot(indices, size)
  // Moved up by the size, k and k + size are the same element.
  const both = algebra.oneHot(algebra.shift(algebra.as(indices, 'int64'), size), 2 * size)
  const rows = elementCount(indices.shape) * size
  const column = new Uint32Array(2 * rows)
  for (let row = 0; row < rows; row++) {
    const first = row + Math.floor(row / size) * size
    column.set([first, first + size], 2 * row)
  }
  const start = Uint32Array.from({ length: rows + 1 }, (_, row) => 2 * row)
  return algebra.groupSum([both], { start, column }, [...indices.shape, size])
}

/**
 * Indices of several axes at once, as GatherND and ScatterND have them in their last axis: their number among all positions
 * of these axes.
 *
 * @param sizes Sizes of the axes.
 */
export function constantTuples(
  scope: NodeScope,
  indices: ConstantOperand,
  sizes: readonly number[],
): readonly number[] {
  const { length } = sizes
  return Array.from({ length: indices.data.length / length }, (_, tuple) => {
    const part = { ...indices, data: indices.data.subarray(tuple * length, (tuple + 1) * length) }
    return sizes.reduce((number, size, at) => {
      const own = { ...part, data: part.data.subarray(at, at + 1) }
      return number * size + positiveIndices(scope, own, size)[0]!
    }, 0)
  })
}

/**
 * One-hot form of variable indices of several axes: all axes but the last, then one of all positions.
 *
 * @param sizes Sizes of the axes.
 */
export function tupleSelectors(algebra: Algebra, indices: Operand, sizes: readonly number[]): Operand {
  const outer = indices.shape.slice(0, -1)
  const last = outer.length
  const parts = sizes.map((size, at) => {
    const component = algebra.reshape(algebra.slice(indices, last, at, at + 1), outer)
    return selectors(algebra, component, size)
  })
  return parts.reduce((left, right) => {
    const [a, b] = [sizeAt(left.shape, last), sizeAt(right.shape, last)]
    const pairs = algebra.and(algebra.reshape(left, [...outer, a, 1]), algebra.reshape(right, [...outer, 1, b]))
    return algebra.reshape(pairs, [...outer, a * b])
  })
}
