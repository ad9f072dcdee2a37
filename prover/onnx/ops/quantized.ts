// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { elementTypeOf } from '../element-type'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'
import { convolve } from './conv'
import {
  alongAxis,
  centre,
  ofMatrix,
  readQuantisation,
  readVariableZero,
  requantise,
  requireMatrices,
  saturate,
  type Spread,
  whole,
} from './quantization'

/** One value for each block of positions along an axis. */
function inBlocks(scope: NodeScope, shape: readonly number[], axis: number, block: number): Spread {
  return (values) => {
    const expected = shape.map((size, at) => (at === axis ? Math.ceil(size / block) : size))
    if (values.shape.join() !== expected.join())
      throw scope.misfit(`"${values.name}" is ${formatShape(values.shape)} where ${formatShape(expected)} is expected`)
    const inner = elementCount(shape.slice(axis + 1))
    const [size, blocks] = [sizeAt(shape, axis), sizeAt(expected, axis)]
    const data = scope.allocate(shape)
    for (let i = 0; i < data.length; i++) {
      const [outer, position] = [Math.floor(i / inner / size), Math.floor(i / inner) % size]
      data[i] = values.data[(outer * blocks + Math.floor(position / block)) * inner + (i % inner)]!
    }
    return scope.emit('blocks', { data, shape, elementType: values.elementType })
  }
}

/** How the attributes axis and block_size of QuantizeLinear and DequantizeLinear spread values over the input. */
function spreadByAttributes(scope: NodeScope, shape: readonly number[]): Spread {
  const axis = scope.opset >= 13 ? scope.attributes.int('axis', 1) : 1
  const block = scope.opset >= 21 ? scope.attributes.int('block_size', 0) : 0
  if (block < 0) throw scope.invalid(`block_size is ${block}`)
  if (block > 0) return inBlocks(scope, shape, scope.axis(axis, shape.length), block)
  return alongAxis(scope, shape, () => scope.axis(axis, shape.length))
}

/** Those of com.microsoft have an axis, whose version says nothing of opsets. */
function spreadAlong(scope: NodeScope, shape: readonly number[]): Spread {
  const axis = scope.attributes.int('axis', 1)
  return alongAxis(scope, shape, () => scope.axis(axis, shape.length))
}

/** QuantizeLinear: x/scale rounded half to even, plus the zero point, saturated. */
export const quantizeLinear = quantizing(spreadByAttributes)

/** The same of com.microsoft, which had the wider types first. */
export const quantizeLinearOfMicrosoft = quantizing(spreadAlong)

function quantizing(spread: (scope: NodeScope, shape: readonly number[]) => Spread): Rule {
  return (scope) => {
    scope.arity(2, 3)
    const x = scope.input(0)
    scope.requireNumber(x)
    if (scope.opset >= 19) scope.attributes.ignore('saturate')
    const wanted = scope.opset >= 21 ? scope.attributes.int('output_dtype', 0) : 0
    const fallback = wanted === 0 ? 'uint8' : elementTypeOf(wanted)
    if (fallback === undefined) throw scope.unsupported(`output_dtype ${wanted} is not supported; use an integer type`)
    const { scale, zero, elementType } = readQuantisation(scope, 1, fallback, spread(scope, x.shape))
    if (wanted !== 0 && elementType !== fallback)
      throw scope.invalid(`the zero point is ${elementType}, not ${fallback}`)
    const { as, div } = new Algebra(scope)
    return saturate(scope, div(as(x, scale.elementType), scale), zero, elementType)
  }
}

/** DequantizeLinear: scale·(x − zero point). */
export const dequantizeLinear = dequantizing(spreadByAttributes)

/** The same of com.microsoft. */
export const dequantizeLinearOfMicrosoft = dequantizing(spreadAlong)

function dequantizing(spread: (scope: NodeScope, shape: readonly number[]) => Spread): Rule {
  return (scope) => {
    scope.arity(2, 3)
    const x = scope.input(0)
    const { scale, zero, elementType } = readQuantisation(scope, 1, x.elementType, spread(scope, x.shape))
    if (x.kind !== 'int' || elementType !== x.elementType)
      throw scope.invalid(`"${x.name}" is ${x.elementType} and its zero point ${elementType}`)
    const { as, mul } = new Algebra(scope)
    return mul(as(centre(scope, x, zero), scale.elementType), scale)
  }
}

/** QLinearMatMul: the product of two quantised tensors, quantised again. */
export const qLinearMatMul: Rule = (scope) => {
  scope.arity(8)
  const [a, b] = [scope.input(0), scope.input(3)]
  requireMatrices(scope, a, b)
  const qa = readQuantisation(scope, 1, a.elementType, ofMatrix(scope, a.shape, -2))
  const qb = readQuantisation(scope, 4, b.elementType, ofMatrix(scope, b.shape, -1))
  const qy = readQuantisation(scope, 6, a.elementType, ofMatrix(scope, a.shape, -2))
  const { matMul } = new Algebra(scope)
  return requantise(scope, matMul(centre(scope, a, qa.zero), centre(scope, b, qb.zero)), qa.scale, qb.scale, qy)
}

/** MatMulInteger: the exact product of two quantised tensors. */
export const matMulInteger: Rule = (scope) => {
  scope.arity(2, 4)
  const [a, b] = [scope.input(0), scope.input(1)]
  requireMatrices(scope, a, b)
  const zeroA = readVariableZero(scope, 2, ofMatrix(scope, a.shape, -2))
  const zeroB = readVariableZero(scope, 3, ofMatrix(scope, b.shape, -1))
  const { as, matMul } = new Algebra(scope)
  return as(matMul(centre(scope, a, zeroA), centre(scope, b, zeroB)), 'int32')
}

/** QLinearConv: a convolution of quantised tensors, with a bias in units of both scales, quantised again. */
export const qLinearConv: Rule = (scope) => {
  scope.arity(8, 9)
  const [x, w, bias] = [scope.input(0), scope.input(3), scope.optional(8)]
  const qx = readQuantisation(scope, 1, x.elementType, whole(scope))
  const qw = readQuantisation(
    scope,
    4,
    w.elementType,
    alongAxis(scope, w.shape, () => 0),
  )
  const qy = readQuantisation(scope, 6, x.elementType, whole(scope))
  const { add, as, reshape } = new Algebra(scope)
  const sum = convolveWhole(scope, x, qx.zero, w, qw.zero)
  const perChannel = [sizeAt(w.shape, 0), ...w.shape.slice(2).map(() => 1)]
  const scaleW = elementCount(qw.scale.shape) === 1 ? qw.scale : reshape(qw.scale, perChannel)
  if (bias === undefined) return requantise(scope, sum, qx.scale, scaleW, qy)
  if (bias.elementType !== 'int32' || bias.shape.join() !== String(perChannel[0]))
    throw scope.misfit(`the bias is ${bias.elementType} ${formatShape(bias.shape)}, not int32 [${perChannel[0]}]`)
  return requantise(scope, add(sum, reshape(as(bias, 'int64'), perChannel)), qx.scale, scaleW, qy)
}

/** ConvInteger: the exact convolution of quantised tensors. */
export const convInteger: Rule = (scope) => {
  scope.arity(2, 4)
  const [x, w] = [scope.input(0), scope.input(1)]
  const zeroX = readVariableZero(scope, 2, whole(scope))
  const zeroW = readVariableZero(
    scope,
    3,
    alongAxis(scope, w.shape, () => 0),
  )
  return new Algebra(scope).as(convolveWhole(scope, x, zeroX, w, zeroW), 'int32')
}

/** Padding stands for the real number 0, as it is put around the input after its zero point is taken off. */
function convolveWhole(
  scope: NodeScope,
  x: Operand,
  zeroX: Operand | undefined,
  w: Operand,
  zeroW: Operand | undefined,
): Operand {
  if (x.kind !== 'int' || w.kind !== 'int') throw scope.invalid(`its factors are ${x.elementType} and ${w.elementType}`)
  const [input, weights] = [centre(scope, x, zeroX), centre(scope, w, zeroW)]
  const { operation, shape } = convolve(scope, input, weights)
  return scope.emit('sums', { operation, inputs: [input, weights], shape, elementType: 'int64' })
}
