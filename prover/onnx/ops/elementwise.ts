// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import type { Operand } from '../tensor'

type Unary = (algebra: Algebra, x: Operand, scope: NodeScope) => Operand
type Binary = (algebra: Algebra, a: Operand, b: Operand, scope: NodeScope) => Operand

/** A formula of one float. */
export function ofFloat(formula: Unary): Rule {
  return (scope) => {
    scope.arity(1)
    const x = scope.input(0)
    scope.requireFloat(x)
    return formula(new Algebra(scope), x, scope)
  }
}

/** A formula of one number, which may be an integer. */
export function ofNumber(formula: Unary): Rule {
  return (scope) => {
    scope.arity(1)
    const x = scope.input(0)
    scope.requireNumber(x)
    return formula(new Algebra(scope), x, scope)
  }
}

/** A formula of two numbers of one type, with numpy broadcasting. */
export function ofNumbers(formula: Binary): Rule {
  return (scope) => {
    const [a, b] = pair(scope)
    scope.requireNumber(a)
    return formula(new Algebra(scope), a, b, scope)
  }
}

/** The two inputs of a node, which have one type. */
export function pair(scope: NodeScope): readonly [Operand, Operand] {
  scope.arity(2)
  const [a, b] = [scope.input(0), scope.input(1)]
  scope.requireSameType([a, b])
  return [a, b]
}
