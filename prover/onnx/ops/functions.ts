// SPDX-License-Identifier: GPL-3.0-or-later
import type { FunctionName } from '../../functions'
import type { Algebra } from '../algebra'
import type { Rule } from '../node-scope'
import type { Operand } from '../tensor'
import { quotient } from './division'
import { ofFloat } from './elementwise'

/**
 * A function of floats: of a constant it is computed; a variable takes a formula with tables of functions that are smooth
 * where this one has a pole or a vertical tangent.
 */
function composed(name: FunctionName, formula: (algebra: Algebra, x: Operand) => Operand): Rule {
  return ofFloat((algebra, x) => (x.data === undefined ? formula(algebra, x) : algebra.fn({ name }, x)))
}

/** ln x = 2·ln √x: the root has half as many orders of magnitude. */
export const log = composed('log', ({ scale, fn, squareRoot }, x) => scale(fn({ name: 'log' }, squareRoot(x)), 2))

/** tan x = sin x / cos x. */
export const tan = composed('tan', (algebra, x) =>
  quotient(algebra, algebra.fn({ name: 'sin' }, x), algebra.fn({ name: 'cos' }, x)),
)

/** arcsin x = π/2 − arccos x. */
export const asin = composed('asin', (algebra, x) => fromRightAngle(algebra, x))
export const acos = composed('acos', (algebra, x) =>
  algebra.shift(algebra.neg(fromRightAngle(algebra, x)), Math.PI / 2),
)

/** π/2 − arccos x, odd, where arccos x = 2·arcsin √((1 − x)/2) for x ≥ 0 (DLMF 4.24). */
function fromRightAngle(algebra: Algebra, x: Operand): Operand {
  const { fn, squareRoot, scale, shift, mul } = algebra
  const { direction, size } = algebra.polar(x)
  const half = fn({ name: 'asin' }, squareRoot(scale(shift(scale(size, -1), 1), 0.5)))
  return mul(direction, shift(scale(half, -2), Math.PI / 2))
}

/** arcosh x = 2·arsinh √((x − 1)/2). */
export const acosh = composed('acosh', ({ fn, squareRoot, scale, shift }, x) =>
  scale(fn({ name: 'asinh' }, squareRoot(scale(shift(x, -1), 0.5))), 2),
)

/** artanh x = ln √(1 + x) − ln √(1 − x). */
export const atanh = composed('atanh', ({ fn, squareRoot, shift, neg, sub }, x) => {
  const half = (square: Operand) => fn({ name: 'log' }, squareRoot(square))
  return sub(half(shift(x, 1)), half(shift(neg(x), 1)))
})
