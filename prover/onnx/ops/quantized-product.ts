// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { broadcast, formatShape } from '../shape'
import type { Operand } from '../tensor'
import {
  alongAxis,
  centre,
  ofMatrix,
  readQuantisation,
  readVariableScale,
  readVariableZero,
  requantise,
  requireMatrices,
  saturate,
  whole,
} from './quantization'

/** QGemm: the product of two quantised matrices and a bias in units of both scales, quantised again or real. */
export const qGemm: Rule = (scope) => {
  scope.arity(6, 9)
  const [a, b, c] = [scope.input(0), scope.input(3), scope.optional(6)]
  const { add, as, mul, matMul, scale, transpose } = new Algebra(scope)
  const [left, right] = [
    { x: a, flag: 'transA' },
    { x: b, flag: 'transB' },
  ].map(({ x, flag }) => {
    if (x.shape.length !== 2) throw scope.misfit(`"${x.name}" of shape ${formatShape(x.shape)} is no matrix`)
    return scope.attributes.flag(flag, false) ? transpose(x, [1, 0]) : x
  }) as [Operand, Operand]
  requireMatrices(scope, left, right)
  const qa = readQuantisation(scope, 1, a.elementType, whole(scope))
  const qb = readQuantisation(
    scope,
    4,
    b.elementType,
    alongAxis(scope, right.shape, () => 1),
  )
  const product = matMul(centre(scope, left, qa.zero), centre(scope, right, qb.zero))
  if (c !== undefined && (c.kind !== 'int' || broadcast(c.shape, product.shape)?.join() !== product.shape.join()))
    throw scope.misfit(`the bias is ${c.elementType} ${formatShape(c.shape)} for ${formatShape(product.shape)}`)
  const sum = c === undefined ? product : add(product, as(c, 'int64'))
  const alpha = scope.attributes.float('alpha', 1)
  const scaleA = alpha === 1 ? qa.scale : scale(qa.scale, alpha)
  if (scope.optional(7) === undefined) return mul(as(sum, 'float32'), mul(scaleA, qb.scale))
  return requantise(scope, sum, scaleA, qb.scale, readQuantisation(scope, 7, a.elementType, whole(scope)))
}

/** Numbers quantised by their own range. */
type Dynamic = { readonly values: Operand; readonly scale: Operand; readonly zero: Operand }

/** The range with 0 in it is that of uint8: one division for the tensor, and a product an element. */
function dynamic(scope: NodeScope, x: Operand): Dynamic {
  scope.requireFloat(x)
  const algebra = new Algebra(scope)
  const { add, as, clip, constant, div, mul, neg, reduceMax, relu, reshape, roundEven } = algebra
  const axes = x.shape.map((_, axis) => axis)
  const scalar = (value: Operand) => reshape(value, [])
  const [above, below] = [relu(scalar(reduceMax(x, axes))), relu(scalar(reduceMax(neg(x), axes)))]
  const range = add(above, below)
  const inverse = div(constant([LEVELS], [], x.elementType), range)
  const zero = as(clip(as(roundEven(mul(below, inverse)), 'int64'), 0, LEVELS), 'uint8')
  const values = saturate(scope, mul(x, inverse), as(zero, 'int64'), 'uint8')
  return { values, scale: mul(range, constant([1 / LEVELS], [], x.elementType)), zero }
}

const LEVELS = 255

/** DynamicQuantizeLinear: the quantised numbers, their scale and their zero point. */
export const dynamicQuantizeLinear: Rule = (scope) => {
  scope.arity(1)
  const { values, scale, zero } = dynamic(scope, scope.input(0))
  return [values, scale, zero]
}

/** DynamicQuantizeMatMul: the product of a real matrix, quantised by its range, and a quantised one, plus a bias. */
export const dynamicQuantizeMatMul: Rule = (scope) => {
  scope.arity(3, 5)
  const [a, b] = [dynamic(scope, scope.input(0)), scope.input(1)]
  requireMatrices(scope, a.values, b)
  const ofB = ofMatrix(scope, b.shape, -1)
  const { as, matMul, mul } = new Algebra(scope)
  const zeroB = readVariableZero(scope, 3, ofB)
  const product = matMul(centre(scope, a.values, as(a.zero, 'int64')), centre(scope, b, zeroB))
  return withBias(scope, 4, mul(as(product, 'float32'), mul(a.scale, readVariableScale(scope, 2, ofB))))
}

/** MatMulIntegerToFloat: the product of two quantised matrices as real numbers, plus a bias. */
export const matMulIntegerToFloat: Rule = (scope) => {
  scope.arity(4, 7)
  const [a, b] = [scope.input(0), scope.input(1)]
  requireMatrices(scope, a, b)
  const [ofA, ofB] = [ofMatrix(scope, a.shape, -2), ofMatrix(scope, b.shape, -1)]
  const { as, matMul, mul } = new Algebra(scope)
  const [zeroA, zeroB] = [readVariableZero(scope, 4, ofA), readVariableZero(scope, 5, ofB)]
  const product = matMul(centre(scope, a, zeroA), centre(scope, b, zeroB))
  const scale = mul(readVariableScale(scope, 2, ofA), readVariableScale(scope, 3, ofB))
  return withBias(scope, 6, mul(as(product, 'float32'), scale))
}

function withBias(scope: NodeScope, at: number, product: Operand): Operand {
  const bias = scope.optional(at)
  if (bias === undefined) return product
  if (bias.kind !== 'float' || bias.shape.join() !== String(product.shape.at(-1)))
    throw scope.misfit(`the bias is ${bias.elementType} ${formatShape(bias.shape)} for ${formatShape(product.shape)}`)
  return new Algebra(scope).add(product, bias)
}
