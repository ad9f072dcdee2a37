// SPDX-License-Identifier: GPL-3.0-or-later

/** Closed interval of integers. */
export type Interval = { readonly lo: bigint; readonly hi: bigint }

/** A gadget requires that Σ coefficients[i]·input_i lies in the interval. */
export type Requirement = { readonly coefficients: readonly bigint[] } & Interval

/** A Circom template of `circuits/` with its parameters: what is compiled once and instantiated often. */
export type Gadget = {
  readonly template: string
  /** Path below `circuits/`. */
  readonly file: string
  readonly parameters: readonly (number | readonly number[])[]
  /** Signal names in declaration order; a size above 1 is an array. */
  readonly inputs: readonly GadgetSignal[]
  readonly outputs: readonly GadgetSignal[]
  readonly requires: readonly Requirement[]
  /** Interval of each output wire, whatever the inputs; absent means any field element. */
  readonly guarantees: readonly (Interval | undefined)[]
  /** Rows of the compiled template. */
  readonly rows: number
  /** Widest number the template decomposes, in bits. */
  readonly digits: number
  /** O1 keeps a sum on the C side of one row; O2 eliminates linear rows, which pays only where inputs are short. */
  readonly optimisation: 'O1' | 'O2'
}

export type GadgetSignal = { readonly name: string; readonly size: number }

const one = (name: string): GadgetSignal => ({ name, size: 1 })
const power = (exponent: number): bigint => 1n << BigInt(exponent)
const half = (shift: number): bigint => (shift === 0 ? 0n : power(shift - 1))
const below = (bits: number): Interval => ({ lo: 0n, hi: power(bits) - 1n })
const signed = (bits: number): Interval => ({ lo: -power(bits - 1), hi: power(bits - 1) - 1n })

/** Requirement of the gadgets that decompose x + 2^(n−1) + half. */
function centred(n: number, s: number): Requirement {
  return { coefficients: [1n], lo: -power(n - 1) - half(s), hi: power(n - 1) - half(s) - 1n }
}

export function inputDigit(bits: number): Gadget {
  return {
    template: 'InputDigit',
    file: 'range/input_digit.circom',
    parameters: [bits],
    inputs: [one('digit')],
    outputs: [],
    // The gadget is what proves this interval; nothing is known of a digit before.
    requires: [],
    guarantees: [],
    rows: bits,
    digits: bits,
    optimisation: 'O1',
  }
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
    optimisation: 'O1',
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
    optimisation: 'O1',
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
    optimisation: 'O1',
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
    optimisation: 'O1',
  }
}

/** `values` has 2^bits entries; the output lies between the smallest and the largest. */
export function table(bits: number, values: readonly number[]): Gadget {
  const low = Math.floor(bits / 2)
  const range = { lo: BigInt(Math.min(...values)), hi: BigInt(Math.max(...values)) }
  return {
    template: 'Table',
    file: 'table/table.circom',
    parameters: [bits, values],
    inputs: [one('index')],
    outputs: [one('out')],
    requires: [{ coefficients: [1n], ...below(bits) }],
    guarantees: [range],
    rows: 2 * 2 ** (bits - low) + 2 ** low + 2,
    digits: bits,
    optimisation: 'O1',
  }
}

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
    optimisation: 'O1',
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
    optimisation: 'O1',
  }
}

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
    optimisation: 'O1',
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
    optimisation: 'O1',
  }
}

export function poseidonLink(): Gadget {
  return {
    template: 'PoseidonLink',
    file: 'commitment/poseidon_link.circom',
    parameters: [],
    inputs: [one('previous'), { name: 'words', size: 4 }],
    outputs: [one('out')],
    requires: [],
    guarantees: [undefined],
    rows: 324,
    digits: 0,
    optimisation: 'O1',
  }
}

export function bindContext(): Gadget {
  return {
    template: 'BindContext',
    file: 'context/bind_context.circom',
    parameters: [],
    inputs: [one('context')],
    outputs: [],
    requires: [],
    guarantees: [],
    rows: 1,
    digits: 0,
    optimisation: 'O1',
  }
}
