// SPDX-License-Identifier: GPL-3.0-or-later

import { below, half, one, power, signed, type Gadget, type Requirement } from './gadget'

/** Requirement of the gadgets that decompose x + 2^(n−1) + half. */
function centred(n: number, s: number): Requirement {
  return { coefficients: [1n], lo: -power(n - 1) - half(s), hi: power(n - 1) - half(s) - 1n }
}

export function round(n: number, s: number): Gadget {
  return {
    template: 'Round',
    file: 'requantise/round.circom',
    parameters: [n, s],
    inputs: [one('x')],
    outputs: [one('y')],
    requires: [{ coefficients: [1n], lo: -half(s), hi: power(n) - half(s) - 1n }],
    guarantees: [below(n - s)],
    // An output that is a single digit shares its wire.
    rows: n - s === 1 ? n + 1 : n + 2,
    digits: n,
  }
}

/**
 * Rounds half to even. A caller who shifts `x` to make it non-negative must shift `y` by an even number, that is `x` by
 * a multiple of 2^(s+1).
 */
export function roundEven(n: number, s: number): Gadget {
  return {
    template: 'RoundEven',
    file: 'requantise/round_even.circom',
    parameters: [n, s],
    inputs: [one('x')],
    outputs: [one('y')],
    requires: [{ coefficients: [1n], lo: -half(s), hi: power(n) - half(s) - 1n }],
    guarantees: [below(n - s)],
    rows: n + 5,
    digits: n,
  }
}

export function roundRelu(n: number, s: number): Gadget {
  return {
    template: 'RoundRelu',
    file: 'requantise/round_relu.circom',
    parameters: [n, s],
    inputs: [one('x')],
    outputs: [one('y')],
    requires: [centred(n, s)],
    guarantees: [below(n - 1 - s)],
    rows: n + 2,
    digits: n,
  }
}

export function roundClamp(n: number, s: number, bits: number): Gadget {
  return {
    template: 'RoundClamp',
    file: 'requantise/round_clamp.circom',
    parameters: [n, s, bits],
    inputs: [one('x')],
    outputs: [one('y')],
    requires: [centred(n, s)],
    guarantees: [below(bits)],
    rows: n + 5,
    digits: n,
  }
}

export function roundSplit(n: number, s: number): Gadget {
  return {
    template: 'RoundSplit',
    file: 'requantise/round_split.circom',
    parameters: [n, s],
    inputs: [one('x')],
    outputs: [one('z'), one('positive')],
    requires: [centred(n, s)],
    guarantees: [signed(n - s), below(n - 1 - s)],
    rows: n + 3,
    digits: n,
  }
}
