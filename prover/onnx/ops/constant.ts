// SPDX-License-Identifier: GPL-3.0-or-later
import { type ElementType, elementTypeName, elementTypeOf, roundToFloat } from '../element-type'
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

/** EyeLike: 1 on a diagonal of a matrix as large as another. */
export const eyeLike: Rule = (scope) => {
  scope.arity(1)
  const { shape, elementType: own } = scope.input(0)
  const [rows, columns] = shape
  if (rows === undefined || columns === undefined || shape.length > 2)
    throw scope.misfit(`${formatShape(shape)} is no matrix`)
  const k = scope.attributes.int('k', 0)
  const code = scope.attributes.has('dtype') ? scope.attributes.int('dtype', 0) : undefined
  const elementType = code === undefined ? own : elementTypeOf(code)
  if (elementType === undefined) throw scope.unsupported(`dtype is ${elementTypeName(code ?? 0)}`)
  const data = scope.allocate(shape)
  for (let row = Math.max(0, -k); row < rows && row + k < columns; row++) data[row * columns + row + k] = 1
  return { data, shape, elementType }
}

/** Range: numbers from a start to below a limit; all three are constant, as the shape of the result depends on them. */
export const range: Rule = (scope) => {
  scope.arity(3)
  const [first] = scope.all()
  scope.requireSameType(scope.all())
  const [start, limit, delta] = ['the start', 'the limit', 'the step'].map((what, i) => scope.scalar(i, what) ?? 0)
  if (start === undefined || limit === undefined || !delta) throw scope.invalid('the step is 0')
  const count = Math.max(Math.ceil((limit - start) / delta), 0)
  if (!Number.isFinite(count)) throw scope.invalid(`it goes from ${start} to ${limit} in steps of ${delta}`)
  checkSize(`the result of node "${scope.node.name}"`, [count])
  const { elementType, kind } = first!
  const data = scope.allocate([count])
  for (let i = 0; i < count; i++) {
    const value = start + i * delta
    data[i] = kind === 'float' ? roundToFloat(elementType, value) : value
  }
  return { data, shape: [count], elementType }
}

function listOf(values: readonly number[], shape: readonly number[], elementType: ElementType): Lowered {
  if (values.some(Number.isNaN)) throw new OnnxNotFiniteError('a Constant node', NaN)
  return { data: Float64Array.from(values), shape, elementType }
}
