// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { broadcast, broadcastStrides, elementCount, formatShape, sizeAt, stridesOf } from '../shape'
import { pick } from './indexing'

/** Expand: numpy broadcasting with a constant shape. */
export const expand: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const target = scope.ints(1, 'the shape') ?? []
  if (target.some((size) => size < 0)) throw scope.invalid(`the shape ${formatShape(target)} is negative`)
  const shape = broadcast(x.shape, target)
  if (shape === undefined) throw scope.misfit(`${formatShape(x.shape)} does not expand to ${formatShape(target)}`)
  const strides = broadcastStrides(x.shape, shape)
  return pick(scope, [x], shape, (position) => position.reduce((sum, at, axis) => sum + at * sizeAt(strides, axis), 0))
}

/** Tile: the tensor repeated along its axes. */
export const tile: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const repeats = scope.ints(1, 'the repeats') ?? []
  if (repeats.length !== x.shape.length || repeats.some((count) => count < 0))
    throw scope.invalid(`the repeats ${formatShape(repeats)} do not fit ${formatShape(x.shape)}`)
  const shape = x.shape.map((size, axis) => size * sizeAt(repeats, axis))
  const strides = stridesOf(x.shape)
  return pick(scope, [x], shape, (position) =>
    position.reduce((sum, at, axis) => sum + (at % sizeAt(x.shape, axis)) * sizeAt(strides, axis), 0),
  )
}

/**
 * Split along an axis. The sizes are an attribute before opset 13 and a constant input from then on; without them the
 * parts are equal, but that from opset 18 the last may be smaller.
 */
export const split: Rule = (scope) => {
  scope.arity(1, scope.opset < 13 ? 1 : 2)
  const x = scope.input(0)
  const axis = scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const size = sizeAt(x.shape, axis)
  const sizes = readSizes(scope, size)
  const total = sizes.reduce((sum, part) => sum + part, 0)
  if (sizes.length !== scope.outputCount || total !== size || sizes.some((part) => part < 0))
    throw scope.misfit(
      `an axis of size ${size} and ${scope.outputCount} outputs do not split into ${formatShape(sizes)}`,
    )
  let start = 0
  return sizes.map((part): Lowered => {
    const starts = x.shape.map((_, at) => (at === axis ? start : 0))
    start += part
    return {
      operation: { op: 'Slice', starts, steps: x.shape.map(() => 1) },
      inputs: [x],
      shape: x.shape.map((own, at) => (at === axis ? part : own)),
      elementType: x.elementType,
    }
  })
}

function readSizes(scope: NodeScope, size: number): readonly number[] {
  const given = scope.opset < 13 ? scope.attributes.ints('split') : scope.ints(1, 'the sizes')
  const counted = scope.opset >= 18 && scope.attributes.has('num_outputs')
  const count = counted ? scope.attributes.int('num_outputs', 0) : scope.outputCount
  if (given !== undefined) {
    if (counted) throw scope.invalid('it has both sizes and num_outputs')
    return given
  }
  if (count !== scope.outputCount)
    throw scope.invalid(`num_outputs is ${count}, but it has ${scope.outputCount} outputs`)
  const part = Math.ceil(size / count)
  if (scope.opset < 18 && part * count !== size) throw scope.misfit(`${size} does not split into ${count} equal parts`)
  return Array.from({ length: count }, (_, i) => Math.min(part, size - i * part))
}

/** Trilu: one triangle of the last two axes; 0 elsewhere. */
export const trilu: Rule = (scope) => {
  scope.arity(1, 2)
  const x = scope.input(0)
  const rank = x.shape.length
  if (rank < 2) throw scope.misfit(`${formatShape(x.shape)} is no matrix`)
  const upper = scope.attributes.flag('upper', true)
  const k = scope.scalar(1, 'k') ?? 0
  return pick(scope, [x], x.shape, (position, i) => {
    const above = position[rank - 1]! - position[rank - 2]! - k
    return (upper ? above >= 0 : above <= 0) ? i : -1
  })
}

/** DepthToSpace: blocks of channels become blocks of the plane. */
export const depthToSpace: Rule = (scope) => {
  const { algebra, x, block, batch, channels, height, width } = planes(scope)
  const mode = scope.opset >= 11 ? scope.attributes.text('mode', 'DCR') : 'DCR'
  if (mode !== 'DCR' && mode !== 'CRD') throw scope.invalid(`mode is ${JSON.stringify(mode)}`)
  const left = channels / block ** 2
  if (!Number.isInteger(left)) throw scope.misfit(`${channels} channels are no blocks of ${block}²`)
  const [split, perm] =
    mode === 'DCR'
      ? [
          [batch, block, block, left, height, width],
          [0, 3, 4, 1, 5, 2],
        ]
      : [
          [batch, left, block, block, height, width],
          [0, 1, 4, 2, 5, 3],
        ]
  const moved = algebra.transpose(algebra.reshape(x, split), perm)
  return algebra.reshape(moved, [batch, left, height * block, width * block])
}

/** SpaceToDepth: blocks of the plane become channels. */
export const spaceToDepth: Rule = (scope) => {
  const { algebra, x, block, batch, channels, height, width } = planes(scope)
  const [rows, columns] = [height / block, width / block]
  if (!Number.isInteger(rows) || !Number.isInteger(columns))
    throw scope.misfit(`a plane of ${height} by ${width} has no blocks of ${block}`)
  const split = algebra.reshape(x, [batch, channels, rows, block, columns, block])
  const moved = algebra.transpose(split, [0, 3, 5, 1, 2, 4])
  return algebra.reshape(moved, [batch, channels * block ** 2, rows, columns])
}

function planes(scope: NodeScope) {
  scope.arity(1)
  const x = scope.input(0)
  const [batch, channels, height, width] = x.shape
  if (x.shape.length !== 4) throw scope.misfit(`${formatShape(x.shape)} is not [N,C,H,W]`)
  if (!scope.attributes.has('blocksize')) throw scope.invalid('attribute "blocksize" is missing')
  const block = scope.attributes.int('blocksize', 0)
  if (block < 1) throw scope.invalid(`blocksize is ${block}`)
  return { algebra: new Algebra(scope), x, block, batch: batch!, channels: channels!, height: height!, width: width! }
}

/** Compress: the slices along an axis, or the elements, where a constant condition holds. */
export const compress: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const condition = scope.constant(1, 'the shape of the result depends on the condition')
  if (condition.kind !== 'bool' || condition.shape.length !== 1)
    throw scope.invalid(`the condition is ${condition.elementType} ${formatShape(condition.shape)}`)
  const kept = Array.from(condition.data.keys()).filter((at) => condition.data[at] !== 0)
  const flat = !scope.attributes.has('axis')
  const axis = flat ? 0 : scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const from = flat ? [elementCount(x.shape)] : x.shape
  if (condition.data.length > sizeAt(from, axis))
    throw scope.misfit(`${condition.data.length} conditions for an axis of size ${sizeAt(from, axis)}`)
  const strides = stridesOf(from)
  const shape = from.map((size, at) => (at === axis ? kept.length : size))
  return pick(scope, [x], shape, (position) =>
    position.reduce((sum, at, d) => sum + sizeAt(strides, d) * (d === axis ? kept[at]! : at), 0),
  )
}

/** ReverseSequence: along the time axis, the first elements of each sequence in reverse; lengths are constant. */
export const reverseSequence: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const rank = x.shape.length
  const lengths = scope.ints(1, 'the lengths') ?? []
  const batch = scope.axis(scope.attributes.int('batch_axis', 1), rank)
  const time = scope.axis(scope.attributes.int('time_axis', 0), rank)
  if (rank < 2 || batch + time !== 1) throw scope.invalid('batch_axis and time_axis must be 0 and 1')
  const size = sizeAt(x.shape, time)
  if (lengths.length !== sizeAt(x.shape, batch) || lengths.some((length) => length < 0 || length > size))
    throw scope.misfit(`lengths ${formatShape(lengths)} do not fit ${formatShape(x.shape)}`)
  const stride = sizeAt(stridesOf(x.shape), time)
  return pick(scope, [x], x.shape, (position, i) => {
    const [at, length] = [position[time]!, lengths[position[batch]!]!]
    return at < length ? i + (length - 1 - 2 * at) * stride : i
  })
}
