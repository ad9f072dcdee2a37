// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { checkSize, elementCount, formatShape, sizeAt, stridesOf } from '../shape'
import type { Operand } from '../tensor'
import {
  constantTuples,
  eachPosition,
  pick,
  positiveIndices,
  requireIndices,
  requireWithin,
  selectors,
  tupleSelectors,
} from './indexing'

type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min'

/** Updates with the selectors of where they go, both of shapes that broadcast to that of the data. */
type Slot = { readonly selector: Operand; readonly update: Operand }

/** Scatter, as ScatterElements is called in opsets 9 and 10. */
export const scatter: Rule = (scope) => {
  if (scope.opset < 9 || scope.opset > 10)
    throw scope.invalid(`opset ${scope.opset} has no Scatter; use ScatterElements of opset 11 or later`)
  return scatterElements(scope)
}

/** ScatterElements: for every position of the indices an update of one element, whose place along one axis is the index. */
export const scatterElements: Rule = (scope) => {
  const { x, indices, updates, reduction } = operands(scope)
  const axis = scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const size = sizeAt(x.shape, axis)
  requireWithin(scope, indices, x, axis)
  if (updates.shape.join() !== indices.shape.join())
    throw scope.misfit(`updates ${formatShape(updates.shape)} are not of the shape ${formatShape(indices.shape)}`)
  if (indices.data !== undefined) {
    const positions = positiveIndices(scope, { ...indices, data: indices.data }, size)
    const strides = stridesOf(x.shape)
    const target = new Int32Array(positions.length)
    eachPosition(indices.shape, (position, i) => {
      target[i] = strides.reduce((sum, stride, d) => sum + stride * (d === axis ? positions[i]! : position[d]!), 0)
    })
    return scatterAt(scope, x, updates, target, reduction)
  }
  const algebra = new Algebra(scope)
  checkReach(scope, x, sizeAt(indices.shape, axis))
  const chosen = selectors(algebra, indices, size)
  const strides = stridesOf(indices.shape)
  const slots = Array.from({ length: sizeAt(indices.shape, axis) }, (_, slot): Slot => {
    // The update of number `slot` in the line of an element, or −1 where the line has none.
    const source = (position: readonly number[]) =>
      position.some((at, d) => d !== axis && at >= sizeAt(indices.shape, d))
        ? -1
        : strides.reduce((sum, stride, d) => sum + stride * (d === axis ? slot : position[d]!), 0)
    const selector = pick(scope, [chosen], x.shape, (position) => {
      const from = source(position)
      return from < 0 ? -1 : from * size + position[axis]!
    })
    return { selector, update: pick(scope, [updates], x.shape, source) }
  })
  return scatterSlots(algebra, x, slots, reduction)
}

/** ScatterND: updates of slices, picked by indices of several axes at once. */
export const scatterNd: Rule = (scope) => {
  const { x, indices, updates, reduction } = operands(scope)
  const depth = indices.shape.at(-1) ?? 0
  if (depth < 1 || depth > x.shape.length)
    throw scope.misfit(`indices ${formatShape(indices.shape)} do not index ${formatShape(x.shape)}`)
  const expected = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)]
  if (updates.shape.join() !== expected.join())
    throw scope.misfit(`updates are ${formatShape(updates.shape)} where ${formatShape(expected)} is expected`)
  const sizes = x.shape.slice(0, depth)
  const [rows, inner] = [elementCount(sizes), elementCount(x.shape.slice(depth))]
  const tuples = elementCount(indices.shape.slice(0, -1))
  if (indices.data !== undefined) {
    const numbers = constantTuples(scope, { ...indices, data: indices.data }, sizes)
    const target = Int32Array.from({ length: tuples * inner }, (_, i) => {
      return numbers[Math.floor(i / inner)]! * inner + (i % inner)
    })
    return scatterAt(scope, x, updates, target, reduction)
  }
  const algebra = new Algebra(scope)
  checkReach(scope, x, tuples)
  const chosen = tupleSelectors(algebra, algebra.reshape(indices, [tuples, depth]), sizes)
  const flat = algebra.reshape(updates, [tuples, inner])
  const slots = Array.from({ length: tuples }, (_, slot): Slot => ({
    selector: algebra.reshape(algebra.slice(chosen, 0, slot, slot + 1), [rows, 1]),
    update: algebra.slice(flat, 0, slot, slot + 1),
  }))
  return algebra.reshape(scatterSlots(algebra, algebra.reshape(x, [rows, inner]), slots, reduction), x.shape)
}

function operands(scope: NodeScope) {
  scope.arity(3)
  const [x, indices, updates] = [scope.input(0), scope.input(1), scope.input(2)]
  requireIndices(scope, indices)
  scope.requireSameType([x, updates])
  if (x.shape.length === 0) throw scope.misfit('the data is a scalar')
  return { x, indices, updates, reduction: readReduction(scope, x) }
}

/** Any update at a variable index may reach any element. */
function checkReach(scope: NodeScope, x: Operand, updates: number): void {
  checkSize(`scattering ${updates} updates by node "${scope.node.name}"`, [updates, elementCount(x.shape)])
}

function readReduction(scope: NodeScope, x: Operand): Reduction {
  const reduction = scope.opset >= 16 ? scope.attributes.text('reduction', 'none') : 'none'
  const known: readonly Reduction[] = scope.opset >= 18 ? ['none', 'add', 'mul', 'max', 'min'] : ['none', 'add', 'mul']
  const found = known.find((name) => name === reduction)
  if (found === undefined)
    throw scope.invalid(`reduction is ${JSON.stringify(reduction)} where ${known.join(', ')} exist`)
  if (found !== 'none') scope.requireNumber(x)
  return found
}

/** Updates of elements that are known: element target[i] by update i. Of several updates in the mode none the last counts. */
function scatterAt(scope: NodeScope, x: Operand, updates: Operand, target: Int32Array, reduction: Reduction): Operand {
  const algebra = new Algebra(scope)
  const size = elementCount(x.shape)
  const lists = Array.from({ length: size }, (_, element) => [element])
  target.forEach((element, i) => lists[element]!.push(size + i))
  if (reduction === 'none') return pick(scope, [x, updates], x.shape, (_, i) => lists[i]!.at(-1)!)
  if (reduction === 'mul') return multiplyAt(scope, x, updates, lists)
  const column = Uint32Array.from(lists.flat())
  const start = new Uint32Array(size + 1)
  lists.forEach((list, i) => (start[i + 1] = start[i]! + list.length))
  if (reduction === 'add') return algebra.groupSum([x, updates], { start, column }, x.shape)
  if (reduction === 'max') return algebra.groupMax([x, updates], { start, column }, x.shape)
  return algebra.groupMin([x, updates], { start, column }, x.shape)
}

/** Every round multiplies the elements that have another update with it. */
function multiplyAt(scope: NodeScope, x: Operand, updates: Operand, lists: readonly (readonly number[])[]): Operand {
  const size = lists.length
  let result = x
  for (let round = 1; lists.some((list) => list.length > round); round++) {
    const touched = lists.flatMap((list, element) => (list.length > round ? [element] : []))
    const factors = pick(scope, [updates], [touched.length], (_, i) => lists[touched[i]!]![round]! - size)
    const products = new Algebra(scope).mul(
      pick(scope, [result], [touched.length], (_, i) => touched[i]!),
      factors,
    )
    const at = new Map(touched.map((element, i) => [element, size + i]))
    result = pick(scope, [result, products], x.shape, (_, element) => at.get(element) ?? element)
  }
  return result
}

/** Updates of elements that only selectors know. */
function scatterSlots(algebra: Algebra, x: Operand, slots: readonly Slot[], reduction: Reduction): Operand {
  if (reduction === 'none') return overwrite(algebra, x, slots)
  if (reduction === 'add')
    return slots.reduce((sum, { selector, update }) => algebra.add(sum, algebra.mul(selector, update)), x)
  if (reduction === 'mul') {
    const one = algebra.number(1, x)
    return slots.reduce(
      (product, { selector, update }) => algebra.mul(product, algebra.where(selector, update, one)),
      x,
    )
  }
  const candidates = slots.map(({ selector, update }) => algebra.where(selector, update, x))
  return reduction === 'max' ? algebra.max(x, ...candidates) : algebra.min(x, ...candidates)
}

/** From the last update to the first, each reaches what none after it has reached; the data what none has. */
function overwrite(algebra: Algebra, x: Operand, slots: readonly Slot[]): Operand {
  let free: Operand | undefined
  const parts = [...slots].reverse().map(({ selector, update }) => {
    const reached = free === undefined ? selector : algebra.and(selector, free)
    free = free === undefined ? algebra.not(selector) : algebra.and(free, algebra.not(selector))
    return algebra.mul(reached, update)
  })
  const kept = free === undefined ? x : algebra.mul(free, x)
  return parts.reduce((sum, part) => algebra.add(sum, part), kept)
}
