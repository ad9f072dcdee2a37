// SPDX-License-Identifier: GPL-3.0-or-later
import type { ElementType } from '../element-type'
import { OnnxNotFiniteError } from '../errors'
import { mapElements } from '../fold'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { checkSize, elementCount, formatShape, sizeAt } from '../shape'
import { decodeTensor } from '../tensor'

/** Constant, in every form but text and sparse tensors. */
export const constant: Rule = (scope) => {
  scope.arity(0)
  const { attributes } = scope
  for (const name of ['value_string', 'value_strings', 'sparse_value']) {
    attributes.refuse(name, 'only dense numbers are supported; use "value"')
  }
  const tensor = attributes.tensor('value')
  if (tensor !== undefined) return decodeTensor(`value of ${scope.node.name}`, tensor)
  if (attributes.has('value_float')) return listOf([attributes.float('value_float', 0)], [], 'float32')
  if (attributes.has('value_int')) return listOf([attributes.int('value_int', 0)], [], 'int64')
  const floats = attributes.floats('value_floats')
  if (floats !== undefined) return listOf(floats, [floats.length], 'float32')
  const ints = attributes.ints('value_ints')
  if (ints !== undefined) return listOf(ints, [ints.length], 'int64')
  throw scope.invalid('attribute "value" is missing')
}

/** ConstantOfShape: one value repeated; float 0 by default. */
export const constantOfShape: Rule = (scope) => {
  scope.arity(1)
  const shape = scope.ints(0, 'the shape') ?? []
  if (shape.some((size) => size < 0)) throw scope.invalid(`the shape ${formatShape(shape)} is negative`)
  const tensor = scope.attributes.tensor('value')
  const value = tensor === undefined ? undefined : decodeTensor(`value of ${scope.node.name}`, tensor)
  if (value !== undefined && value.data.length !== 1) throw scope.invalid('"value" must have one element')
  checkSize(`the result of node "${scope.node.name}"`, shape)
  const data = scope.allocate(shape).fill(value?.data[0] ?? 0)
  return { data, shape, elementType: value?.elementType ?? 'float32' }
}

/** Shape of a tensor; all shapes are known, so this is a constant. From opset 15 a part of it. */
export const shapeOf: Rule = (scope) => {
  scope.arity(1)
  const { shape } = scope.input(0)
  const bounds = scope.opset < 15 ? [] : [scope.attributes.int('start', 0), scope.attributes.int('end', shape.length)]
  const part = shape.slice(...bounds)
  return listOf(part, [part.length], 'int64')
}

/** Size: the number of elements. */
export const sizeOf: Rule = (scope) => {
  scope.arity(1)
  return listOf([elementCount(scope.input(0).shape)], [], 'int64')
}

/** Sqrt of a constant, which IEEE 754 rounds exactly. */
export const sqrt: Rule = (scope) => {
  scope.arity(1)
  const x = scope.constant(0, 'Sqrt is only supported on constants')
  scope.requireFloat(x)
  const data = mapElements(scope, x, x.elementType, Math.sqrt)
  return { data, shape: x.shape, elementType: x.elementType }
}

/** Gather from a constant with constant indices, as shape arithmetic does. */
export const gather: Rule = (scope) => {
  scope.arity(2)
  const source = scope.constant(0, 'Gather is only supported on constants; use Slice on variables')
  const indices = scope.constant(1, 'indices must be constant')
  if (indices.kind !== 'int') throw scope.invalid(`indices are ${indices.elementType}`)
  const axis = scope.axis(scope.attributes.int('axis', 0), source.shape.length)
  const size = sizeAt(source.shape, axis)
  const positions = Array.from(indices.data, (index) => (index < 0 ? index + size : index))
  const outside = positions.findIndex((position) => !(position >= 0 && position < size))
  if (outside >= 0) throw scope.invalid(`index ${indices.data[outside]} is outside axis ${axis} of size ${size}`)
  const shape = [...source.shape.slice(0, axis), ...indices.shape, ...source.shape.slice(axis + 1)]
  checkSize(`the result of node "${scope.node.name}"`, shape)
  return { data: take(scope, source, axis, positions, shape), shape, elementType: source.elementType }
}

function take(
  scope: NodeScope,
  source: { readonly data: Float64Array; readonly shape: readonly number[] },
  axis: number,
  positions: readonly number[],
  shape: readonly number[],
): Float64Array {
  const result = scope.allocate(shape)
  const inner = elementCount(source.shape.slice(axis + 1))
  const outer = elementCount(source.shape.slice(0, axis))
  let at = 0
  for (let block = 0; block < outer; block++) {
    for (const position of positions) {
      const from = (block * sizeAt(source.shape, axis) + position) * inner
      result.set(source.data.subarray(from, from + inner), at)
      at += inner
    }
  }
  return result
}

function listOf(values: readonly number[], shape: readonly number[], elementType: ElementType): Lowered {
  const bad = values.find((value) => !Number.isFinite(value))
  if (bad !== undefined) throw new OnnxNotFiniteError('a Constant node', bad)
  return { data: Float64Array.from(values), shape, elementType }
}
