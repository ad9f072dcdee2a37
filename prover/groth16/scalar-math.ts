// SPDX-License-Identifier: GPL-3.0-or-later
import { modulo, SCALAR_FIELD } from '../binfile/field'

/** r − 1 = 2^28 · odd: the largest evaluation domain. */
export const TWO_ADICITY = 28
/** The least quadratic non-residue of the scalar field; iden3 tools derive all roots of unity from it. */
const NON_RESIDUE = 5n

/** base^exponent in the scalar field. */
export function powerModR(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = modulo(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % SCALAR_FIELD
    square = (square * square) % SCALAR_FIELD
  }
  return result
}

/** 1/value in the scalar field; `value` must not be 0. */
export function inverseModR(value: bigint): bigint {
  return powerModR(value, SCALAR_FIELD - 2n)
}

/** The primitive root of unity of order 2^power that ffjavascript (so snarkjs) and rapidsnark use. */
export function rootOfUnity(power: number): bigint {
  if (power < 0 || power > TWO_ADICITY) throw new RangeError(`no root of unity of order 2^${power}`)
  return powerModR(NON_RESIDUE, (SCALAR_FIELD - 1n) >> BigInt(power))
}
