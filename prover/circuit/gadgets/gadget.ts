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
}

export type GadgetSignal = { readonly name: string; readonly size: number }

/** A signal that is a single wire. */
export const one = (name: string): GadgetSignal => ({ name, size: 1 })
export const power = (exponent: number): bigint => 1n << BigInt(exponent)
/** Offset that makes a shift by `shift` bits round half up. */
export const half = (shift: number): bigint => (shift === 0 ? 0n : power(shift - 1))
/** What `bits` digits hold. */
export const below = (bits: number): Interval => ({ lo: 0n, hi: power(bits) - 1n })
/** What `bits` digits of two's complement hold. */
export const signed = (bits: number): Interval => ({ lo: -power(bits - 1), hi: power(bits - 1) - 1n })
