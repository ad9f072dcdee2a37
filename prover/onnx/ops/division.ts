// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../algebra'
import { ELEMENT_TYPES } from '../element-type'
import type { NodeScope } from '../node-scope'
import { elementCount } from '../shape'
import type { Operand } from '../tensor'
import { ofFloat, ofNumbers } from './elementwise'

/** Div: of floats to the nearest, of integers towards 0 as C does. */
export const div = ofNumbers((algebra, a, b, scope) => {
  requireDivisor(scope, b)
  return a.kind === 'float' ? quotient(algebra, a, b) : truncatedQuotient(algebra, a, b)
})

/** Reciprocal: 1/x. */
export const reciprocal = ofFloat((algebra, x, scope) => {
  requireDivisor(scope, x)
  return quotient(algebra, algebra.number(1, x), x)
})

/** Mod: the remainder has the sign of the divisor, or that of the dividend where fmod is 1, which floats need. */
export const mod = ofNumbers((algebra, a, b, scope) => {
  const fmod = scope.attributes.flag('fmod', false)
  if (a.kind === 'float' && !fmod) throw scope.invalid('fmod is 0, which only integers can have')
  requireDivisor(scope, b)
  if (isUnsigned(a)) return remainder(algebra, a, b)
  const size = algebra.polar(b).size
  const side = fmod ? algebra.direction(a) : algebra.direction(b)
  const left = remainder(algebra, algebra.mul(side, a), size)
  return algebra.as(algebra.mul(side, left), a.elementType)
})

/**
 * a/b of floats; a divisor below one unit in size counts as one unit, positive if it is 0. One that divides several numbers
 * is inverted once, as a product costs less than a division.
 */
export function quotient(algebra: Algebra, a: Operand, b: Operand): Operand {
  if (b.data !== undefined) return algebra.div(a, b)
  const { direction, size } = algebra.polar(b)
  if (elementCount(a.shape) < 2 * elementCount(b.shape)) return algebra.div(algebra.mul(direction, a), size)
  return algebra.mul(a, algebra.div(algebra.as(direction, b.elementType), size))
}

function truncatedQuotient(algebra: Algebra, a: Operand, b: Operand): Operand {
  if (isUnsigned(a)) return algebra.floorDiv(a, b)
  const [above, below] = [algebra.polar(a), algebra.polar(b)]
  const sign = algebra.mul(above.direction, below.direction)
  return algebra.as(algebra.mul(sign, algebra.floorDiv(above.size, below.size)), a.elementType)
}

/** a − b·⌊a/b⌋ for b > 0, without rounding. */
function remainder(algebra: Algebra, a: Operand, b: Operand): Operand {
  return algebra.sub(a, algebra.mul(algebra.floorDiv(a, b), b))
}

function isUnsigned({ elementType }: Operand): boolean {
  return ELEMENT_TYPES[elementType].min === 0
}

function requireDivisor(scope: NodeScope, divisor: Operand): void {
  if (divisor.data?.includes(0)) throw scope.invalid(`the divisor "${divisor.name}" contains 0`)
}
