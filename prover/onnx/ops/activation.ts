// SPDX-License-Identifier: GPL-3.0-or-later
import type { FunctionName } from '../../functions'
import type { Operation } from '../graph'
import type { Lowered, NodeScope, Rule } from '../node-scope'

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127

/** Relu, which opset 14 extended to integers. */
export const relu: Rule = (scope) => {
  scope.arity(1)
  scope.requireNumber(scope.input(0))
  return elementwise(scope, { op: 'Relu' })
}

/** A smooth function without attributes. */
export function smooth(name: FunctionName): Rule {
  return (scope) => {
    scope.arity(1)
    scope.requireFloat(scope.input(0))
    return elementwise(scope, { op: 'Function', fn: { name } })
  }
}

/** LeakyRelu with its slope. */
export const leakyRelu: Rule = (scope) => {
  scope.arity(1)
  scope.requireFloat(scope.input(0))
  return elementwise(scope, { op: 'LeakyRelu', alpha: scope.attributes.float('alpha', 0.01) })
}

/** Clip: bounds are attributes before opset 11 and constant inputs from then on; a side without bound is absent. */
export const clip: Rule = (scope) => {
  const [min, max] = scope.opset < 11 ? boundsFromAttributes(scope) : boundsFromInputs(scope)
  scope.requireNumber(scope.input(0))
  if (Number.isNaN(min) || Number.isNaN(max)) throw scope.invalid('a bound is NaN')
  if (min > max) throw scope.invalid(`min ${min} is greater than max ${max}`)
  if (min >= LARGEST_FLOAT32 || max <= -LARGEST_FLOAT32) throw scope.invalid('a bound is infinite on the wrong side')
  return elementwise(scope, {
    op: 'Clip',
    ...(min > -LARGEST_FLOAT32 ? { min } : {}),
    ...(max < LARGEST_FLOAT32 ? { max } : {}),
  })
}

function boundsFromAttributes(scope: NodeScope): readonly [number, number] {
  scope.arity(1)
  return [scope.attributes.float('min', -LARGEST_FLOAT32), scope.attributes.float('max', LARGEST_FLOAT32)]
}

function boundsFromInputs(scope: NodeScope): readonly [number, number] {
  scope.arity(1, 3)
  scope.requireSameType([
    scope.input(0),
    ...[scope.optional(1), scope.optional(2)].filter((bound) => bound !== undefined),
  ])
  return [scope.scalar(1, 'min') ?? -Infinity, scope.scalar(2, 'max') ?? Infinity]
}

function elementwise(scope: NodeScope, operation: Operation): Lowered {
  const operand = scope.input(0)
  return { operation, inputs: [operand], shape: operand.shape, elementType: operand.elementType }
}
