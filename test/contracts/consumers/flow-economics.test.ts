// SPDX-License-Identifier: GPL-3.0-or-later

import { time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { quantizedOutputs } from '../../../prover/quantize'
import {
  CAST,
  FIXED_FEES,
  netOf,
  paidBy,
  runMarket,
  takingsOf,
  TIERS,
  type MarketPeriod,
  type Takings,
} from '../../support/flow-market'
import { trapdoorModel } from '../../support/consumer-models'
import { answerFor, deployFlow, PERIOD, WINDOW } from '../../support/flow'
import { loadBundled } from '../../support/reference-models'
import { describeUninstrumented } from '../../support/coverage'
import { createWorld } from '../../support/world'

const PERIODS = 400
const SEED = 1
const OTHER_SEEDS = [11, 12, 13, 14, 15, 16]
const ASK_EVERY = 24

describeUninstrumented('economics of fees by proven flow, in a simulated market', function () {
  this.timeout(120_000)

  it('pay the pool more than the best single fee, and harmless traders pay less', async () => {
    // The single fee is the one that did best in other markets of the kind.
    const trials = await Promise.all(
      FIXED_FEES.map(async (fee) => {
        const takings = await Promise.all(OTHER_SEEDS.map((seed) => withOneFee(fee, seed)))
        return { fee, net: takings.reduce((sum, one) => sum + netOf(one), 0) }
      }),
    )
    const best = trials.reduce((a, b) => (b.net > a.net ? b : a))
    const single = await withOneFee(best.fee, SEED)
    const { takings: tiered, proven } = await withProvenScores()

    const row = (label: string, takings: Takings) =>
      `${label}: pool ${netOf(takings).toFixed(0)} millionths, fees paid (bp): harmless ${paidBy(takings, 'harmless').toFixed(1)}, ` +
      `informed ${paidBy(takings, 'informed').toFixed(1)}, turncoat ${paidBy(takings, 'turncoat').toFixed(1)}`
    console.log(`      ${PERIODS} periods of five minutes, ${proven} scores proven`)
    console.log(`      ${row(`one fee of ${best.fee / 100} bp`, single)}`)
    console.log(`      ${row(`fees of ${TIERS.fees.map((fee) => fee / 100).join(', ')} bp by score`, tiered)}`)
    expect(proven).to.be.greaterThan(40)
    expect(netOf(tiered)).to.be.greaterThan(netOf(single))
    expect(paidBy(tiered, 'harmless')).to.be.lessThan(paidBy(single, 'harmless'))
    expect(paidBy(tiered, 'informed')).to.be.greaterThan(paidBy(single, 'informed'))
    expect(paidBy(tiered, 'turncoat')).to.be.greaterThan(paidBy(single, 'turncoat'))
  })
})

async function withOneFee(fee: number, seed: number): Promise<Takings> {
  const periods: MarketPeriod[] = []
  for await (const period of runMarket(CAST, PERIODS, seed, () => fee)) periods.push(period)
  return takingsOf(periods, CAST.length)
}

/** The market with what `FlowReputation` charges; scores are what the integers of the real model give. */
async function withProvenScores(): Promise<{ takings: Takings; proven: number }> {
  const { quantized } = await loadBundled('flow-toxicity')
  const world = await createWorld()
  const model = await trapdoorModel(world, 'flow-toxicity')
  const config = {
    margin: TIERS.margin,
    fees: TIERS.fees,
    requestPeriod: ASK_EVERY * PERIOD - 60,
    scoreTtl: 72 * PERIOD,
  }
  const scene = await deployFlow(world, model.modelId, config)
  const { reputation, board } = scene
  const traders = CAST.map((_, index) => new Wallet(`0x${(index + 1).toString(16).padStart(64, '0')}`).address)
  const highest = TIERS.fees.at(-1)!
  const first = Math.floor((await time.latest()) / PERIOD) + 1
  // What a trader wanted to do in the period, none of which is reported yet, and whether it has a lowered fee at all.
  const pending = CAST.map(() => 0)
  const lowered = CAST.map(() => false)
  const asked = CAST.map(() => -ASK_EVERY)
  const quiet = CAST.map(() => 0)
  const feeOf = async (trader: number, volume: number) => {
    if (trader < 0 || !lowered[trader]) return highest
    const fee = Number(await reputation.feeFor(traders[trader]!, pending[trader]! + volume))
    pending[trader]! += volume
    return fee
  }

  const periods: MarketPeriod[] = []
  let proven = 0
  for await (const period of runMarket(CAST, PERIODS, SEED, feeOf)) {
    const index = periods.length
    periods.push(period)
    const named = period.trades.filter(({ trader }) => trader >= 0)
    await time.setNextBlockTimestamp((first + index) * PERIOD + 290)
    const mean = periods[index - 1]?.meanTick ?? 0
    const list = named.map(({ trader, ticks, volume }) => ({ trader: traders[trader]!, ticks, volume }))
    await board.play(reputation, first + index, mean, list)
    for (const at of quiet.keys()) quiet[at] = named.some(({ trader }) => trader === at) ? 0 : quiet[at]! + 1
    pending.fill(0)
    if (!quiet.some((for_) => for_ >= 2)) continue
    // The next period begins: who has been quiet for long enough can be asked about.
    await board.set(first + index, period.meanTick)
    await time.increaseTo((first + index + 1) * PERIOD)
    for (const [at, trader] of traders.entries()) {
      if (quiet[at]! < 2 || index - asked[at]! < ASK_EVERY) continue
      await reputation.settle(trader)
      const { count, features } = await reputation.flowOf(trader)
      if (Number(count) < WINDOW) continue
      await reputation.requestScore(trader)
      asked[at] = index
      const score = quantizedOutputs(quantized, [Float64Array.from(features, Number)])[0]![0]!
      const { output, proof } = await answerFor(scene, model, { address: trader }, BigInt(score))
      await reputation.submitScore(trader, output, proof)
      lowered[at] = (await reputation.scoreOf(trader)).fee < BigInt(highest)
      proven++
    }
  }
  return { takings: takingsOf(periods, CAST.length), proven }
}
