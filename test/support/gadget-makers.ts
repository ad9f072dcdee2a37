// SPDX-License-Identifier: GPL-3.0-or-later
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

/** Lists of one input each. */
export const one = (values: readonly bigint[]): bigint[][] => values.map((value) => [value])
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

export function round(n: number, s: number, small?: true): GadgetCase {
  return unary(gadgets.round(n, s), (x) => [roundShift(x, s)], small)
}

export function roundRelu(n: number, s: number, small?: true): GadgetCase {
  return unary(gadgets.roundRelu(n, s), (x) => [bound(roundShift(x, s), power(n))], small)
}

export function roundClamp(n: number, s: number, bits: number, small?: true): GadgetCase {
  return unary(gadgets.roundClamp(n, s, bits), (x) => [bound(roundShift(x, s), power(bits) - 1n)], small)
}

export function roundSplit(n: number, s: number, small?: true): GadgetCase {
  return unary(gadgets.roundSplit(n, s), (x) => [roundShift(x, s), bound(roundShift(x, s), power(n))], small)
}

export function inputDigit(bits: number, small?: true): GadgetCase {
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

export function table(bits: number, small?: true): GadgetCase {
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

export function max(n: number, small?: true): GadgetCase {
  const [{ lo, hi }] = gadgets.max(n).requires as [gadgets.Requirement]
  return {
    gadget: gadgets.max(n),
    accepts: pairs(inside({ lo, hi })),
    compute: ([a, b]) => [a! > b! ? a! : b!],
    refuses: pairs([lo - 1n, hi + 1n, power(250), -power(250)]),
    ...(small && { small }),
  }
}

export function argMaxStep(n: number, small?: true): GadgetCase {
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

export function divide(q: number, d: number, small?: true): GadgetCase {
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

export function nonNegative(n: number, small?: true): GadgetCase {
  return unary(gadgets.nonNegative(n), (x) => [x >= 0n ? 1n : 0n], small)
}

export function roundEven(n: number, s: number, small?: true): GadgetCase {
  const even = (x: bigint) => {
    const up = roundShift(x, s)
    const isTie = 2n * x === (2n * up - 1n) * power(s)
    return [isTie && up % 2n !== 0n ? up - 1n : up]
  }
  const gadget = gadgets.roundEven(n, s)
  const [{ lo, hi }] = gadget.requires as [gadgets.Requirement]
  // Ties on both sides of even and odd results.
  const ties = [1n, 3n, 5n, 7n].flatMap((k) => [-1n, 0n, 1n].map((step) => k * power(s - 1) + step))
  const more = ties.filter((x) => x >= lo && x <= hi && x - ties[1]! < power(n))
  const plain = unary(gadget, even, small)
  return { ...plain, accepts: [...plain.accepts, ...one(more)] }
}

export function squareRoot(n: number, small?: true): GadgetCase {
  const top = power(n) - 1n
  const roots = [...new Set([0n, 1n, 2n, 3n, power(n - 1), top / 3n, top - 1n, top])].filter((y) => y >= 0n && y <= top)
  const points = roots.flatMap((y) => [y * y, y * y + y, y * y + 2n * y])
  return {
    gadget: gadgets.squareRoot(n),
    accepts: one([...new Set(points)]),
    compute: ([x]) => [floorRoot(x!)],
    refuses: one([-1n, power(2 * n), power(2 * n) + 1n, -power(2 * n), power(252)]),
    ...(small && { small }),
  }
}

/** By Newton's method from above. */
function floorRoot(x: bigint): bigint {
  let y = x + 1n
  for (let next = (y + 1n) / 2n; next < y; next = (y + x / y) / 2n) y = next
  return x === 0n ? 0n : y
}

export function oneHot(count: number, small?: true): GadgetCase {
  const top = BigInt(count - 1)
  return {
    gadget: gadgets.oneHot(count),
    accepts: one(inside({ lo: 0n, hi: top })),
    compute: ([index]) => Array.from({ length: count }, (_, i) => (BigInt(i) === index ? 1n : 0n)),
    refuses: one([-1n, top + 1n, 2n * top + 1n, power(250)]),
    ...(small && { small }),
  }
}

export function bucket(bits: number, thresholds: readonly number[], small?: true): GadgetCase {
  const top = power(bits) - 1n
  const points = thresholds.flatMap((t) => [BigInt(t) - 1n, BigInt(t), BigInt(t) + 1n])
  return {
    gadget: gadgets.bucket(bits, thresholds),
    accepts: one([...new Set([0n, ...points.filter((x) => x <= top), top])]),
    compute: ([x]) => thresholds.map((t) => (x! >= BigInt(t) ? 1n : 0n)),
    refuses: one([-1n, top + 1n, 2n * top + 1n, -BigInt(thresholds[0]!), power(250)]),
    ...(small && { small }),
  }
}

export function bitwiseAnd(n: number, small?: true): GadgetCase {
  const top = power(n) - 1n
  const values = [...new Set([0n, 1n, top / 3n, top / 2n, top - 1n, top])].filter((value) => value >= 0n)
  return {
    gadget: gadgets.bitwiseAnd(n),
    accepts: values.flatMap((a) => values.map((b) => [a, b])),
    compute: ([a, b]) => [a! & b!],
    refuses: [
      [top + 1n, 0n],
      [0n, top + 1n],
      [-1n, top],
      [top, -1n],
      [power(251), 1n],
    ],
    ...(small && { small }),
  }
}

export function tableLinear(bits: number, lowBits: number, small?: true): GadgetCase {
  const count = 2 ** bits
  const values = Array.from({ length: count }, (_, i) => ((i * 37) % 101) - 50)
  // One slope over the lower half: a run of entries that are all the same takes no row.
  const slopes = Array.from({ length: count }, (_, i) => (i < count / 2 ? 3 : ((i * 29) % 17) - 8))
  const width = power(lowBits)
  const indices = Array.from({ length: count }, (_, i) => BigInt(i) * width).flatMap((start) => [
    start,
    start + width / 2n,
    start + width - 1n,
  ])
  const total = power(bits + lowBits)
  return {
    gadget: gadgets.tableLinear(bits, lowBits, values, slopes),
    accepts: one([...new Set(indices)]),
    compute: ([index]) => {
      const high = Number(index! / width)
      return [BigInt(values[high]!) + BigInt(slopes[high]!) * (index! % width)]
    },
    refuses: one([-1n, total, total + 1n, 2n * total, power(250)]),
    ...(small && { small }),
  }
}
