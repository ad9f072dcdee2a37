// SPDX-License-Identifier: GPL-3.0-or-later
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { broadcast, formatShape } from '../shape'

/** Add, Sub, Mul: two operands of one type with numpy broadcasting. */
export function binary(op: 'Add' | 'Sub' | 'Mul'): Rule {
  return (scope) => lowerBinary(scope, op)
}

/** Neg. */
export const neg: Rule = (scope) => {
  scope.arity(1)
  const operand = scope.input(0)
  scope.requireNumber(operand)
  return { operation: { op: 'Neg' }, inputs: [operand], shape: operand.shape, elementType: operand.elementType }
}

function lowerBinary(scope: NodeScope, op: 'Add' | 'Sub' | 'Mul'): Lowered {
  scope.arity(2)
  const inputs = [scope.input(0), scope.input(1)] as const
  scope.requireSameType(inputs)
  scope.requireNumber(inputs[0])
  const shape = broadcast(inputs[0].shape, inputs[1].shape)
  if (shape === undefined) {
    throw scope.misfit(`${formatShape(inputs[0].shape)} and ${formatShape(inputs[1].shape)} do not broadcast`)
  }
  return { operation: { op }, inputs, shape, elementType: inputs[0].elementType }
}
