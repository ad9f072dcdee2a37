// SPDX-License-Identifier: GPL-3.0-or-later
import fc, { type Arbitrary } from 'fast-check'
import { CASES, GADGET_CASES, type GadgetCase } from './gadget-cases'

const width = fc.integer({ min: 2, max: 40 })

/** Pairs n > s + least. */
const shifted = (least: number) =>
  fc.tuple(fc.integer({ min: least + 1, max: 30 }), fc.nat(30)).map(([rest, s]) => [rest + s, s] as const)

const thresholds = fc
  .integer({ min: 2, max: 30 })
  .chain((bits) =>
    fc
      .uniqueArray(fc.integer({ min: 1, max: 2 ** bits - 1 }), { minLength: 2, maxLength: 12 })
      .map((list) => [bits, list.sort((x, y) => x - y)] as const),
  )

/** Gadgets at random parameters, by template. */
const FAMILIES: Readonly<Record<string, Arbitrary<GadgetCase>>> = {
  InputDigit: width.map((bits) => CASES.inputDigit(bits)),
  Round: shifted(1).map(([n, s]) => CASES.round(n + 1, s + 1)),
  RoundEven: shifted(1).map(([n, s]) => CASES.roundEven(n + 1, s + 1)),
  RoundRelu: shifted(1).map(([n, s]) => CASES.roundRelu(n, s)),
  RoundSplit: shifted(1).map(([n, s]) => CASES.roundSplit(n, s)),
  RoundClamp: fc.tuple(shifted(1), fc.integer({ min: 1, max: 12 })).map(([[n, s], b]) => CASES.roundClamp(n + b, s, b)),
  Table: fc.integer({ min: 2, max: 8 }).map((bits) => CASES.table(bits)),
  TableLinear: fc
    .tuple(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 24 }))
    .map(([bits, lowBits]) => CASES.tableLinear(bits, lowBits)),
  NonNegative: width.map((n) => CASES.nonNegative(n)),
  Max: width.map((n) => CASES.max(n)),
  ArgMaxStep: width.map((n) => CASES.argMaxStep(n)),
  Divide: fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }))
    .map(([q, d]) => CASES.divide(q, d)),
  SquareRoot: fc.integer({ min: 1, max: 60 }).map((n) => CASES.squareRoot(n)),
  OneHot: fc.integer({ min: 2, max: 60 }).map((count) => CASES.oneHot(count)),
  Bucket: thresholds.map(([bits, list]) => CASES.bucket(bits, list)),
  BitwiseAnd: fc.integer({ min: 1, max: 40 }).map((n) => CASES.bitwiseAnd(n)),
}

/** Templates that can be fuzzed, those without parameters among them. */
export const FUZZED_TEMPLATES: readonly string[] = [...new Set(GADGET_CASES.map(({ gadget }) => gadget.template))]

/** A gadget of a template, the same for the same seed. */
export function gadgetOf(template: string, seed: number): GadgetCase {
  const family = FAMILIES[template]
  if (family) return fc.sample(family, { seed, numRuns: 1 })[0]!
  return GADGET_CASES.find(({ gadget }) => gadget.template === template)!
}
