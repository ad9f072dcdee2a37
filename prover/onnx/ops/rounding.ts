// SPDX-License-Identifier: GPL-3.0-or-later
import { ELEMENT_TYPES } from '../element-type'
import { ofFloat, ofNumber } from './elementwise'

/** Abs. */
export const abs = ofNumber((algebra, x) => (ELEMENT_TYPES[x.elementType].min === 0 ? x : algebra.abs(x)))

/** Sign: [x ≥ 0]·2 − 1 + [x = 0]·(−1). */
export const sign = ofNumber((algebra, x) => {
  const zero = algebra.as(algebra.isZero(x), 'int64')
  return algebra.as(algebra.sub(algebra.direction(x), zero), x.elementType)
})

/** Floor. */
export const floor = ofFloat((algebra, x) => algebra.floor(x))

/** Ceil: −⌊−x⌋. */
export const ceil = ofFloat((algebra, x) => algebra.neg(algebra.floor(algebra.neg(x))))

/** Round: to the nearest, ties to even. */
export const round = ofFloat((algebra, x) => algebra.roundEven(x))
