// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import type { Operand } from '../tensor'
import { averageOfPlanes, averageOfWindows } from './pool'
import { centre, type Quantisation, readQuantisation, saturate, whole } from './quantization'
import { along } from './softmax'

/** The real numbers that a quantised input stands for; its scale and zero point follow it. */
function dequantised(scope: NodeScope, at: number): Operand {
  const x = scope.input(at)
  if (x.kind !== 'int') throw scope.invalid(`"${x.name}" is ${x.elementType}; quantised numbers are expected`)
  const { scale, zero } = readQuantisation(scope, at + 1, x.elementType, whole(scope))
  const { as, mul } = new Algebra(scope)
  return mul(as(centre(scope, x, zero), 'float32'), scale)
}

/** Real numbers quantised as the result is. */
function quantised(scope: NodeScope, y: Operand, { scale, zero, elementType }: Quantisation): Operand {
  return saturate(scope, new Algebra(scope).div(y, scale), zero, elementType)
}

/** A function of one quantised tensor: x, its scale and zero point, those of the result. */
function unary(formula: (scope: NodeScope, x: Operand) => Operand | Lowered): Rule {
  return (scope) => {
    scope.arity(4, 5)
    const y = readQuantisation(scope, 3, scope.input(0).elementType, whole(scope))
    const result = formula(scope, dequantised(scope, 0))
    return quantised(scope, 'name' in result ? result : scope.emit('real', result), y)
  }
}

/** An operation on two quantised tensors: a and b, each with scale and zero point, those of the result. */
function binary(formula: (algebra: Algebra, a: Operand, b: Operand) => Operand): Rule {
  return (scope) => {
    scope.arity(7, 8)
    const y = readQuantisation(scope, 6, scope.input(0).elementType, whole(scope))
    return quantised(scope, formula(new Algebra(scope), dequantised(scope, 0), dequantised(scope, 3)), y)
  }
}

export const qLinearAdd = binary((algebra, a, b) => algebra.add(a, b))
export const qLinearMul = binary((algebra, a, b) => algebra.mul(a, b))
export const qLinearSigmoid = unary((scope, x) => new Algebra(scope).fn({ name: 'sigmoid' }, x))

export const qLinearLeakyRelu = unary((scope, x) =>
  new Algebra(scope).leakyRelu(x, scope.attributes.float('alpha', 0.01)),
)

export const qLinearAveragePool = unary((scope, x) => {
  refuseChannelsLast(scope)
  return averageOfWindows(scope, x, { dilations: false, ceilMode: true })
})

export const qLinearGlobalAveragePool = unary((scope, x) => {
  refuseChannelsLast(scope)
  return averageOfPlanes(scope, x)
})

export const qLinearSoftmax = unary((scope, x) => {
  const axis = scope.axis(scope.attributes.int('axis', -1), x.shape.length)
  const opset = scope.attributes.int('opset', 13)
  return along(new Algebra(scope), x, { axis, opset }, (algebra, rows, at) => algebra.softmax(rows, at))
})

/** QLinearConcat: scale and zero point of the result, then tensors, each with its own. */
export const qLinearConcat: Rule = (scope) => {
  const count = (scope.all().length - 2) / 3
  if (!(Number.isInteger(count) && count >= 1))
    throw scope.invalid('its inputs are not a scale and a zero point followed by tensors with theirs')
  const parts = Array.from({ length: count }, (_, i) => dequantised(scope, 2 + 3 * i))
  const [{ shape }] = parts as [Operand]
  const axis = scope.axis(scope.attributes.int('axis', 0), shape.length)
  const odd = parts.find((part) => part.shape.with(axis, 0).join() !== shape.with(axis, 0).join())
  if (odd !== undefined) throw scope.misfit(`its tensors differ in another axis than ${axis}`)
  const y = readQuantisation(scope, 0, scope.input(2).elementType, whole(scope))
  return quantised(scope, new Algebra(scope).concat(parts, axis), y)
}

function refuseChannelsLast(scope: NodeScope): void {
  if (scope.attributes.flag('channels_last', false))
    throw scope.unsupported('channels_last is 1; quantise the model without the layout optimisation')
}
