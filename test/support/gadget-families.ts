// SPDX-License-Identifier: GPL-3.0-or-later
import fc, { type Arbitrary } from 'fast-check'
import { GADGET_CASES } from './gadget-cases'
import * as make from './gadget-makers'

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
const FAMILIES: Readonly<Record<string, Arbitrary<make.GadgetCase>>> = {
  InputDigit: width.map((bits) => make.inputDigit(bits)),
  Round: shifted(1).map(([n, s]) => make.round(n + 1, s + 1)),
  RoundEven: shifted(1).map(([n, s]) => make.roundEven(n + 1, s + 1)),
  RoundRelu: shifted(1).map(([n, s]) => make.roundRelu(n, s)),
  RoundSplit: shifted(1).map(([n, s]) => make.roundSplit(n, s)),
  RoundClamp: fc.tuple(shifted(1), fc.integer({ min: 1, max: 12 })).map(([[n, s], b]) => make.roundClamp(n + b, s, b)),
  Table: fc.integer({ min: 2, max: 8 }).map((bits) => make.table(bits)),
  TableLinear: fc
    .tuple(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 24 }))
    .map(([bits, lowBits]) => make.tableLinear(bits, lowBits)),
  NonNegative: width.map((n) => make.nonNegative(n)),
  Max: width.map((n) => make.max(n)),
  ArgMaxStep: width.map((n) => make.argMaxStep(n)),
  Divide: fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })).map(([q, d]) => make.divide(q, d)),
  SquareRoot: fc.integer({ min: 1, max: 60 }).map((n) => make.squareRoot(n)),
  OneHot: fc.integer({ min: 2, max: 60 }).map((count) => make.oneHot(count)),
  Bucket: thresholds.map(([bits, list]) => make.bucket(bits, list)),
  BitwiseAnd: fc.integer({ min: 1, max: 40 }).map((n) => make.bitwiseAnd(n)),
}

/** Templates that can be fuzzed, those without parameters among them. */
export const FUZZED_TEMPLATES: readonly string[] = [...new Set(GADGET_CASES.map(({ gadget }) => gadget.template))]

/** A gadget of a template, the same for the same seed. */
export function gadgetOf(template: string, seed: number): make.GadgetCase {
  const family = FAMILIES[template]
  if (family) return fc.sample(family, { seed, numRuns: 1 })[0]!
  return GADGET_CASES.find(({ gadget }) => gadget.template === template)!
}
