// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { ELEMENT_TYPES } from '../element-type'
import type { NodeScope, Rule } from '../node-scope'
import type { Operand } from '../tensor'
import { pair } from './elementwise'

/** BitwiseAnd, BitwiseOr, BitwiseXor: of two integers of one type, with numpy broadcasting. */
function bitwise(formula: (algebra: Algebra, sum: Operand, both: Operand) => Operand): Rule {
  return (scope) => {
    const [a, b] = pair(scope)
    requireInteger(scope, a)
    const algebra = new Algebra(scope)
    const [wideA, wideB] = [algebra.as(a, 'int64'), algebra.as(b, 'int64')]
    const both =
      ELEMENT_TYPES[a.elementType].min === 0 ? algebra.bitwiseAnd(wideA, wideB) : signedAnd(algebra, wideA, wideB)
    return algebra.as(formula(algebra, algebra.add(wideA, wideB), both), a.elementType)
  }
}

export const bitwiseAnd = bitwise((_, _sum, both) => both)
export const bitwiseOr = bitwise(({ sub }, sum, both) => sub(sum, both))
export const bitwiseXor = bitwise(({ sub, scale }, sum, both) => sub(sum, scale(both, 2)))

/** BitwiseNot: −1 − x, or 2^w − 1 − x without a sign. */
export const bitwiseNot: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  requireInteger(scope, x)
  if (x.elementType === 'uint64') throw scope.unsupported('~x of uint64 is beyond 2^53; use narrower integers')
  const { min, max } = ELEMENT_TYPES[x.elementType]
  const { as, neg, shift } = new Algebra(scope)
  return as(shift(neg(as(x, 'int64')), min === 0 ? max : -1), x.elementType)
}

/**
 * a & b in two's complement of any width. With p = a and s = 0 for a ≥ 0, p = ~a and s = 1 below, and q, t of b, it is
 * p&q, q − p&q, p − p&q or −1 − p − q + p&q as (s, t) is (0, 0), (1, 0), (0, 1) or (1, 1).
 */
function signedAnd(algebra: Algebra, a: Operand, b: Operand): Operand {
  const { add, sub, mul, and, as, shift, scale } = algebra
  const [left, right] = [signAndBits(algebra, a), signAndBits(algebra, b)]
  const both = algebra.bitwiseAnd(left.bits, right.bits)
  const negative = as(and(left.negative, right.negative), 'int64')
  const [onlyLeft, onlyRight] = [left, right].map((side) => sub(as(side.negative, 'int64'), negative))
  // The bits of both count −1 times where one sign is negative.
  const mixed = add(onlyLeft!, onlyRight!)
  const sign = shift(scale(mixed, -2), 1)
  const terms = [
    mul(sign, both),
    mul(onlyLeft!, right.bits),
    mul(onlyRight!, left.bits),
    mul(negative, shift(scale(add(left.bits, right.bits), -1), -1)),
  ]
  return terms.reduce(add)
}

function signAndBits(algebra: Algebra, x: Operand): { readonly negative: Operand; readonly bits: Operand } {
  const { not, nonNegative, add, relu, shift, neg } = algebra
  return { negative: not(nonNegative(x)), bits: add(relu(x), relu(shift(neg(x), -1))) }
}

/**
 * BitShift of unsigned integers by constants or variables. To the left, the bits that stay within the type are picked
 * first; shifting by the width of the type or more gives 0.
 */
export const bitShift: Rule = (scope) => {
  const [x, amount] = pair(scope)
  requireInteger(scope, x)
  const { bytes, min } = ELEMENT_TYPES[x.elementType]
  if (min < 0) throw scope.invalid(`"${x.name}" is ${x.elementType} where an unsigned integer is expected`)
  const direction = scope.attributes.text('direction', '')
  if (direction !== 'LEFT' && direction !== 'RIGHT') throw scope.invalid(`direction is "${direction}"`)
  const algebra = new Algebra(scope)
  const { as, mul } = algebra
  const width = 8 * bytes
  const lookup = byAmount(algebra, algebra.oneHot(amount, width), width)
  const wide = as(x, 'int64')
  if (direction === 'LEFT') {
    // Integers stay below 2^53, and so do masks; the power is split, for weights below 2^53.
    const kept = algebra.bitwiseAnd(
      wide,
      lookup((k) => 2 ** Math.min(width - k, 53) - 1),
    )
    const low = mul(
      kept,
      lookup((k) => 2 ** (k % 32)),
    )
    return as(
      width <= 32
        ? low
        : mul(
            low,
            lookup((k) => 2 ** (k - (k % 32))),
          ),
      x.elementType,
    )
  }
  const rest = algebra.floorDiv(
    wide,
    lookup((k) => 2 ** Math.min(k, 52)),
  )
  return as(
    mul(
      lookup((k) => Number(k < 53)),
      rest,
    ),
    x.elementType,
  )
}

/** Σ value(k)·[amount = k]. */
function byAmount(algebra: Algebra, oneHot: Operand, width: number): (value: (amount: number) => number) => Operand {
  const axis = oneHot.shape.length - 1
  return (value) => {
    const values = algebra.constant(
      Array.from({ length: width }, (_, k) => value(k)),
      [width],
      'int64',
    )
    return algebra.reshape(algebra.sum(algebra.mul(oneHot, values), [axis]), oneHot.shape.slice(0, -1))
  }
}

function requireInteger(scope: NodeScope, x: Operand): void {
  if (x.kind !== 'int') throw scope.invalid(`"${x.name}" is ${x.elementType} where an integer is expected`)
}
