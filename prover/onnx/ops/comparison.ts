// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import type { Operand } from '../tensor'
import { pair } from './elementwise'

type Relation = (algebra: Algebra, a: Operand, b: Operand) => Operand

/** Equal, Greater, Less and their kin: of two numbers of one type, with numpy broadcasting. */
function comparison(relation: Relation): Rule {
  return (scope) => {
    const [a, b] = pair(scope)
    return relation(new Algebra(scope), a, b)
  }
}

export const equal = comparison((algebra, a, b) => algebra.equal(a, b))
export const greater = comparison((algebra, a, b) => algebra.less(b, a))
export const greaterOrEqual = comparison((algebra, a, b) => algebra.greaterOrEqual(a, b))
export const less = comparison((algebra, a, b) => algebra.less(a, b))
export const lessOrEqual = comparison((algebra, a, b) => algebra.greaterOrEqual(b, a))

/** Where: one of two values by a condition, all with numpy broadcasting. A constant condition only moves elements. */
export const where: Rule = (scope) => {
  scope.arity(3)
  const [condition, a, b] = [scope.input(0), scope.input(1), scope.input(2)]
  if (condition.kind !== 'bool') throw scope.invalid(`the condition is ${condition.elementType}`)
  scope.requireSameType([a, b])
  return new Algebra(scope).where(condition, a, b)
}

/**
 * IsNaN and IsInf, none of which a number of a circuit is.
 *
 * @param test What is asked of constants.
 */
function neverOf(test: (scope: NodeScope) => (value: number) => boolean): Rule {
  return (scope) => {
    scope.arity(1)
    const x = scope.input(0)
    scope.requireFloat(x)
    const holds = test(scope)
    const data = scope.allocate(x.shape)
    x.data?.forEach((value, i) => (data[i] = Number(holds(value))))
    return { data, shape: x.shape, elementType: 'bool' }
  }
}

export const isNaN = neverOf(() => Number.isNaN)

export const isInf = neverOf(({ attributes }) => {
  const [below, above] = [attributes.flag('detect_negative', true), attributes.flag('detect_positive', true)]
  return (value) => (below && value === -Infinity) || (above && value === Infinity)
})
