// SPDX-License-Identifier: GPL-3.0-or-later

import { one, signed, type Gadget } from './gadget'

export function max(n: number): Gadget {
  return {
    template: 'Max',
    file: 'compare/max.circom',
    parameters: [n],
    inputs: [one('a'), one('b')],
    outputs: [one('out')],
    requires: [{ coefficients: [1n, -1n], ...signed(n) }],
    guarantees: [undefined],
    rows: n + 2,
    digits: n,
  }
}

export function argMaxStep(n: number): Gadget {
  return {
    template: 'ArgMaxStep',
    file: 'compare/arg_max_step.circom',
    parameters: [n],
    inputs: [one('best'), one('index'), one('next'), one('position')],
    outputs: [one('out'), one('outIndex')],
    requires: [{ coefficients: [1n, 0n, -1n, 0n], ...signed(n) }],
    guarantees: [undefined, undefined],
    rows: n + 3,
    digits: n,
  }
}

/** `out` is 1 when x ≥ 0, else 0. */
export function nonNegative(n: number): Gadget {
  return {
    template: 'NonNegative',
    file: 'compare/non_negative.circom',
    parameters: [n],
    inputs: [one('x')],
    outputs: [one('out')],
    requires: [{ coefficients: [1n], ...signed(n) }],
    guarantees: [{ lo: 0n, hi: 1n }],
    rows: n + 1,
    digits: n,
  }
}

/** `out` is 1 when x = 0, else 0. What is constant is not for a gadget: the audit cannot follow x = 0. */
export function isZero(): Gadget {
  return {
    template: 'IsZero',
    file: 'compare/is_zero.circom',
    parameters: [],
    inputs: [one('x')],
    outputs: [one('out')],
    requires: [],
    guarantees: [{ lo: 0n, hi: 1n }],
    rows: 3,
    digits: 0,
  }
}
