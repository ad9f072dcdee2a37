// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { CompiledModel } from '../../../prover/pipeline'
import { quantizedOutputs } from '../../../prover/quantize'
import { compileBundled } from '../../../scripts/bundle'
import { BUNDLED } from '../../../scripts/bundled'
import { randomNumbers } from '../../support/consumers'
import { blackScholesCall, gaussFrom, hestonCall, hestonPath } from '../../support/heston'

const STEPS = 250
const LONGEST = 60
const MOVES = 30
/** The vault's spread, as a part of the spot: 25 bps. */
const SPREAD = 0.0025

type Offer = {
  readonly day: number
  readonly ratio: number
  readonly hours: number
  /** Annual, as the vault takes it. */
  readonly volatility: number
  readonly truth: number
  /** What the call paid in the end, in units of the underlying. */
  readonly paid: number
}
type Pricing = (offer: Offer) => number
/** A vault's result, in basis points of the spot a step. */
type Result = { readonly sold: number; readonly expected: number; readonly realised: number; readonly worst: number }

/** Sells to whoever buys; expected is the premium less the true value. */
function write(
  offers: readonly Offer[],
  pricing: Pricing,
  buys: (offer: Offer, premium: number) => boolean,
  spread = SPREAD,
): Result {
  let [sold, expected, realised, worst] = [0, 0, 0, 0]
  for (const offer of offers) {
    const premium = pricing(offer) + spread
    if (!buys(offer, premium)) continue
    sold++
    expected += premium - offer.truth
    realised += premium - offer.paid
    worst = Math.min(worst, premium - offer.truth)
  }
  const bps = 1e4 / offers.length
  return { sold, expected: expected * bps, realised: realised * bps, worst: worst * 1e4 }
}

describe('OptionVault, its profit and loss over 250 days under Heston', () => {
  let model: CompiledModel
  let known: Offer[]
  let estimated: Offer[]

  before(async () => {
    model = await compileBundled(BUNDLED.find(({ name }) => name === 'option-pricer')!)
    const random = randomNumbers(29)
    const gauss = gaussFrom(random)
    const path = hestonPath(MOVES + STEPS + LONGEST, gauss)
    const moves = path.slice(1).map(({ spot }, i) => Math.log(spot / path[i]!.spot))
    const round = (volatility: number): number => Math.min(15_000, Math.max(2_000, Math.ceil(volatility * 1e4))) / 1e4
    known = []
    estimated = []
    for (let step = 0; step < STEPS; step++) {
      const day = MOVES + step
      const days = 1 + random(LONGEST)
      const { spot, volatility } = path[day]!
      // Strikes within two deviations or so.
      const ratio = Math.exp(volatility * Math.sqrt(days / 365) * gauss())
      const strike = Math.min(15_000, Math.max(5_000, Math.floor(ratio * 1e4))) / 1e4
      const end = path[day + days]!.spot / spot
      const offer = {
        day,
        ratio: strike,
        hours: 24 * days,
        truth: hestonCall(strike, 24 * days, volatility),
        paid: Math.max(0, end - strike) / end,
      }
      known.push({ ...offer, volatility: round(volatility) })
      const squares = moves.slice(day - MOVES, day).reduce((sum, move) => sum + move * move, 0)
      estimated.push({ ...offer, volatility: round(Math.sqrt((squares * 365) / MOVES)) })
    }
  })

  const byModel: Pricing = ({ ratio, hours, volatility }) =>
    quantizedOutputs(model.quantized, [Float64Array.from([ratio * 1e4, hours, volatility * 1e4], Math.round)])[0]![0]! /
    1e6
  const plain: Pricing = ({ ratio, hours, volatility }) => blackScholesCall(ratio, hours, volatility)
  const informed = ({ truth }: Offer, premium: number): boolean => truth > premium
  const anyone = (): boolean => true

  function table(offers: readonly Offer[], label: string) {
    console.log(`      ${label}: bps of the spot a step`)
    const row = (name: string, pricing: Pricing, buys: typeof informed, spread = SPREAD): Result => {
      const result = write(offers, pricing, buys, spread)
      const figures = [`sold ${result.sold}`, `expected ${result.expected.toFixed(2)}`]
      figures.push(`unhedged ${result.realised.toFixed(2)}`, `worst call ${result.worst.toFixed(1)}`)
      console.log(`        ${name.padEnd(30)} ${figures.join(', ')}`)
      return result
    }
    console.log('        nothing written                sold 0, expected 0.00')
    return {
      bare: row('model, informed, no spread', byModel, informed, 0),
      modelInformed: row('model, informed buyers', byModel, informed),
      plainInformed: row('Black-Scholes, informed buyers', plain, informed),
      modelAny: row('model, any buyers', byModel, anyone),
      plainAny: row('Black-Scholes, any buyers', plain, anyone),
    }
  }

  it('loses nothing on calls offered at random to an informed buyer when the volatility is known, where Black–Scholes does', () => {
    const { bare, modelInformed, plainInformed, modelAny, plainAny } = table(known, 'volatility known')
    // No more than the model errs by, and the spread covers that.
    expect(bare.sold).to.be.greaterThan(0)
    expect(bare.expected).to.be.greaterThan(-0.7)
    expect(bare.worst).to.be.greaterThan(-25)
    expect(modelInformed.expected).to.be.greaterThan(-0.01)
    expect(plainInformed.sold).to.be.greaterThan(20)
    expect(plainInformed.expected).to.be.lessThan(-3)
    // Whoever buys pays about the spread.
    expect(Math.abs(modelAny.expected - 1e4 * SPREAD)).to.be.lessThan(2)
    expect(Math.abs(plainAny.expected - 1e4 * SPREAD)).to.be.greaterThan(Math.abs(modelAny.expected - 1e4 * SPREAD))
  })

  it('loses nothing to a buyer who chooses the call, at its spread; at a narrower one it would', () => {
    const ratios = Array.from({ length: 41 }, (_, i) => (5000 + 250 * i) / 1e4)
    const gains = [720, 2160].flatMap((hours) =>
      [0.6, 1.5].flatMap((volatility) =>
        ratios.map((ratio) => {
          const truth = hestonCall(ratio, hours, volatility)
          return truth - byModel({ day: 0, ratio, hours, volatility, truth, paid: 0 })
        }),
      ),
    )
    const most = 1e4 * Math.max(...gains)
    const text = [0, 10, 25].map((spread) => `${Math.max(0, most - spread).toFixed(1)} at ${spread}`)
    console.log(`      most that one gains who chooses a call: ${text.join(', ')} bps of the spot`)
    expect(most).to.be.greaterThan(20)
    expect(most).to.be.lessThan(24)
  })

  it('loses less than Black–Scholes to a buyer who knows the volatility that the vault can only estimate', () => {
    const { modelInformed, plainInformed } = table(estimated, 'volatility of thirty closes')
    expect(modelInformed.expected).to.be.lessThan(0)
    expect(modelInformed.expected).to.be.greaterThan(plainInformed.expected)
  })
})
