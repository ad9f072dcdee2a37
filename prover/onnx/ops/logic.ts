// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import type { Operand } from '../tensor'
import { pair } from './elementwise'

/** And, Or, Xor: of two bools, with numpy broadcasting. */
function logical(formula: (algebra: Algebra, a: Operand, b: Operand) => Operand): Rule {
  return (scope) => {
    const [a, b] = pair(scope)
    requireBool(scope, a)
    return formula(new Algebra(scope), a, b)
  }
}

function requireBool(scope: NodeScope, x: Operand): void {
  if (x.kind !== 'bool') throw scope.invalid(`"${x.name}" is ${x.elementType} where bool is expected`)
}

export const and = logical((algebra, a, b) => algebra.and(a, b))
export const or = logical((algebra, a, b) => algebra.not(algebra.and(algebra.not(a), algebra.not(b))))

/** (a − b)², which is 0 or 1. */
export const xor = logical((algebra, a, b) => {
  const difference = algebra.sub(algebra.as(a, 'int64'), algebra.as(b, 'int64'))
  return algebra.as(algebra.mul(difference, difference), 'bool')
})

/** Not. */
export const not: Rule = (scope) => {
  scope.arity(1)
  requireBool(scope, scope.input(0))
  return new Algebra(scope).not(scope.input(0))
}
