// SPDX-License-Identifier: GPL-3.0-or-later
import { poseidon5 } from 'poseidon-lite/poseidon5'
import type { Gadget } from '../../prover/circuit'
import * as gadgets from '../../prover/circuit/gadgets'
import { roundShift } from '../../prover/quantize'

/** A gadget with inputs it must take, what it computes from them, and inputs it must refuse. */
export type GadgetCase = {
  readonly gadget: Gadget
  readonly accepts: readonly (readonly bigint[])[]
  readonly compute: (inputs: readonly bigint[]) => readonly bigint[]
  readonly refuses: readonly (readonly bigint[])[]
  /** Small enough for an exhaustive search of forged witnesses. */
  readonly small?: true
}

const one = (values: readonly bigint[]): bigint[][] => values.map((value) => [value])
const bound = (value: bigint, top: bigint): bigint => (value < 0n ? 0n : value > top ? top : value)
const power = (exponent: number): bigint => 1n << BigInt(exponent)

/** Boundaries of an interval and values about 0 that lie in it. */
function inside({ lo, hi }: gadgets.Interval, step = 1n): bigint[] {
  const values = [lo, lo + 1n, -step, -1n, 0n, 1n, step, (lo + hi) / 2n, hi - 1n, hi]
  return [...new Set(values.filter((value) => value >= lo && value <= hi))]
}

function unary(gadget: Gadget, compute: (x: bigint) => readonly bigint[], small?: true): GadgetCase {
  const [{ lo, hi }] = gadget.requires as [gadgets.Requirement]
  const [, s] = gadget.parameters as number[]
  const half = typeof s === 'number' && s > 0 ? power(s - 1) : 1n
  return {
    gadget,
    accepts: one([...inside({ lo, hi }, half), ...inside({ lo, hi }, half + 1n)]),
    compute: ([x]) => compute(x!),
    refuses: one([lo - 1n, hi + 1n, lo - power(60), hi + power(60), power(250), -power(250)]),
    ...(small && { small }),
  }
}

const rounding = (s: number) => (x: bigint) => roundShift(x, s)

function round(n: number, s: number, small?: true): GadgetCase {
  return unary(gadgets.round(n, s), (x) => [rounding(s)(x)], small)
}

function roundRelu(n: number, s: number, small?: true): GadgetCase {
  return unary(gadgets.roundRelu(n, s), (x) => [bound(rounding(s)(x), power(n))], small)
}

function roundClamp(n: number, s: number, bits: number, small?: true): GadgetCase {
  return unary(gadgets.roundClamp(n, s, bits), (x) => [bound(rounding(s)(x), power(bits) - 1n)], small)
}

function roundSplit(n: number, s: number, small?: true): GadgetCase {
  return unary(gadgets.roundSplit(n, s), (x) => [rounding(s)(x), bound(rounding(s)(x), power(n))], small)
}

function inputDigit(bits: number, small?: true): GadgetCase {
  const top = power(bits) - 1n
  const refuses = one([-1n, top + 1n, top + 2n, -top - 1n, power(250)])
  return {
    gadget: gadgets.inputDigit(bits),
    accepts: one(inside({ lo: 0n, hi: top })),
    compute: () => [],
    refuses,
    ...(small && { small }),
  }
}

function table(bits: number, small?: true): GadgetCase {
  const values = Array.from({ length: 2 ** bits }, (_, i) => ((i * 37) % 101) - 50)
  const count = power(bits)
  return {
    gadget: gadgets.table(bits, values),
    accepts: one(Array.from({ length: 2 ** bits }, (_, i) => BigInt(i))),
    compute: ([index]) => [BigInt(values[Number(index)]!)],
    refuses: one([-1n, count, count + 1n, 2n * count, power(250)]),
    ...(small && { small }),
  }
}

/** Pairs (a, b) with given differences, at several heights. */
function pairs(differences: readonly bigint[]): bigint[][] {
  return differences.flatMap((difference) => [-1000n, 0n, 7n].map((b) => [b + difference, b]))
}

function max(n: number, small?: true): GadgetCase {
  const [{ lo, hi }] = gadgets.max(n).requires as [gadgets.Requirement]
  return {
    gadget: gadgets.max(n),
    accepts: pairs(inside({ lo, hi })),
    compute: ([a, b]) => [a! > b! ? a! : b!],
    refuses: pairs([lo - 1n, hi + 1n, power(250), -power(250)]),
    ...(small && { small }),
  }
}

function argMaxStep(n: number, small?: true): GadgetCase {
  const [{ lo, hi }] = gadgets.argMaxStep(n).requires as [gadgets.Requirement]
  const positions = ([best, next]: readonly bigint[]) => [best!, 3n, next!, 8n]
  return {
    gadget: gadgets.argMaxStep(n),
    accepts: pairs(inside({ lo, hi })).map(positions),
    // A tie keeps the earlier position.
    compute: ([best, index, next, position]) => (best! >= next! ? [best!, index!] : [next!, position!]),
    refuses: pairs([lo - 1n, hi + 1n]).map(positions),
    ...(small && { small }),
  }
}

function divide(q: number, d: number, small?: true): GadgetCase {
  const [top, largest] = [power(q) - 1n, power(d)]
  const denominators = [1n, 2n, 3n, largest - 1n, largest].filter((value) => value >= 1n && value <= largest)
  const accepts = denominators.flatMap((value) =>
    [0n, 1n, value - 1n, value, value + 1n, top * value, top * value + value - 1n].map((numerator) => [
      numerator,
      value,
    ]),
  )
  return {
    gadget: gadgets.divide(q, d),
    accepts: accepts.filter(([numerator, value]) => numerator! / value! <= top),
    compute: ([numerator, denominator]) => [numerator! / denominator!],
    refuses: [
      [0n, 0n],
      [5n, 0n],
      [-1n, 2n],
      [(top + 1n) * largest, largest],
      [top + 1n, 1n],
      [1n, -1n],
      [-2n, -1n],
      [power(250), 1n],
    ],
    ...(small && { small }),
  }
}

/** Every gadget at several parameters, the smallest and widest among them. */
export const GADGET_CASES: readonly GadgetCase[] = [
  inputDigit(1, true),
  inputDigit(3, true),
  inputDigit(8),
  inputDigit(40),
  round(3, 1, true),
  round(2, 1),
  round(12, 5),
  round(250, 30),
  roundRelu(4, 0, true),
  roundRelu(4, 2, true),
  roundRelu(2, 0),
  roundRelu(24, 9),
  roundRelu(250, 1),
  roundClamp(5, 1, 2, true),
  roundClamp(5, 0, 2, true),
  roundClamp(4, 1, 1),
  roundClamp(24, 7, 8),
  roundClamp(250, 100, 64),
  roundSplit(4, 1, true),
  roundSplit(3, 0),
  roundSplit(20, 6),
  table(2, true),
  table(3, true),
  table(5),
  table(8),
  max(2, true),
  max(4, true),
  max(24),
  max(250),
  argMaxStep(2, true),
  argMaxStep(4, true),
  argMaxStep(24),
  divide(1, 1, true),
  divide(2, 2, true),
  divide(3, 1, true),
  divide(13, 20),
  divide(100, 149),
  {
    gadget: gadgets.product(),
    accepts: [
      [0n, 5n],
      [-3n, 7n],
      [-(1n << 125n), 1n << 125n],
    ],
    compute: ([a, b]) => [a! * b!],
    refuses: [],
    small: true,
  },
  {
    gadget: gadgets.bindContext(),
    accepts: one([0n, 1n, -1n, 1n << 247n]),
    compute: () => [],
    refuses: [],
    small: true,
  },
  {
    gadget: gadgets.poseidonLink(),
    accepts: [
      [0n, 0n, 0n, 0n, 0n],
      [1n, 2n, 3n, 4n, 5n],
      [1n << 250n, 1n << 251n, 3n, 0n, 1n << 252n],
    ],
    compute: (inputs) => [poseidon5([...inputs])],
    refuses: [],
  },
]

/** A gadget's template and parameters, for titles. */
export function titleOf({ template, parameters }: Gadget): string {
  return `${template}(${parameters.map((value) => (typeof value === 'number' ? value : 'values')).join(', ')})`
}
