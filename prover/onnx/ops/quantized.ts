// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { ELEMENT_TYPES, type ElementType, elementTypeOf, kindOf } from '../element-type'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt } from '../shape'
import type { ConstantOperand, Operand } from '../tensor'
import { convolve } from './conv'

const SCALES_ARE_CONSTANT = 'scales and zero points must be constant'

/** How an operand stands for real numbers: scale·(q − zero), both broadcast to it. */
type Quantisation = { readonly scale: Operand; readonly zero: Operand | undefined; readonly elementType: ElementType }

/** Puts the values of a scale or zero point where they broadcast to the operand they belong to. */
type Spread = (values: ConstantOperand) => Operand

function readQuantisation(scope: NodeScope, at: number, fallback: ElementType, spread: Spread): Quantisation {
  const scale = scope.constant(at, SCALES_ARE_CONSTANT)
  if (scale.kind !== 'float') throw scope.invalid(`the scale "${scale.name}" is ${scale.elementType}`)
  if (!scale.data.every((value) => value > 0 && Number.isFinite(value)))
    throw scope.invalid(`the scale "${scale.name}" is not positive throughout`)
  const zero = readZero(scope, at + 1, spread)
  if (zero !== undefined) checkZeroShape(scope, scale, scope.input(at + 1))
  return { scale: spread(scale), zero, elementType: scope.optional(at + 1)?.elementType ?? fallback }
}

function checkZeroShape(scope: NodeScope, scale: Operand, zero: Operand): void {
  if (scale.shape.join() === zero.shape.join() || elementCount(zero.shape) === 1) return
  throw scope.misfit(
    `the zero point ${formatShape(zero.shape)} is not of the scale's shape ${formatShape(scale.shape)}`,
  )
}

/** A zero point as int64, or undefined where it is 0. */
function readZero(scope: NodeScope, at: number, spread: Spread): Operand | undefined {
  if (scope.optional(at) === undefined) return undefined
  const zero = scope.constant(at, SCALES_ARE_CONSTANT)
  if (zero.kind !== 'int') throw scope.invalid(`the zero point "${zero.name}" is ${zero.elementType}`)
  if (zero.data.every((value) => value === 0)) return undefined
  return new Algebra(scope).as(spread(zero), 'int64')
}

/** One value, or one for each position along an axis. */
function alongAxis(scope: NodeScope, shape: readonly number[], axis: () => number): Spread {
  const { reshape } = new Algebra(scope)
  return (values) => {
    if (elementCount(values.shape) === 1) return reshape(values, [])
    const at = axis()
    if (values.shape.length !== 1 || values.shape[0] !== shape[at])
      throw scope.misfit(`"${values.name}" is ${formatShape(values.shape)} for axis ${at} of ${formatShape(shape)}`)
    return reshape(
      values,
      shape.map((size, i) => (i === at ? size : 1)),
    )
  }
}

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

/** QuantizeLinear: x/scale rounded half to even, plus the zero point, saturated. */
export const quantizeLinear: Rule = (scope) => {
  scope.arity(2, 3)
  const x = scope.input(0)
  scope.requireNumber(x)
  if (scope.opset >= 19) scope.attributes.ignore('saturate')
  const wanted = scope.opset >= 21 ? scope.attributes.int('output_dtype', 0) : 0
  const fallback = wanted === 0 ? 'uint8' : elementTypeOf(wanted)
  if (fallback === undefined) throw scope.unsupported(`output_dtype ${wanted} is not supported; use an integer type`)
  const { scale, zero, elementType } = readQuantisation(scope, 1, fallback, spreadByAttributes(scope, x.shape))
  if (wanted !== 0 && elementType !== fallback) throw scope.invalid(`the zero point is ${elementType}, not ${fallback}`)
  const { as, div } = new Algebra(scope)
  return saturate(scope, div(as(x, scale.elementType), scale), zero, elementType)
}

/** DequantizeLinear: scale·(x − zero point). */
export const dequantizeLinear: Rule = (scope) => {
  scope.arity(2, 3)
  const x = scope.input(0)
  const spread = spreadByAttributes(scope, x.shape)
  const { scale, zero, elementType } = readQuantisation(scope, 1, x.elementType, spread)
  if (x.kind !== 'int' || elementType !== x.elementType)
    throw scope.invalid(`"${x.name}" is ${x.elementType} and its zero point ${elementType}`)
  const { as, mul } = new Algebra(scope)
  return mul(as(centre(scope, x, zero), scale.elementType), scale)
}

/** Rounds a real tensor half to even, adds a zero point and saturates to an integer type. */
function saturate(scope: NodeScope, x: Operand, zero: Operand | undefined, elementType: ElementType): Operand {
  if (kindOf(elementType) !== 'int') throw scope.unsupported(`quantising to ${elementType} is not supported`)
  const { add, as, roundEven } = new Algebra(scope)
  const rounded = as(roundEven(x), 'int64')
  const shifted = zero ? add(rounded, zero) : rounded
  const { min, max } = ELEMENT_TYPES[elementType]
  const operation = { op: 'Clip', min, max } as const
  const clipped = scope.emit('saturated', { operation, inputs: [shifted], shape: shifted.shape, elementType: 'int64' })
  return as(clipped, elementType)
}

/** x − zero point, as int64. */
function centre(scope: NodeScope, x: Operand, zero: Operand | undefined): Operand {
  const { as, sub } = new Algebra(scope)
  const wide = as(x, 'int64')
  return zero ? sub(wide, zero) : wide
}

/** An exact integer result times its scale over that of the output, which quantises it again. */
function requantise(scope: NodeScope, sum: Operand, a: Operand, b: Operand, y: Quantisation): Operand {
  const { as, mul, div } = new Algebra(scope)
  const factor = div(mul(as(a, 'float32'), as(b, 'float32')), as(y.scale, 'float32'))
  return saturate(scope, mul(as(sum, 'float32'), factor), y.zero, y.elementType)
}

function requireMatrices(scope: NodeScope, a: Operand, b: Operand): void {
  if (a.kind !== 'int' || b.kind !== 'int') throw scope.invalid(`its factors are ${a.elementType} and ${b.elementType}`)
  const shapes = `${formatShape(a.shape)} and ${formatShape(b.shape)}`
  if (a.shape.length < 2 || b.shape.length < 2) throw scope.unsupported(`${shapes} are not both matrices`)
  if (a.shape.at(-1) !== b.shape.at(-2)) throw scope.misfit(`${shapes} have different inner sizes`)
}

/** Values of each row of the left factor, or of each column of the right one; others broadcast as they are. */
function ofMatrix(scope: NodeScope, shape: readonly number[], axis: -1 | -2): Spread {
  const { reshape } = new Algebra(scope)
  return (values) => {
    if (elementCount(values.shape) === 1) return reshape(values, [])
    const own = axis === -2 && values.shape.length === 1 ? [...values.shape, 1] : values.shape
    const wide = [...new Array<number>(Math.max(shape.length - own.length, 0)).fill(1), ...own]
    const fits = wide.length === shape.length && wide.every((size, at) => size === 1 || size === shape[at])
    if (!fits) throw scope.misfit(`"${values.name}" is ${formatShape(values.shape)} for ${formatShape(shape)}`)
    return reshape(values, own)
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
  const zeroA = readZero(scope, 2, ofMatrix(scope, a.shape, -2))
  const zeroB = readZero(scope, 3, ofMatrix(scope, b.shape, -1))
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
  const zeroX = readZero(scope, 2, whole(scope))
  const zeroW = readZero(
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

/** One value only. */
function whole(scope: NodeScope): Spread {
  return alongAxis(scope, [], () => {
    throw scope.misfit('a scale or zero point has more than one value')
  })
}
