// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Rule } from '../node-scope'
import type { Operand } from '../tensor'

/** Max, Min, Sum, Mean: of any number of operands of one type, with numpy broadcasting. */
function variadic(formula: (algebra: Algebra, operands: readonly Operand[]) => Operand): Rule {
  return (scope) => {
    scope.arity(1, Infinity)
    const operands = scope.all()
    scope.requireSameType(operands)
    operands.forEach((operand) => scope.requireNumber(operand))
    return formula(new Algebra(scope), operands)
  }
}

export const max = variadic((algebra, operands) => algebra.max(...operands))
export const min = variadic((algebra, operands) => algebra.min(...operands))
export const sum = variadic((algebra, operands) => operands.reduce(algebra.add))
export const mean = variadic((algebra, operands) => algebra.scale(operands.reduce(algebra.add), 1 / operands.length))
