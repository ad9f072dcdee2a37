// SPDX-License-Identifier: GPL-3.0-or-later

import { below, one, power, type Gadget } from './gadget'

export function product(): Gadget {
  return {
    template: 'Product',
    file: 'arithmetic/product.circom',
    parameters: [],
    inputs: [one('a'), one('b')],
    outputs: [one('out')],
    requires: [],
    guarantees: [undefined],
    rows: 1,
    digits: 0,
  }
}

export function divide(quotientBits: number, denominatorBits: number): Gadget {
  return {
    template: 'Divide',
    file: 'arithmetic/divide.circom',
    parameters: [quotientBits, denominatorBits],
    inputs: [one('numerator'), one('denominator')],
    outputs: [one('quotient')],
    requires: [
      { coefficients: [1n, 0n], lo: 0n, hi: power(quotientBits + denominatorBits + 2) },
      { coefficients: [0n, 1n], lo: 1n, hi: power(denominatorBits) },
    ],
    guarantees: [below(quotientBits)],
    rows: quotientBits + 2 * denominatorBits + (quotientBits === 1 ? 2 : 3),
    digits: quotientBits + denominatorBits,
  }
}

/** Floor of the square root of a number of 2n bits. */
export function squareRoot(n: number): Gadget {
  return {
    template: 'SquareRoot',
    file: 'arithmetic/square_root.circom',
    parameters: [n],
    inputs: [one('x')],
    outputs: [one('y')],
    requires: [{ coefficients: [1n], ...below(2 * n) }],
    guarantees: [below(n)],
    rows: 3 * n + 3,
    digits: n + 1,
  }
}

/** `out` = a & b; a | b is a + b − out and a ^ b is a + b − 2·out. */
export function bitwiseAnd(n: number): Gadget {
  return {
    template: 'BitwiseAnd',
    file: 'bitwise/bitwise_and.circom',
    parameters: [n],
    inputs: [one('a'), one('b')],
    outputs: [one('out')],
    requires: [
      { coefficients: [1n, 0n], ...below(n) },
      { coefficients: [0n, 1n], ...below(n) },
    ],
    guarantees: [below(n)],
    // Inputs that are single digits are their own decomposition.
    rows: n === 1 ? 3 : 3 * n + 2,
    digits: n,
  }
}
