// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledModel } from '../../prover/pipeline'
import { evaluateProgram } from '../../prover/quantize'
import { compileBundled } from '../../scripts/bundle'
import { BUNDLED, modelFolder } from '../../scripts/bundled'
import { movesOf, readOil, riskFeatures, WINDOW } from '../../scripts/demo/oil'
import { randomNumbers } from '../support/consumers'

type HeldOut = {
  readonly input_data: readonly (readonly number[])[]
  readonly drop: readonly number[]
  readonly baseline: readonly number[]
  readonly constant: number
  readonly series: readonly number[]
}

const OIL = 2
const HORIZON = 5
const FEATURES = 12
/** Multiple of the volatility of 21 days that fits the training rows best, as train.py prints it. */
const MONTH_MULTIPLE = 6.06

describe('model of a reference consumer: risk-engine', () => {
  const held = JSON.parse(readFileSync(join(modelFolder('risk-engine'), 'samples.json'), 'utf8')) as HeldOut
  let model: CompiledModel

  before(async () => {
    model = await compileBundled(BUNDLED.find(({ name }) => name === 'risk-engine')!)
  })

  const run = (values: readonly number[]) =>
    Number(evaluateProgram(model.quantized, [Float64Array.from(values)])[model.quantized.outputs[0]!.tensor]![0])

  it('takes and gives public whole numbers, a word each', () => {
    const { schema, r1cs } = model.circuit
    expect(schema.inputs[0]).to.include({ lo: -4096n, bits: 13, exponent: 0, visibility: 'public' })
    expect(schema.inputs[0]!.shape).to.deep.equal([1, FEATURES])
    expect(schema.outputs[0]).to.include({ lo: 0n, bits: 14, exponent: 0, visibility: 'public' })
    expect(r1cs.nPubOut + r1cs.nPubIn).to.equal(3)
    expect(r1cs.nConstraints).to.be.at.most(2000)
  })

  it('gives a share from 0 to all, and less for more volatility, whatever else comes in', () => {
    const random = randomNumbers(11)
    const rows = Array.from({ length: 300 }, () => Array.from({ length: FEATURES }, () => random(8192) - 4096))
    rows.push(...held.input_data.slice(0, 300).map((row) => [...row]))
    for (const [, ...rest] of rows) {
      const path = [-4096, 0, 40, 400, 1600, 4095].map((sigma) => run([sigma, ...rest]))
      expect(path.every((value) => Number.isInteger(value) && value >= 0 && value <= 10_000)).to.equal(true)
      expect(path).to.deep.equal([...path].sort((a, b) => b - a))
      expect(path[5]).to.be.lessThan(path[2]!)
    }
  })

  it('was shown the features that the contract computes', () => {
    const moves = movesOf(readOil().cents)
    const rows = held.input_data.filter((_, i) => held.series[i] === OIL)
    expect(rows.length).to.be.greaterThan(500)
    rows.forEach((row, i) => {
      const features = riskFeatures(moves.slice(i * HORIZON, i * HORIZON + WINDOW).reverse())
      expect(features.map((value) => value + 0)).to.deep.equal(row)
    })
  })

  it('loses less on held-out days than a fixed number, and than volatility of a month', () => {
    const lossOf = (ltv: (index: number) => number): number =>
      held.drop.reduce((sum, fall, i) => {
        const beyond = fall - 10_000 + ltv(i)
        return sum + (beyond > 0 ? 0.99 : -0.01) * beyond
      }, 0) / held.drop.length
    const month = ([sigma, , , , ratio]: readonly number[]) => 10_000 - (MONTH_MULTIPLE * sigma! * ratio!) / 512
    const loss = lossOf((i) => run(held.input_data[i]!))
    expect(loss).to.be.lessThan(0.65 * lossOf(() => held.constant))
    expect(loss).to.be.lessThan(lossOf((i) => month(held.input_data[i]!)))
    // No better than RiskMetrics, as the card says; no worse either than what these days can tell.
    expect(loss).to.be.lessThan(1.02 * lossOf((i) => held.baseline[i]!))
  })

  it('has a card that states the committed circuit', () => {
    const card = readFileSync(join(modelFolder('risk-engine'), 'card.md'), 'utf8')
    expect(card).to.include(`${model.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints`)
  })
})
