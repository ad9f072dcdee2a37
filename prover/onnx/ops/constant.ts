// SPDX-License-Identifier: GPL-3.0-or-later
import type { ElementType } from '../element-type'
import { OnnxNotFiniteError } from '../errors'
import type { Lowered, Rule } from '../node-scope'
import { checkSize, elementCount, formatShape } from '../shape'
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

function listOf(values: readonly number[], shape: readonly number[], elementType: ElementType): Lowered {
  const bad = values.find((value) => !Number.isFinite(value))
  if (bad !== undefined) throw new OnnxNotFiniteError('a Constant node', bad)
  return { data: Float64Array.from(values), shape, elementType }
}
