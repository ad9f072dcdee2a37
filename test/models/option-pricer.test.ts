// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledModel } from '../../prover/pipeline'
import { parseSamples, quantizedOutputs } from '../../prover/quantize'
import { compileBundled } from '../../scripts/bundle'
import { BUNDLED, modelFolder, type BundledModel } from '../../scripts/bundled'
import { randomNumbers } from '../support/consumers'
import { hestonCall } from '../support/heston'

/** What the card states of the model as proved, on a grid with its edges; in hundredths of a basis point. */
const STATED_ERROR = 2_500
const TOP = 1_000_000

describe('model of a reference consumer: option-pricer', () => {
  const bundled: BundledModel = BUNDLED.find((candidate) => candidate.name === 'option-pricer')!
  let model: CompiledModel

  before(async () => {
    model = await compileBundled(bundled)
  })

  const run = (...input: readonly number[]): number =>
    quantizedOutputs(model.quantized, [Float64Array.from(input)])[0]![0]!
  const ratios = Array.from({ length: 41 }, (_, i) => 5000 + 250 * i)
  const surface = [24, 72, 240, 720, 2160].flatMap((hours) =>
    [2000, 4000, 6000, 10_000, 15_000].map((volatility) => ({ hours, volatility })),
  )

  it('takes three numbers in one word and gives the premium in another', () => {
    const { schema, r1cs } = model.circuit
    const { inputs, outputs } = schema
    expect(inputs[0]).to.include({ lo: 0n, bits: 14, exponent: 0, visibility: 'public' })
    expect(outputs[0]).to.include({ lo: 0n, bits: 20, exponent: 0, visibility: 'public' })
    expect(r1cs.nPubOut + r1cs.nPubIn).to.equal(3)
    expect(r1cs.nConstraints).to.be.at.most(20_000)
  })

  it('is as close to Heston as its card says, and closer than Black–Scholes, on held-out rows', () => {
    const text = readFileSync(bundled.heldOut, 'utf8')
    const { prices, baseline } = JSON.parse(text) as { prices: number[]; baseline: number[] }
    const { samples } = parseSamples(text, model.graph, bundled.heldOut)
    const errors = samples.map((sample, i) => Math.abs(quantizedOutputs(model.quantized, sample)[0]![0]! - prices[i]!))
    const mean = errors.reduce((sum, error) => sum + error) / errors.length
    const plain = baseline.reduce((sum, one, i) => sum + Math.abs(one - prices[i]!), 0) / errors.length
    expect(mean).to.be.lessThan(100)
    expect(Math.max(...errors)).to.be.lessThan(1_000)
    expect(plain).to.be.greaterThan(20 * mean)
    // The labels, by another program than made them.
    for (const [i, sample] of samples.slice(0, 100).entries()) {
      const [ratio, hours, volatility] = sample[0]! as unknown as [number, number, number]
      expect(prices[i]).to.be.closeTo(1e6 * hestonCall(ratio / 1e4, hours, volatility / 1e4), 1)
    }
  })

  it('errs by no more than stated anywhere on a grid, and admits no arbitrage beyond that', () => {
    let largest = 0
    for (const { hours, volatility } of surface) {
      const premiums = ratios.map((ratio) => run(ratio, hours, volatility))
      for (const [i, premium] of premiums.entries()) {
        const ratio = ratios[i]!
        const intrinsic = Math.max(0, 100 * (10_000 - ratio))
        expect(premium, `below what it pays now, ${ratio} ${hours} ${volatility}`).to.be.at.least(intrinsic)
        expect(premium).to.be.at.most(TOP)
        largest = Math.max(largest, Math.abs(premium - 1e6 * hestonCall(ratio / 1e4, hours, volatility / 1e4)))
        if (i === 0) continue
        // Of two calls the one with the higher strike is worth less, by the difference of the strikes at most.
        const fall = premiums[i - 1]! - premium
        expect(fall, `rises with the strike at ${ratio} ${hours} ${volatility}`).to.be.at.least(-STATED_ERROR)
        expect(fall).to.be.at.most(100 * (ratio - ratios[i - 1]!) + STATED_ERROR)
        if (i === 1) continue
        // A butterfly costs something.
        expect(premium - 2 * premiums[i - 1]! + premiums[i - 2]!).to.be.at.least(-2 * STATED_ERROR)
      }
    }
    expect(largest).to.be.at.most(STATED_ERROR)
    for (const ratio of ratios) {
      for (const [a, b] of [
        [24, 240],
        [240, 2160],
      ] as const) {
        expect(run(ratio, b, 6000) - run(ratio, a, 6000), 'falls with time').to.be.at.least(-STATED_ERROR)
        expect(run(ratio, b, 10_000) - run(ratio, b, 4000), 'falls with volatility').to.be.at.least(-STATED_ERROR)
      }
    }
  })

  it('gives no value beyond its range, whatever comes in', () => {
    const random = randomNumbers(5)
    const wild = Array.from({ length: 300 }, () => [random(2 ** 14), random(2 ** 14), random(2 ** 14)])
    for (const value of [0, 1, 2 ** 14 - 1]) wild.push([value, value, value], [10_000, value, 0], [10_000, 0, value])
    const seen = wild.map((row) => run(...row))
    expect(seen.every((value) => Number.isInteger(value) && value >= 0 && value <= TOP)).to.equal(true)
  })

  it('has a card that states the committed circuit', () => {
    const card = readFileSync(join(modelFolder('option-pricer'), 'card.md'), 'utf8')
    expect(card).to.include(`${model.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints`)
  })
})
