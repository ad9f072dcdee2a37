// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, id, keccak256, MaxUint256, ZeroAddress, ZeroHash } from 'ethers'
import { pack } from '../../../prover/encodings'
import { FlowBoard__factory, FlowClockHarness__factory } from '../../../typechain-types'
import { IS_COVERAGE } from '../../support/coverage'
import { freshSigners, randomNumbers } from '../../support/consumers'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { answerFor, CONFIG, deployFlow, giveHistory, nextPeriod, PERIOD, WINDOW } from '../../support/flow'
import { forge, malleate } from '../../support/malleate'
import { createWorld } from '../../support/world'

const TTL = CONFIG.scoreTtl
const HIGHEST = 3000n
const QUIET = new Array<number>(WINDOW).fill(0)

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'flow-toxicity')
  return { ...(await deployFlow(world, model.modelId)), model }
}

/** The same, with a trader of twelve settled periods, net 12,000 units. */
async function deployKnown() {
  const scene = await deploy()
  await giveHistory(scene, scene.account, QUIET)
  return scene
}

type Scene = Awaited<ReturnType<typeof deploy>>

async function score(scene: Scene, value: bigint, trader = scene.account) {
  await scene.reputation.requestScore(trader)
  const { output, proof } = await answerFor(scene, scene.model, trader, value)
  return scene.reputation.submitScore(trader, output, proof)
}

describe('FlowClock, mean ticks of closed periods', () => {
  const deployClock = async () => {
    const [signer] = (await freshSigners(1)) as [HardhatEthersSigner]
    await nextPeriod()
    return new FlowClockHarness__factory(signer).deploy()
  }

  it('is what a list of all seconds says, over random walks with gaps', async () => {
    const clock = await loadFixture(deployClock)
    const random = randomNumbers(3)
    await time.setNextBlockTimestamp((await time.latest()) + 100)
    await clock.start(-7)
    let tick = -7
    let from = await time.latest()
    from -= from % PERIOD
    const opened = from / PERIOD
    const seconds: number[] = []
    const kept = new Set<number>()
    for (let i = 0; i < 60; i++) {
      const at = (await time.latest()) + 1 + random(i % 10 === 9 ? 4 * PERIOD : PERIOD)
      const ticks = Array.from({ length: 1 + random(3) }, () => random(2001) - 1000)
      for (let second = from + seconds.length; second < at; second++) seconds.push(tick)
      await time.setNextBlockTimestamp(at)
      await clock.move(ticks)
      tick = ticks.at(-1)!
      const period = Math.floor(at / PERIOD)
      if (period > opened) kept.add(period - 1)
      kept.add(period).add(period + 1)
      const mean = (p: number) => {
        const part = seconds.slice((p - opened) * PERIOD, (p - opened + 1) * PERIOD)
        return Math.floor(part.reduce((a, b) => a + b, 0) / PERIOD)
      }
      for (let p = Math.max(opened, period - 6); p < period; p++) {
        if (kept.has(p)) expect(await clock.closedTick(p), `period ${p - opened}`).to.equal(mean(p))
      }
      await expect(clock.closedTick(period)).to.be.revertedWithCustomError(clock, 'UnknownPeriod').withArgs(period)
      expect(await clock.recentTick()).to.equal(period > opened ? mean(period - 1) : tick)
    }
    await expect(clock.closedTick(opened - 1)).to.be.revertedWithCustomError(clock, 'UnknownPeriod')
    await nextPeriod(3)
    expect(await clock.closedTick(Math.floor((await time.latest()) / PERIOD) - 1)).to.equal(tick)
    expect(await clock.recentTick()).to.equal(tick)
  })

  it('knows nothing before it begins, and the tick of now in its first period', async () => {
    const clock = await loadFixture(deployClock)
    const period = Math.floor((await time.latest()) / PERIOD)
    await expect(clock.closedTick(period - 1)).to.be.revertedWithCustomError(clock, 'UnknownPeriod')
    await clock.start(40)
    expect(await clock.recentTick()).to.equal(40)
    await expect(clock.closedTick(period - 1)).to.be.revertedWithCustomError(clock, 'UnknownPeriod')
  })

  it('gives a tick that comes and goes within a block no weight', async () => {
    const clock = await loadFixture(deployClock)
    await clock.start(10)
    await clock.move([887_272, -887_272, 10])
    const period = await nextPeriod()
    await clock.move([-887_272, 10])
    await nextPeriod()
    expect([await clock.closedTick(period - 1n), await clock.closedTick(period)]).to.deep.equal([10n, 10n])
  })

  it('rounds down', async () => {
    const clock = await loadFixture(deployClock)
    for (const [a, b, floor] of [
      [7, 2, 3],
      [-7, 2, -4],
      [-8, 2, -4],
      [0, 5, 0],
      [-1, 300, -1],
    ] as const) {
      expect(await clock.floorDiv(a, b)).to.equal(floor)
    }
  })
})

describe('FlowLedger, what traders did', () => {
  it('is written by the reporters that it was deployed with, and by nobody else', async () => {
    const { reputation, factory, routed, modelId, board, account, stranger, deployer } = await loadFixture(deploy)
    const address = await board.getAddress()
    expect([await reputation.isReporter(board), await reputation.isReporter(stranger)]).to.deep.equal([true, false])
    for (const sender of [stranger, account, deployer]) {
      await expect(reputation.connect(sender).report(account, 0, 1, 1))
        .to.be.revertedWithCustomError(reputation, 'NotAReporter')
        .withArgs(sender.address)
    }
    const five = (await freshSigners(5)).map((signer) => signer.address)
    for (const reporters of [[], [address, ZeroAddress], [address, address], five]) {
      await expect(factory.deploy(routed, modelId, reporters, CONFIG)).to.be.revertedWithCustomError(
        reputation,
        'BadReporters',
      )
    }
    await factory.deploy(routed, modelId, five.slice(1), CONFIG)
  })

  it('judges each period by the mean of the next one, weighted by volume, over random flow of two reporters', async () => {
    const scene = await loadFixture(deploy)
    const { board, factory, routed, modelId, account, other, deployer } = scene
    const second = await new FlowBoard__factory(deployer).deploy()
    const boards = [board, second]
    const addresses = await Promise.all(boards.map((one) => one.getAddress()))
    const reputation = await factory.deploy(routed, modelId, addresses, CONFIG)
    const random = randomNumbers(9)
    const entries: { due: number; who: number; at: number; markout: number; gross: number; net: number }[] = []
    const traders = [account.address, other.address]
    const traded = [0, 0]
    let period = Number(await nextPeriod())
    for (let i = 0; i < 45; i++) {
      const plans = boards.map((_, at) => {
        const level = random(600) - 300 + (i === 20 ? 5000 : 0)
        const next = random(600) - 300
        const trades = Array.from({ length: random(4) }, () => {
          const volume = (1 + random(i % 7 === 0 ? 9 : 3000)) * (random(2) === 0 ? 1 : -1)
          return { who: random(2), ticks: 2 * level + random(30) - 15, volume }
        })
        return { at, next, trades }
      })
      for (const { at, next, trades } of plans) {
        const list = trades.map(({ who, ticks, volume }) => ({ trader: traders[who]!, ticks, volume }))
        await boards[at]!.play(reputation, period, 0, list)
        await boards[at]!.set(period + 1, next)
        for (const who of [0, 1]) {
          const own = trades.filter((trade) => trade.who === who)
          const gross = own.reduce((sum, { volume }) => sum + Math.abs(volume), 0)
          const net = own.reduce((sum, { volume }) => sum + volume, 0)
          const weighted = own.reduce((sum, { volume, ticks }) => sum + volume * ticks, 0)
          traded[who]! += gross
          if (gross < 20) continue
          const raw = Math.floor((2 * next * net - weighted + gross) / (2 * gross))
          const markout = Math.max(-512, Math.min(511, raw))
          entries.push({ due: period + 2, who, at, markout, gross, net: Math.abs(net) })
        }
      }
      // The mean that judges this period must survive the next one's `play`.
      const skipped = 2 + random(2)
      period = Number(await nextPeriod(skipped))
      for (const who of [0, 1]) await reputation.settle(traders[who]!)
      for (const who of [0, 1]) {
        const newest = entries
          .filter((entry) => entry.who === who && entry.due <= period)
          .reverse()
          .slice(0, WINDOW)
        const { count, features, netMoved } = await reputation.flowOf(traders[who]!)
        const empty = new Array<number>(2 * (WINDOW - newest.length)).fill(-512)
        const expected = newest.flatMap(({ markout, gross }) => [markout, Math.floor(Math.log2(gross))])
        expect(count).to.equal(newest.length)
        expect(features.map(Number), `step ${i}`).to.deep.equal([...expected, ...empty])
        expect(netMoved).to.equal(newest.reduce((sum, { net }) => sum + net, 0))
        expect(await reputation.tradedBy(traders[who]!)).to.equal(traded[who])
        expect(await reputation.hasOpenFlow(traders[who]!)).to.equal(false)
      }
    }
    expect(entries.filter(({ who }) => who === 0).length).to.be.greaterThan(2 * WINDOW)
  })

  it('settles when the next period is over and not before, by itself when the trader trades on', async () => {
    const { reputation, board, account, other } = await loadFixture(deploy)
    const trade = (trader: { address: string }, volume = 100) => [{ trader: trader.address, ticks: 0, volume }]
    const first = await nextPeriod()
    await board.play(reputation, first, 0, trade(account))
    expect(await reputation.hasOpenFlow(account)).to.equal(true)
    const second = await nextPeriod()
    await board.play(reputation, second, 0, [...trade(account, -300), ...trade(other)])
    await reputation.settle(account)
    expect((await reputation.flowOf(account)).count).to.equal(0)
    const third = await nextPeriod()
    await expect(board.play(reputation, third, 25, trade(account)))
      .to.emit(reputation, 'PeriodSettled')
      .withArgs(account.address, await board.getAddress(), first, 25, 100)
    await nextPeriod()
    await board.set(third, 40)
    await expect(reputation.settle(account))
      .to.emit(reputation, 'PeriodSettled')
      .withArgs(account.address, await board.getAddress(), second, -40, 300)
    expect((await reputation.flowOf(account)).count).to.equal(2)
    expect(await reputation.hasOpenFlow(account)).to.equal(true)
    // Others are not settled along with it, and settling twice changes nothing.
    expect((await reputation.flowOf(other)).count).to.equal(0)
    await reputation.settle(account)
    expect((await reputation.flowOf(account)).count).to.equal(2)
  })

  it('counts a trade cut into pieces once, and what is reversed within a period for no net move', async () => {
    const { reputation, board, account, other } = await loadFixture(deploy)
    const pieces = (trader: string, volumes: number[]) => volumes.map((volume) => ({ trader, ticks: 0, volume }))
    const period = await nextPeriod()
    await board.play(reputation, period, 0, pieces(account.address, new Array<number>(40).fill(25)))
    await board.play(reputation, period, 0, pieces(other.address, [500, -500, 300, -290]))
    await nextPeriod(2)
    await board.set(period + 1n, 10)
    for (const one of [account, other]) await reputation.settle(one)
    const [whole, washed] = [await reputation.flowOf(account), await reputation.flowOf(other)]
    expect([whole.count, whole.netMoved, whole.features[0]]).to.deep.equal([1n, 1000n, 10n])
    expect([washed.count, washed.netMoved, washed.features[0]]).to.deep.equal([1n, 10n, 0n])
    expect(washed.features[1]).to.equal(10n)
  })

  it('counts a trade by what it moved, at most by its size, and what it used up by its size', async () => {
    const { reputation, board, account } = await loadFixture(deploy)
    const trade = { trader: account.address, ticks: 0n, volume: 5000n }
    for (const [moved, counted] of [
      [60n, 60n],
      [-60n, 60n],
      [9000n, 5000n],
      [-(2n ** 255n), 5000n],
      [0n, undefined],
    ] as const) {
      const period = await nextPeriod()
      await board.playInPart(reputation, trade, moved)
      await nextPeriod(2)
      await board.set(period + 1n, 7)
      const settled = reputation.settle(account)
      if (counted === undefined) await expect(settled).to.not.emit(reputation, 'PeriodSettled')
      else {
        const markout = moved > 0n ? 7 : -7
        await expect(settled)
          .to.emit(reputation, 'PeriodSettled')
          .withArgs(account.address, await board.getAddress(), period, markout, counted)
      }
    }
    expect((await reputation.flowOf(account)).netMoved).to.equal(10_120)
    expect(await reputation.tradedBy(account)).to.equal(25_000)
  })

  it('drops periods below the least volume, and goes on at the largest numbers', async () => {
    const { reputation, board, account } = await loadFixture(deploy)
    const last = async (ticks: bigint, volume: bigint, mean: number) => {
      const period = await nextPeriod()
      await board.play(reputation, period, 0, [{ trader: account.address, ticks, volume }])
      await nextPeriod(2)
      await board.set(period + 1n, mean)
      await reputation.settle(account)
      const { count, features, netMoved } = await reputation.flowOf(account)
      return [count, features[0], features[1], netMoved]
    }
    expect(await last(0n, 19n, 5)).to.deep.equal([0n, -512n, -512n, 0n])
    expect(await last(0n, 0n, 5)).to.deep.equal([0n, -512n, -512n, 0n])
    expect(await reputation.hasOpenFlow(account)).to.equal(false)
    expect(await last(0n, 20n, 5)).to.deep.equal([1n, 5n, 4n, 20n])
    const most = 2n ** 255n - 1n
    const top = 2n ** 21n - 1n
    expect(await last(-most, most, 887_272)).to.deep.equal([2n, 511n, 40n, 20n + top])
    expect(await last(most, most, -887_272)).to.deep.equal([3n, -512n, 40n, 20n + 2n * top])
    expect(await last(-most - 1n, -most - 1n, 0)).to.deep.equal([4n, -512n, 40n, 20n + 3n * top])
    expect(await reputation.tradedBy(account)).to.equal(39n + 3n * 2n ** 40n)
  })
})

describe('FlowReputation, what traders pay', () => {
  it('is refused with fees, times or models that do not fit', async () => {
    const { factory, reputation, routed, modelId, board, register, ...world } = await loadFixture(deploy)
    const make = (config: object, model = modelId) =>
      board.getAddress().then((address) => factory.deploy(routed, model, [address], { ...CONFIG, ...config }))
    const nine = Array.from({ length: 9 }, (_, index) => 100n * BigInt(index + 1))
    for (const config of [
      { fees: [] },
      { fees: [500n, 500n] },
      { fees: [600n, 500n] },
      { fees: nine },
      { fees: [100_001n] },
      { requestPeriod: 0n },
      { scoreTtl: CONFIG.requestPeriod - 1n },
    ]) {
      await expect(make(config)).to.be.revertedWithCustomError(reputation, 'BadConfig')
    }
    const least = await make({ fees: [...nine.slice(1, 8), 100_000n], scoreTtl: CONFIG.requestPeriod, leastVolume: 0n })
    expect([await least.highestFee(), await least.leastVolume()]).to.deep.equal([100_000n, 1n])
    const fee = await trapdoorModel({ register, ...world } as never, 'fee-mlp')
    for (const wrong of [await register(), fee.modelId]) {
      await expect(make({}, wrong)).to.be.revertedWithCustomError(reputation, 'NotAFlowModel').withArgs(wrong)
    }
  })

  it('charges strangers the highest fee, and the proven the lowest that covers score and margin', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, account, other, stranger } = scene
    expect(await reputation.feeFor(stranger, 1)).to.equal(HIGHEST)
    expect(await reputation.feeFor(account, 1)).to.equal(HIGHEST)
    await reputation.settle(account)
    const inputs = [...(await reputation.flowOf(account)).features]
    const asked = await reputation.connect(other).requestScore(account)
    const takenAt = BigInt(await time.latest())
    const [requestId, inputWord, expiresAt] = await reputation.requestOf(account)
    const types = ['bytes32', 'address', 'uint256']
    const seed = [id('zkml.flow.request.v1'), account.address, 1]
    expect(requestId).to.equal(keccak256(AbiCoder.defaultAbiCoder().encode(types, seed)))
    expect([inputWord]).to.deep.equal(pack(inputs, scene.model.schema.inputs[0]!))
    expect(expiresAt).to.equal(takenAt + TTL)
    await expect(asked).to.emit(reputation, 'ScoreRequested').withArgs(account.address, requestId, inputWord, expiresAt)
    const { output, proof } = await answerFor(scene, scene.model, account, 200n)
    await expect(reputation.connect(stranger).submitScore(account, output, proof))
      .to.emit(reputation, 'ScoreProven')
      .withArgs(account.address, requestId, 200, 500, expiresAt)
    expect(await reputation.scoreOf(account)).to.deep.equal([200n, 500n, expiresAt, 12_000n])
    expect(await reputation.requestOf(account)).to.deep.equal([ZeroHash, 0n, 0n])
    expect([await reputation.feeFor(account, 1), await reputation.feeFor(other, 1)]).to.deep.equal([500n, HIGHEST])
    for (const [value, fee] of [
      [0n, 500n],
      [201n, 1500n],
      [1200n, 1500n],
      [1201n, HIGHEST],
      [2700n, HIGHEST],
      [2701n, HIGHEST],
      [16_383n, HIGHEST],
    ] as const) {
      await time.increase(CONFIG.requestPeriod)
      await score(scene, value)
      expect(await reputation.feeFor(account, 1), `${value}`).to.equal(fee)
    }
  })

  it('lets a score hold from its snapshot to the last second, whenever it was proven', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, account } = scene
    await reputation.requestScore(account)
    const [requestId, , expiresAt] = await reputation.requestOf(account)
    const { output, proof } = await answerFor(scene, scene.model, account, 0n)
    await time.setNextBlockTimestamp(expiresAt - 1n)
    await reputation.submitScore(account, output, proof)
    await time.increaseTo(expiresAt)
    expect(await reputation.feeFor(account, 1)).to.equal(500)
    await time.increaseTo(expiresAt + 1n)
    expect(await reputation.feeFor(account, 1)).to.equal(HIGHEST)
    await reputation.requestScore(account)
    const late = await answerFor(scene, scene.model, account, 0n)
    const [next, , end] = await reputation.requestOf(account)
    await time.setNextBlockTimestamp(end + 1n)
    await expect(reputation.submitScore(account, late.output, late.proof))
      .to.be.revertedWithCustomError(reputation, 'RequestExpired')
      .withArgs(next, end)
    expect(next).to.not.equal(requestId)
  })

  it('is good for the net move that earned it, counted from the snapshot, and for no unit more', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, board, account } = scene
    const trade = async (volume: bigint) =>
      board.play(reputation, await nextPeriod(), 0, [{ trader: account.address, ticks: 0n, volume }])
    const left = async () => (await reputation.scoreOf(account)).volumeLeft
    await reputation.requestScore(account)
    const answer = await answerFor(scene, scene.model, account, 0n)
    // What is traded before the proof comes counts.
    await trade(-2_000n)
    await reputation.submitScore(account, answer.output, answer.proof)
    expect(await left()).to.equal(10_000n)
    for (const [volume, fee] of [
      [10_000n, 500n],
      [10_001n, HIGHEST],
      [MaxUint256, HIGHEST],
    ] as const) {
      expect(await reputation.feeFor(account, volume)).to.equal(fee)
    }
    await trade(9_999n)
    expect([await left(), await reputation.feeFor(account, 1), await reputation.feeFor(account, 2)]).to.deep.equal([
      1n,
      500n,
      HIGHEST,
    ])
    await trade(50_000n)
    expect([await left(), await reputation.feeFor(account, 1)]).to.deep.equal([0n, HIGHEST])
    // Asking again gives what these three periods are worth. The nine old ones in the history were good once.
    await nextPeriod(WINDOW)
    await score(scene, 0n)
    expect((await reputation.flowOf(account)).netMoved).to.equal(9_000n + 2_000n + 9_999n + 50_000n)
    expect(await left()).to.equal(2_000n + 9_999n + 50_000n)
  })

  it('is good once for each unit of history, however often it is asked for', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, board, account } = scene
    const left = async () => (await reputation.scoreOf(account)).volumeLeft
    const unseen = async (volume: bigint) => {
      await board.playInPart(reputation, { trader: account.address, ticks: 0n, volume }, 0n)
      await nextPeriod(WINDOW + 1)
    }
    // Requests that nobody proves neither take nor give, whatever is traded at the full fee meanwhile.
    for (let i = 0; i < 3; i++) {
      await reputation.requestScore(account)
      await unseen(5_000n)
    }
    await score(scene, 0n)
    expect(await left()).to.equal(12_000n)
    for (const rest of [8_000n, 4_000n, 0n, 0n]) {
      await unseen(4_000n)
      expect(await left()).to.equal(rest)
      await reputation.requestScore(account)
      await time.increase(CONFIG.requestPeriod)
      await score(scene, 0n)
      expect(await left()).to.equal(rest)
    }
    expect([await reputation.feeFor(account, 1), await reputation.earnedBy(account)]).to.deep.equal([HIGHEST, 12_000n])
    // What was lost beyond the end is not owed: a new period gives what it moved, and the window is the most there is.
    await giveHistory(scene, account, [0])
    await time.increase(CONFIG.requestPeriod)
    await score(scene, 0n)
    expect(await left()).to.equal(1000n)
    await giveHistory(scene, account, [...QUIET, ...QUIET])
    await score(scene, 0n)
    expect(await left()).to.equal(12_000n)
  })

  it('renews nothing by trades that no period is kept of, though the price goes far after them', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, board, account } = scene
    await score(scene, 0n)
    const history = await reputation.flowOf(account)
    for (const rest of [600n, 0n, 0n]) {
      for (let i = 0; i < 6; i++) {
        const period = await nextPeriod()
        await board.playInPart(reputation, { trader: account.address, ticks: 0n, volume: 1_900n }, 19n)
        await nextPeriod(2)
        await board.set(period + 1n, 500)
      }
      await reputation.settle(account)
      expect(await reputation.flowOf(account)).to.deep.equal(history)
      await score(scene, 0n)
      expect((await reputation.scoreOf(account)).volumeLeft).to.equal(rest)
    }
    expect(await reputation.feeFor(account, 1)).to.equal(HIGHEST)
  })

  it('gives a trader that trades there and back nothing to save', async () => {
    const scene = await loadFixture(deploy)
    const { reputation, board, account } = scene
    for (let i = 0; i < WINDOW; i++) {
      const both = [700n, -700n].map((volume) => ({ trader: account.address, ticks: 0n, volume }))
      await board.play(reputation, await nextPeriod(), 0, both)
    }
    await nextPeriod(2)
    await score(scene, 0n)
    expect([await reputation.feeFor(account, 1), await reputation.feeFor(account, 0)]).to.deep.equal([HIGHEST, 500n])
  })

  it('is asked by anyone, about twelve settled periods, once in a while, and never past open trades', async () => {
    const scene = await loadFixture(deploy)
    const { reputation, board, account, other, stranger } = scene
    await expect(reputation.requestScore(other))
      .to.be.revertedWithCustomError(reputation, 'HistoryTooShort')
      .withArgs(other.address, 0)
    await giveHistory(scene, account, QUIET.slice(1))
    await expect(reputation.connect(account).requestScore(account))
      .to.be.revertedWithCustomError(reputation, 'HistoryTooShort')
      .withArgs(account.address, 11)
    const one = { trader: account.address, ticks: 0n, volume: 1000n }
    await expect(board.playAndAsk(reputation, one))
      .to.be.revertedWithCustomError(reputation, 'FlowStillOpen')
      .withArgs(account.address)
    const period = await nextPeriod()
    await board.play(reputation, period, 0, [one])
    for (let i = 0; i < 2; i++) {
      await expect(reputation.requestScore(account)).to.be.revertedWithCustomError(reputation, 'FlowStillOpen')
      await nextPeriod()
    }
    // What is due is settled first: a bad period cannot be left out by not settling it.
    await board.set(period + 1n, 300)
    await reputation.connect(stranger).requestScore(account)
    expect((await reputation.flowOf(account)).features[0]).to.equal(300)
    const takenAt = BigInt(await time.latest())
    await time.setNextBlockTimestamp(takenAt + CONFIG.requestPeriod - 1n)
    await expect(reputation.requestScore(account))
      .to.be.revertedWithCustomError(reputation, 'RequestTooEarly')
      .withArgs(account.address, takenAt + CONFIG.requestPeriod)
    const stale = await answerFor(scene, scene.model, account, 0n)
    await reputation.requestScore(account)
    const [requestId] = await reputation.requestOf(account)
    await expect(reputation.submitScore(account, stale.output, stale.proof))
      .to.be.revertedWithCustomError(reputation, 'WrongRequest')
      .withArgs(requestId, stale.requestId)
  })

  it('takes a score once, however its proof is written', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, account, other, model } = scene
    await expect(reputation.submitScore(other, '0x', '0x'))
      .to.be.revertedWithCustomError(reputation, 'NoOpenRequest')
      .withArgs(other.address)
    await reputation.requestScore(account)
    const first = await answerFor(scene, model, account, 0n)
    const again = await answerFor(scene, model, account, 0n, { randomness: 99n })
    const twin = malleate(first.proof)
    await reputation.submitScore(account, first.output, twin)
    for (const proof of [first.proof, twin, again.proof]) {
      await expect(reputation.submitScore(account, first.output, proof))
        .to.be.revertedWithCustomError(reputation, 'NoOpenRequest')
        .withArgs(account.address)
    }
    // Neither does the next snapshot take it, though the history is the same.
    await time.increase(CONFIG.requestPeriod)
    await reputation.requestScore(account)
    const [requestId] = await reputation.requestOf(account)
    for (const proof of [first.proof, twin]) {
      await expect(reputation.submitScore(account, first.output, proof))
        .to.be.revertedWithCustomError(reputation, 'WrongRequest')
        .withArgs(requestId, first.requestId)
    }
  })

  it('takes no proof that is wrong, of another history, or made for anything else', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, account, other, routed, factory, board, modelId, model } = scene
    await giveHistory(scene, other, QUIET)
    await reputation.requestScore(account)
    await reputation.requestScore(other)
    const answer = (changes = {}, value = 0n) => answerFor(scene, model, account, value, changes)
    const good = await answer()
    const submit = ({ output, proof }: { output: string; proof: string }) =>
      reputation.submitScore(account, output, proof)
    const refused = (call: Promise<unknown>, error: string) => expect(call).to.be.revertedWithCustomError(routed, error)
    await refused(submit({ ...good, proof: forge(good.proof) }), 'InvalidProof')
    await refused(submit({ ...good, output: (await answer({}, 1n)).output }), 'InvalidProof')
    const better = [...(await reputation.flowOf(account)).features]
    better[0] = -100n
    await expect(submit(await answer({ inputs: better }))).to.be.reverted
    const [theirs] = await reputation.requestOf(other)
    await expect(submit(await answer({ requestId: theirs })))
      .to.be.revertedWithCustomError(reputation, 'WrongRequest')
      .withArgs(good.requestId, theirs)
    const second = await factory.deploy(routed, modelId, [await board.getAddress()], CONFIG)
    for (const changes of [
      { chainId: 1n },
      { caller: await second.getAddress() },
      { caller: account.address },
      { modelId: 7n },
    ]) {
      await refused(submit(await answer(changes)), 'InvalidProof')
    }
    const inputs = [...(await reputation.flowOf(account)).features]
    await expect(submit(model.prove(inputs, [0n], null))).to.be.reverted
    const foreign = await trapdoorModel(scene, 'flow-toxicity', 'another')
    const context = {
      chainId: 31337n,
      caller: await reputation.getAddress(),
      requestId: good.requestId,
      modelId: foreign.modelId,
      prover: account.address,
    }
    await refused(submit(foreign.prove(inputs, [0n], context)), 'InvalidProof')
    expect((await reputation.scoreOf(account)).expiresAt).to.equal(0)
    expect(await reputation.feeFor(account, 1)).to.equal(HIGHEST)
    await submit(good)
    expect(await reputation.feeFor(account, 1)).to.equal(500)
  })

  it('ends with its model: deprecated, it takes no more scores; stopped, everyone pays the highest fee', async () => {
    const scene = await loadFixture(deployKnown)
    const { reputation, account, other, routed, registry, publisher, modelId, stop, guardian, model } = scene
    await giveHistory(scene, other, QUIET)
    await score(scene, 0n)
    await reputation.requestScore(other)
    const late = await answerFor(scene, model, other, 0n)
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(reputation.submitScore(other, late.output, late.proof)).to.be.revertedWithCustomError(
      routed,
      'VerificationRefused_ModelDeprecated',
    )
    expect(await reputation.feeFor(account, 1)).to.equal(500)
    await stop.connect(guardian).stop()
    expect(await reputation.feeFor(account, 1)).to.equal(HIGHEST)
  })
})

describe('FlowReputation with the real model', () => {
  it('lowers the fee of harmless flow, and not that of flow that knows, each by a proven score', async () => {
    const world = await createWorld()
    const reference = await referenceModel(world, 'flow-toxicity')
    const scene = await deployFlow(world, reference.modelId)
    const { reputation, account, other, stranger } = scene
    const harmless = [3, -8, 2, -1, 6, -12, 4, 0, -5, 9, -3, 1]
    for (const [trader, markouts, fee] of [
      [account, harmless, 500n],
      [other, harmless.map((tick) => 30 + 2 * tick), HIGHEST],
    ] as const) {
      await giveHistory(scene, trader, markouts, 300n)
      const asked = await (await reputation.requestScore(trader)).wait()
      const [requestId] = await reputation.requestOf(trader)
      const { features } = await reputation.flowOf(trader)
      const caller = await reputation.getAddress()
      const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: stranger.address }
      const { output, proof } = await reference.prove([...features], context)
      const [expected] = reference.run([...features])
      const submitted = await (await reputation.connect(stranger).submitScore(trader, output, proof)).wait()
      expect((await reputation.scoreOf(trader)).score).to.equal(expected)
      expect(await reputation.feeFor(trader, 1)).to.equal(fee)
      if (!IS_COVERAGE) expect(asked!.gasUsed).to.be.at.most(125_000)
      if (!IS_COVERAGE) expect(submitted!.gasUsed).to.be.at.most(335_000)
    }
  })
})
