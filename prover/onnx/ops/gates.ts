// SPDX-License-Identifier: GPL-3.0-or-later
import type { FunctionSpec } from '../../functions'
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { broadcast } from '../shape'
import { ofFloat } from './elementwise'

/** An activation as max(x, 0) plus a tail that dies out on both sides, so that one table serves the whole line. */
function withTail(tailOf: (scope: NodeScope) => FunctionSpec): Rule {
  return ofFloat(({ add, relu, fn }, x, scope) => add(relu(x), fn(tailOf(scope), x)))
}

export const softplus = withTail(() => ({ name: 'softplusTail' }))
export const mish = withTail(() => ({ name: 'mishTail' }))
export const hardSwish = withTail(() => ({ name: 'hardSwishTail' }))
export const elu = withTail(({ attributes }) => ({ name: 'eluTail', parameters: [attributes.float('alpha', 1)] }))

/** Celu: max(x, 0) + min(α·(e^(x/α) − 1), 0). */
export const celu = withTail((scope) => {
  const alpha = scope.attributes.float('alpha', 1)
  if (alpha === 0) throw scope.invalid('alpha is 0')
  if (alpha < 0) throw scope.unsupported(`alpha is ${alpha}; only positive values are supported`)
  return { name: 'celuTail', parameters: [alpha] }
})

/** Gelu, exact or in its tanh form. */
export const gelu = withTail((scope) => {
  const approximate = scope.attributes.text('approximate', 'none')
  if (approximate !== 'none' && approximate !== 'tanh') throw scope.invalid(`approximate is "${approximate}"`)
  return { name: approximate === 'tanh' ? 'geluTanhTail' : 'geluTail' }
})

/** Selu: γ·(max(x, 0) + min(α·(e^x − 1), 0)). */
export const selu = ofFloat(({ add, scale, relu, fn }, x, { attributes }) => {
  const alpha = attributes.float('alpha', 1.67326319217681884765625)
  const gamma = attributes.float('gamma', 1.05070102214813232421875)
  return scale(add(relu(x), fn({ name: 'eluTail', parameters: [alpha] }, x)), gamma)
})

/** Softsign: x/(1 + |x|). */
export const softsign = ofFloat(({ div, shift, polar }, x) => div(x, shift(polar(x).size, 1)))

/** HardSigmoid: α·x + β between 0 and 1. */
export const hardSigmoid = ofFloat(({ clip, shift, scale }, x, { attributes }) =>
  clip(shift(scale(x, attributes.float('alpha', 0.2)), attributes.float('beta', 0.5)), 0, 1),
)

/** ThresholdedRelu: x where it is above alpha, else 0. */
export const thresholdedRelu = ofFloat(({ mul, less, number }, x, { attributes }) =>
  mul(less(number(attributes.float('alpha', 1), x), x), x),
)

/** PRelu: a negative x times the slope, which broadcasts to its shape. */
export const pRelu: Rule = (scope) => {
  scope.arity(2)
  const [x, slope] = [scope.input(0), scope.input(1)]
  scope.requireSameType([x, slope])
  scope.requireNumber(x)
  const fits = broadcast(x.shape, slope.shape)?.join() === x.shape.join()
  if (!fits) throw scope.misfit(`the slope [${slope.shape.join(', ')}] does not broadcast to [${x.shape.join(', ')}]`)
  const { add, sub, mul, relu } = new Algebra(scope)
  const positive = relu(x)
  return add(positive, mul(slope, sub(x, positive)))
}
