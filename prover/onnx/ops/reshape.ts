// SPDX-License-Identifier: GPL-3.0-or-later
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'

/** Reshape with 0 (copy the size, unless allowzero) and -1 (infer the size). */
export const reshape: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const target = scope.ints(1, 'the target shape') ?? []
  const allowZero = scope.opset >= 14 && scope.attributes.flag('allowzero', false)
  if (target.some((size) => size < -1)) throw scope.invalid(`target shape ${formatShape(target)} is negative`)
  const copied = target.map((size, axis) => {
    if (size !== 0 || allowZero) return size
    const own = x.shape[axis]
    if (own === undefined)
      throw scope.misfit(`target shape ${formatShape(target)} copies axis ${axis}, which is missing`)
    return own
  })
  const total = elementCount(x.shape)
  const known = elementCount(copied.filter((size) => size !== -1))
  const inferred = copied.filter((size) => size === -1).length
  if (inferred > 1) throw scope.invalid(`target shape ${formatShape(target)} has more than one -1`)
  const shape = copied.map((size) => (size === -1 ? (known === 0 ? 0 : total / known) : size))
  if (elementCount(shape) !== total || shape.some((size) => !Number.isInteger(size))) {
    throw scope.misfit(`${formatShape(x.shape)} has ${total} elements and cannot become ${formatShape(target)}`)
  }
  return moved(x, shape)
}

/** Flatten into a matrix. */
export const flatten: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  const rank = x.shape.length
  const declared = scope.attributes.int('axis', 1)
  const axis = declared === rank ? rank : rank === 0 && declared === 1 ? 0 : scope.axis(declared, rank)
  return moved(x, [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))])
}

/** Squeeze: axes are an attribute before opset 13 and an input from then on; without axes every 1 goes. */
export const squeeze: Rule = (scope) => {
  const x = scope.input(0)
  const declared = readAxes(scope)
  const ones = x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []))
  const axes = declared === undefined ? ones : scope.axes(declared, x.shape.length)
  const long = axes.find((axis) => sizeAt(x.shape, axis) !== 1)
  if (long !== undefined) throw scope.misfit(`axis ${long} of ${formatShape(x.shape)} is not 1 and cannot be squeezed`)
  return moved(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  )
}

/** Unsqueeze: axes are positions in the output. */
export const unsqueeze: Rule = (scope) => {
  const x = scope.input(0)
  const declared = readAxes(scope)
  if (declared === undefined) throw scope.invalid('axes are missing')
  const axes = scope.axes(declared, x.shape.length + declared.length)
  const shape = [...x.shape]
  for (const axis of axes) shape.splice(axis, 0, 1)
  return moved(x, shape)
}

/** Identity. */
export const identity: Rule = (scope) => {
  scope.arity(1)
  return moved(scope.input(0), scope.input(0).shape)
}

/** Dropout that drops nothing: in inference mode, or at a ratio of 0. The mask is true throughout. */
export const dropout: Rule = (scope) => {
  scope.arity(1, scope.opset < 12 ? 1 : 3)
  scope.attributes.ignore(scope.opset < 12 ? 'ratio' : 'seed')
  const x = scope.input(0)
  const passed = moved(x, x.shape)
  if (scope.opset < 12) {
    scope.singleOutput('before opset 12 the mask of Dropout means nothing in inference mode; export the model again')
    return passed
  }
  const ratio = scope.scalar(1, 'the ratio') ?? 0.5
  if ((scope.scalar(2, 'training_mode') ?? 0) !== 0 && ratio !== 0)
    throw scope.unsupported(`training_mode is true and drops elements at random; export the model in evaluation mode`)
  if (!scope.uses(1)) return passed
  return [passed, { data: scope.allocate(x.shape).fill(1), shape: x.shape, elementType: 'bool' }]
}

function readAxes(scope: NodeScope): readonly number[] | undefined {
  scope.arity(1, scope.opset < 13 ? 1 : 2)
  return scope.opset < 13 ? scope.attributes.ints('axes') : scope.ints(1, 'axes')
}

function moved(x: Operand, shape: readonly number[]): Lowered {
  return { operation: { op: 'Reshape' }, inputs: [x], shape, elementType: x.elementType }
}
