// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { impersonateAccount, loadFixture, setBalance, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { dataSlice, id, MaxUint256, parseEther } from 'ethers'
import { ethers } from 'hardhat'
import {
  LOANS,
  lendDaily,
  movesOf,
  OIL_LIMITS,
  readOil,
  riskFeatures,
  thresholdPath,
  WINDOW,
  type LoanBook,
  type RiskLimits,
} from '../../../scripts/demo/oil'
import { evaluateProgram } from '../../../prover/quantize'
import {
  HostileToken__factory,
  LendingMarket__factory,
  MockPriceFeed__factory,
  RiskEngine__factory,
  type LendingMarket,
  type RiskEngine,
} from '../../../typechain-types'
import { trapdoorModel } from '../../support/consumer-models'
import { itUninstrumented } from '../../support/coverage'
import { loadBundled } from '../../support/reference-models'
import { DAY, rounds, TOKEN } from '../../support/risk'
import { createWorld } from '../../support/world'

/** Days of the year that is lent through on chain: all of 2008, the first year that is held out. */
const STEPS = 252
/** Spares an estimate of each transaction. */
const GAS = { gasLimit: 500_000 }
const { days, cents } = readOil()
const heldOut = cents.slice(WINDOW)

/** What the circuit's integers say after each held-out day. */
async function proposals(): Promise<number[]> {
  const { quantized } = await loadBundled('risk-engine')
  const moves = movesOf(cents)
  return heldOut.map((_, i) => {
    const features = riskFeatures(moves.slice(i, i + WINDOW).reverse())
    const tensors = evaluateProgram(quantized, [Float64Array.from(features)])
    return Number(tensors[quantized.outputs[0]!.tensor]![0])
  })
}

/** The same threshold for ever: the practice of today. */
function fixed(threshold: number): RiskLimits {
  return { ...OIL_LIMITS, minThreshold: threshold, maxThreshold: threshold, fallbackThreshold: threshold }
}

/** Loan books, a line each. */
function print(books: Readonly<Record<string, LoanBook>>): void {
  for (const [label, { lent, liquidated, badLoans, badDebt }] of Object.entries(books)) {
    const sums = `lent ${lent.toFixed(0)}, liquidated ${liquidated}, bad loans ${badLoans}, bad debt ${badDebt.toFixed(2)}`
    console.log(`        ${label}: ${sums}`)
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length

describe('lending against oil, by the model and by a fixed number', function () {
  this.timeout(120_000)

  async function deploy() {
    const world = await createWorld()
    const model = await trapdoorModel(world, 'risk-engine')
    const { deployer, routed } = world
    const feed = await new MockPriceFeed__factory(deployer).deploy(2)
    const [oil, cash] = [
      await new HostileToken__factory(deployer).deploy(),
      await new HostileToken__factory(deployer).deploy(),
    ]
    const base = Math.floor((await time.latest()) / DAY) + 1
    const evening = (index: number) => (base + days[index]!) * DAY + 20 * 3600
    await feed.pushMany(cents.slice(0, WINDOW + 1), rounds(0, WINDOW).map(evening))
    const token = await oil.getAddress()
    const open = async (limits: RiskLimits) => {
      const entry = { token, feed: await feed.getAddress(), firstRoundId: 1n, limits }
      const engine = await new RiskEngine__factory(deployer).deploy(routed, model.modelId, [entry])
      const market = await new LendingMarket__factory(deployer).deploy(engine, oil, cash, LOANS.bonus, 0)
      for (const one of [oil, cash]) {
        await one.mint(deployer, 10n ** 30n)
        await one.approve(market, MaxUint256)
      }
      await market.supply(10n ** 26n)
      return { engine, market }
    }
    // A loan has an account of its own while it runs.
    const borrowers: HardhatEthersSigner[] = []
    for (const index of rounds(0, LOANS.term)) {
      const address = dataSlice(id(`borrower ${index}`), 12)
      await impersonateAccount(address)
      await setBalance(address, parseEther('100'))
      borrowers.push(await ethers.getSigner(address))
    }
    return { ...world, model, feed, token, base, evening, open, borrowers }
  }

  /** The day's business in one market, as `lendDaily` does it. */
  async function trade(
    market: LendingMarket,
    engine: RiskEngine,
    token: string,
    day: number,
    borrowers: HardhatEthersSigner[],
  ) {
    if (day % LOANS.visitEvery === 0) {
      const allowed = ((await market.collateralValue(TOKEN)) * (await engine.liquidationThreshold(token))) / 10_000n
      for (const borrower of borrowers) {
        if ((await market.debtOf(borrower)) > allowed) await market.liquidate(borrower, MaxUint256, 0, GAS)
      }
    }
    const due = borrowers[(day + 1) % borrowers.length]!
    if ((await market.debtOf(due)) !== 0n) await market.repay(due, MaxUint256, GAS)
    const left = await market.collateralOf(due)
    if (left !== 0n) await market.connect(due).removeCollateral(left, due, GAS)
    const fresh = borrowers[day % borrowers.length]!
    await market.addCollateral(TOKEN, fresh, GAS)
    const value = await market.collateralValue(TOKEN)
    await market.connect(fresh).borrow((value * (await engine.maxLtv(token))) / 10_000n, fresh, GAS)
  }

  async function bookOf(market: LendingMarket) {
    const sum = (values: readonly bigint[]) => Number(values.reduce((all, value) => all + value, 0n)) / 1e18
    const borrowed = await market.queryFilter(market.filters.Borrowed())
    const liquidated = await market.queryFilter(market.filters.Liquidated())
    const bad = liquidated.map(({ args }) => args.badDebt)
    return {
      lent: sum(borrowed.map(({ args }) => args.assets)),
      liquidated: liquidated.length,
      badLoans: bad.filter((debt) => debt > 0n).length,
      badDebt: sum(bad),
    }
  }

  itUninstrumented(
    `no bad debt in ${STEPS} days of 2008 on chain, where a fixed number of the same mean has some`,
    async () => {
      const scene = await loadFixture(deploy)
      const { model, feed, token, base, evening, open, borrowers, stranger } = scene
      const said = await proposals()
      const path = thresholdPath(said.slice(0, STEPS), days.slice(WINDOW), OIL_LIMITS)
      const level = Math.round(mean(path.targets))
      const proved = await open(OIL_LIMITS)
      const constant = await open(fixed(level))
      await proved.engine.closeDays(token, rounds(1, WINDOW))

      for (let day = 0; day < STEPS; day++) {
        const index = WINDOW + day
        // In the morning of the next trading day the feed says what it said in the evening; so the day before can be closed.
        const morning = (base + days[index + 1]!) * DAY + 13 * 3600
        await time.increaseTo(Math.max(morning, evening(index) + 1))
        await feed.push(cents[index]!, morning, GAS)
        const [newest] = await feed.latestRoundData()
        await proved.engine.closeDays(token, [newest - 1n], GAS)
        await proved.engine.requestParameters(token, GAS)
        const [requestId] = await proved.engine.requestOf(token)
        const caller = await proved.engine.getAddress()
        const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: stranger.address }
        const inputs = [...(await proved.engine.valuesOf(token))]
        const { output, proof } = model.prove(inputs, [BigInt(said[day]!)], context)
        await time.setNextBlockTimestamp(morning + 600)
        await proved.engine.submitParameters(token, output, proof, GAS)
        expect(await proved.engine.maxLtv(token), `day ${day}`).to.equal(path.targets[day]! - OIL_LIMITS.buffer)
        for (const { market, engine } of [proved, constant]) await trade(market, engine, token, day, borrowers)
        await feed.push(cents[index + 1]!, evening(index + 1), GAS)
      }
      const [byModel, byConstant] = [await bookOf(proved.market), await bookOf(constant.market)]
      print({ 'by the model': byModel, [`fixed at ${level}`]: byConstant })
      expect(byModel.badLoans).to.equal(0)
      expect(byConstant.badLoans).to.be.greaterThan(0)
      expect(byModel.lent).to.be.greaterThan(byConstant.lent)
    },
  )

  itUninstrumented('no bad debt in eleven held-out years, where a fixed number of the same mean has some', async () => {
    const path = thresholdPath(await proposals(), days.slice(WINDOW), OIL_LIMITS)
    const level = mean(path.targets)
    const constant = heldOut.map(() => level)
    const below = (targets: readonly number[]) => targets.map((target) => target - OIL_LIMITS.buffer)
    const byModel = lendDaily(heldOut, below(path.targets), path.thresholds)
    const byConstant = lendDaily(heldOut, below(constant), constant)
    print({ 'by the model': byModel, [`fixed at ${level.toFixed(0)}`]: byConstant })
    expect(byModel.badLoans).to.equal(0)
    expect(byConstant.badLoans).to.be.greaterThan(10)
    expect(byModel.lent).to.be.greaterThan(byConstant.lent)
    expect(byModel.liquidated).to.be.lessThan(byConstant.liquidated)
  })
})
