// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, mine, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, id, keccak256, ZeroAddress, ZeroHash } from 'ethers'
import { pack } from '../../../prover/encodings'
import { OIL_LIMITS, movesOf, riskFeatures } from '../../../scripts/demo/oil'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { IS_COVERAGE } from '../../support/coverage'
import { forge, malleate } from '../../support/malleate'
import {
  answerTo,
  DAY,
  deployClosedRisk,
  deployRisk,
  deployRiskWithTrapdoor,
  nextDay,
  NOON,
  propose,
  rounds,
  walk,
  writeDays,
} from '../../support/risk'
import { createWorld } from '../../support/world'

const { minThreshold, maxThreshold, fallbackThreshold, buffer, reserve, maxRise, maxFall, fallPerDay, ttl } = OIL_LIMITS

describe('RiskEngine, its history', () => {
  it('has one right list of closing rounds, whoever writes it', async () => {
    const { engine, feed, token, firstDay, prices, stranger } = await loadFixture(deployRiskWithTrapdoor)
    const refused = (roundId: number, day: number) =>
      expect(engine.closeDays(token, [roundId]))
        .to.be.revertedWithCustomError(engine, 'NotTheClosingRound')
        .withArgs(token, day, roundId)
    // Neither a day ahead nor one that has not ended.
    await refused(2, firstDay)
    await refused(0, firstDay)
    await refused(70, firstDay)
    await refused(99, firstDay)
    await expect(engine.connect(stranger).closeDays(token, [1]))
      .to.emit(engine, 'DayClosed')
      .withArgs(token, firstDay, prices[0])
    await refused(1, firstDay + 1)
    await engine.closeDays(token, rounds(2, 69))
    expect(await engine.historyOf(token)).to.deep.equal([BigInt(firstDay + 68), BigInt(prices[68]!), 69n, 68n])
    await refused(70, firstDay + 69)
    await refused(71, firstDay + 69)
    // Several rounds in a day: only the last one closes it.
    const today = firstDay + 69
    await feed.pushMany([5000, 5001], [today * DAY + NOON + 1, today * DAY + DAY - 1])
    await refused(72, today)
    await feed.push(5002, (today + 1) * DAY)
    await refused(70, today)
    await refused(71, today)
    await refused(73, today)
    await expect(engine.closeDays(token, [72]))
      .to.emit(engine, 'DayClosed')
      .withArgs(token, today, 5001)
  })

  it('leaves out days without rounds, and no others', async () => {
    const { engine, feed, token, firstDay } = await loadFixture(deployClosedRisk)
    const monday = firstDay + 72
    await feed.push(7000, monday * DAY + 5)
    await feed.push(8000, (monday + 1) * DAY + 5)
    // Round 70 is of the last day before the gap, round 71 of the first one after it.
    await expect(engine.closeDays(token, [71])).to.be.revertedWithCustomError(engine, 'NotTheClosingRound')
    await engine.closeDays(token, [70, 71])
    expect(await engine.historyOf(token)).to.deep.equal([BigInt(monday), 7000n, 71n, 70n])
  })

  it('is what a replica computes, in moves and features', async () => {
    const { engine, feed, token, prices, firstDay } = await loadFixture(deployClosedRisk)
    const more = [...walk(40, 77), 40, 40, 9_000_000, 9_000_000, 20, ...new Array<number>(70).fill(20), ...walk(30, 5)]
    await writeDays(feed, firstDay + 70, more)
    const all = [...prices, ...more]
    let closed = 69
    for (const until of [69, 100, 112, 113, 115, 116, 150, 186, 200, all.length - 1]) {
      if (until > closed) await engine.closeDays(token, rounds(closed + 1, until))
      closed = until
      const newestFirst = movesOf(all.slice(0, closed)).slice(-64).reverse()
      const moves = (await engine.movesOf(token)).map(Number)
      expect(moves, `${closed} days`).to.deep.equal(newestFirst)
      expect((await engine.valuesOf(token)).map(Number)).to.deep.equal(riskFeatures(newestFirst).map((v) => v + 0))
    }
  })

  it('takes no price that is not one, and stops there', async () => {
    const { engine, feed, token, today } = await loadFixture(deployClosedRisk)
    for (const [seconds, answer] of [
      [100, 0n],
      [200, -1n],
      [300, 2n ** 112n],
    ] as const) {
      await feed.push(answer, today * DAY + NOON + seconds)
      await time.increaseTo(today * DAY + NOON + seconds)
      await expect(engine.priceOf(token)).to.be.revertedWithCustomError(engine, 'BadPrice').withArgs(token, answer)
    }
    await feed.push(1, (today + 1) * DAY)
    await expect(engine.closeDays(token, [73])).to.be.revertedWithCustomError(engine, 'BadPrice')
  })

  it('gives the newest price until it is too old, and none from the future', async () => {
    const { engine, feed, token, today, prices } = await loadFixture(deployClosedRisk)
    expect(await engine.priceOf(token)).to.equal(prices[69])
    const updatedAt = today * DAY + NOON
    await time.increaseTo(updatedAt + OIL_LIMITS.maxPriceAge)
    expect(await engine.priceOf(token)).to.equal(prices[69])
    await mine()
    await expect(engine.priceOf(token)).to.be.revertedWithCustomError(engine, 'StalePrice').withArgs(token, updatedAt)
    const ahead = (await time.latest()) + 1000
    await feed.push(1, ahead)
    await expect(engine.priceOf(token)).to.be.revertedWithCustomError(engine, 'StalePrice').withArgs(token, ahead)
  })
})

describe('RiskEngine, its parameters', () => {
  it('are refused with limits, feeds or models that do not fit', async () => {
    const { factory, engine, routed, modelId, entry, register, ...world } = await loadFixture(deployRiskWithTrapdoor)
    for (const limits of [
      { buffer: 0 },
      { buffer: minThreshold },
      { minThreshold: fallbackThreshold + 1 },
      { maxThreshold: fallbackThreshold - 1 },
      { maxThreshold: 10_000 },
      { maxRise: 0 },
      { maxFall: 0 },
      { fallPerDay: 0 },
      { ttl: DAY - 1 },
      { maxPriceAge: 0 },
    ]) {
      const bad = { ...entry, limits: { ...OIL_LIMITS, ...limits } }
      await expect(factory.deploy(routed, modelId, [bad]))
        .to.be.revertedWithCustomError(engine, 'BadCollateral')
        .withArgs(entry.token)
    }
    for (const bad of [
      [{ ...entry, token: ZeroAddress }],
      [{ ...entry, feed: ZeroAddress }],
      [{ ...entry, firstRoundId: 0n }],
      [{ ...entry, firstRoundId: 71n }],
      [entry, entry],
    ]) {
      await expect(factory.deploy(routed, modelId, bad)).to.be.revertedWithCustomError(engine, 'BadCollateral')
    }
    const tight = { ...entry, limits: { ...OIL_LIMITS, buffer: minThreshold - 1, maxThreshold: 9999, ttl: DAY } }
    await factory.deploy(routed, modelId, [tight])
    const score = await trapdoorModel({ register, ...world } as never, 'reputation-score')
    for (const wrong of [await register(), score.modelId]) {
      await expect(factory.deploy(routed, wrong, [entry]))
        .to.be.revertedWithCustomError(engine, 'NotARiskModel')
        .withArgs(wrong)
    }
    const other = await factory.deploy(routed, modelId, [])
    await expect(other.maxLtv(entry.token)).to.be.revertedWithCustomError(engine, 'UnknownCollateral')
    await expect(other.closeDays(entry.token, [])).to.be.revertedWithCustomError(engine, 'UnknownCollateral')
    await expect(other.requestParameters(entry.token)).to.be.revertedWithCustomError(engine, 'UnknownCollateral')
    await expect(other.submitParameters(entry.token, '0x', '0x')).to.be.revertedWithCustomError(
      engine,
      'UnknownCollateral',
    )
  })

  it('are the fallback before any inference', async () => {
    const { engine, token } = await loadFixture(deployRiskWithTrapdoor)
    expect(await engine.liquidationThreshold(token)).to.equal(fallbackThreshold)
    expect(await engine.maxLtv(token)).to.equal(fallbackThreshold - buffer)
    await expect(engine.requestParameters(token))
      .to.be.revertedWithCustomError(engine, 'HistoryTooShort')
      .withArgs(token, 0)
    await engine.closeDays(token, rounds(1, 64))
    await expect(engine.requestParameters(token))
      .to.be.revertedWithCustomError(engine, 'HistoryTooShort')
      .withArgs(token, 63)
    await expect(engine.movesOf(token)).to.be.revertedWithCustomError(engine, 'HistoryTooShort')
  })

  it('are asked for once a day, by anyone, after all days that can be closed', async () => {
    const scene = await loadFixture(deployRiskWithTrapdoor)
    const { engine, token, stranger, model, firstDay } = scene
    await engine.closeDays(token, rounds(1, 68))
    await expect(engine.requestParameters(token))
      .to.be.revertedWithCustomError(engine, 'DayNotClosed')
      .withArgs(token, firstDay + 68)
    await engine.closeDays(token, [69])
    const values = [...(await engine.valuesOf(token))]
    const day = firstDay + 68
    const requestId = keccak256(
      AbiCoder.defaultAbiCoder().encode(['bytes32', 'address', 'uint256'], [id('zkml.risk.request.v1'), token, day]),
    )
    await expect(engine.connect(stranger).requestParameters(token))
      .to.emit(engine, 'ParametersRequested')
      .withArgs(token, requestId, day, values)
    const expiresAt = (day + 1) * DAY + ttl
    expect(await engine.requestOf(token)).to.deep.equal([
      requestId,
      pack(values, model.schema.inputs[0]!)[0],
      BigInt(expiresAt),
    ])
    await expect(engine.requestParameters(token))
      .to.be.revertedWithCustomError(engine, 'AlreadyRequested')
      .withArgs(token, day)
    const { output, proof } = await answerTo(scene, 7200n)
    await expect(engine.connect(stranger).submitParameters(token, output, proof))
      .to.emit(engine, 'ParametersProven')
      .withArgs(token, requestId, 7200, 7200 - reserve, expiresAt)
    await expect(engine.requestParameters(token)).to.be.revertedWithCustomError(engine, 'AlreadyRequested')
    expect(await engine.requestOf(token)).to.deep.equal([ZeroHash, 0n, 0n])
  })

  it('move within their bounds and by bounded steps, whatever is proven', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token } = scene
    let target = fallbackThreshold
    for (const proposed of [
      16_383,
      16_383,
      7000,
      0,
      0,
      0,
      0,
      16_383,
      8000,
      8199,
      8201,
      8200,
      ...new Array<number>(9).fill(16_383),
    ]) {
      await propose(scene, BigInt(proposed))
      const allowed = Math.max(minThreshold, Math.min(maxThreshold, proposed - reserve))
      target = Math.max(target - maxFall, Math.min(target + maxRise, allowed))
      expect(await engine.maxLtv(token)).to.equal(target - buffer)
      expect(await engine.liquidationThreshold(token)).to.be.within(target, maxThreshold)
      await nextDay(scene)
    }
    await propose(scene, 0n)
    expect(await engine.maxLtv(token)).to.equal(target - maxFall - buffer)
  })

  it('raise the threshold at once, and lower it day by day', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token } = scene
    await propose(scene, 10_000n)
    const high = fallbackThreshold + maxRise
    expect(await engine.liquidationThreshold(token)).to.equal(high)
    await nextDay(scene)
    const moment = (await time.latest()) + 100
    await engine.requestParameters(token)
    const { output, proof } = await answerTo(scene, 0n)
    await time.setNextBlockTimestamp(moment)
    await engine.submitParameters(token, output, proof)
    // No debt is above a threshold that it was not above in the block before.
    expect(await engine.liquidationThreshold(token)).to.equal(high)
    expect(await engine.maxLtv(token)).to.equal(high - maxFall - buffer)
    for (const [seconds, fallen] of [
      [DAY / 2, fallPerDay / 2],
      [DAY, fallPerDay],
      [3 * DAY, 3 * fallPerDay],
    ] as const) {
      await time.increaseTo(moment + seconds)
      expect(await engine.liquidationThreshold(token)).to.equal(high - fallen)
    }
    // A further fall goes on from there, no faster.
    await nextDay(scene)
    await engine.requestParameters(token)
    const again = await answerTo(scene, 0n)
    await time.setNextBlockTimestamp(moment + 4 * DAY)
    await engine.submitParameters(token, again.output, again.proof)
    expect(await engine.liquidationThreshold(token)).to.equal(high - 4 * fallPerDay)
    await time.increaseTo(moment + 5 * DAY)
    expect(await engine.liquidationThreshold(token)).to.equal(high - 5 * fallPerDay)
  })

  it('fall to the fallback when they expire, the loan-to-value at once and the threshold by and by', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token } = scene
    await propose(scene, 10_000n)
    await nextDay(scene)
    await propose(scene, 10_000n)
    const high = fallbackThreshold + 2 * maxRise
    const { expiresAt } = await engine.parametersOf(token)
    await time.increaseTo(expiresAt)
    expect(await engine.maxLtv(token)).to.equal(high - buffer)
    await mine()
    expect(await engine.maxLtv(token)).to.equal(fallbackThreshold - buffer)
    expect(await engine.liquidationThreshold(token)).to.equal(high)
    await time.increaseTo(expiresAt + BigInt(DAY))
    expect(await engine.liquidationThreshold(token)).to.equal(high - fallPerDay)
    await time.increaseTo(expiresAt + BigInt(30 * DAY))
    expect(await engine.liquidationThreshold(token)).to.equal(fallbackThreshold)
    await expect(nextDay(scene).then(() => propose(scene, 10_000n))).to.be.revertedWithCustomError(
      engine,
      'HistoryTooOld',
    )
  })

  it('rise from the fallback after they expired, by one step', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token, feed } = scene
    const steps = 5
    for (let step = 0; step < steps; step++) {
      await propose(scene, 10_000n)
      await nextDay(scene)
    }
    const high = fallbackThreshold + steps * maxRise
    expect(await engine.maxLtv(token)).to.equal(high - buffer)
    const expiresAt = Number((await engine.parametersOf(token)).expiresAt)
    // The feed was silent as well, and is back.
    const [newest] = await feed.latestRoundData()
    const back = (Math.floor(expiresAt / DAY) + 1) * DAY + NOON
    await time.increaseTo(back + DAY)
    await feed.pushMany([10_000, 10_000], [back, back + DAY])
    await engine.closeDays(token, [newest, newest + 1n])
    await engine.requestParameters(token)
    const { output, proof } = await answerTo(scene, 10_000n)
    const moment = expiresAt + 3 * DAY
    await time.setNextBlockTimestamp(moment)
    await engine.submitParameters(token, output, proof)
    expect(await engine.maxLtv(token)).to.equal(fallbackThreshold + maxRise - buffer)
    // The threshold is where it had fallen to, and falls on.
    expect(await engine.liquidationThreshold(token)).to.equal(high - 3 * fallPerDay)
    await time.increaseTo(moment + DAY)
    expect(await engine.liquidationThreshold(token)).to.equal(high - 4 * fallPerDay)
  })

  it('stay low when they expire below the fallback', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token } = scene
    await propose(scene, 0n)
    const { expiresAt } = await engine.parametersOf(token)
    await time.increaseTo(expiresAt + BigInt(60 * DAY))
    expect(await engine.maxLtv(token)).to.equal(fallbackThreshold - maxFall - buffer)
    expect(await engine.liquidationThreshold(token)).to.equal(fallbackThreshold - maxFall)
  })
})

describe('RiskEngine, its proofs', () => {
  it('come until the parameters would have expired, and not later', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token } = scene
    await engine.requestParameters(token)
    const [requestId, , expiresAt] = await engine.requestOf(token)
    const { output, proof } = await answerTo(scene, 7000n)
    await time.setNextBlockTimestamp(expiresAt)
    await engine.submitParameters.staticCall(token, output, proof)
    await time.setNextBlockTimestamp(expiresAt + 1n)
    await expect(engine.submitParameters(token, output, proof))
      .to.be.revertedWithCustomError(engine, 'RequestExpired')
      .withArgs(requestId, expiresAt)
  })

  it('count once, however they are written, and not for another day', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token, feed, today } = scene
    await expect(engine.submitParameters(token, '0x', '0x'))
      .to.be.revertedWithCustomError(engine, 'NoOpenRequest')
      .withArgs(token)
    await engine.requestParameters(token)
    const inputs = await engine.valuesOf(token)
    const first = await answerTo(scene, 7400n)
    const twin = malleate(first.proof)
    const again = await answerTo(scene, 7400n, { randomness: 99n })
    await engine.submitParameters(token, first.output, twin)
    for (const proof of [first.proof, twin, again.proof]) {
      await expect(engine.submitParameters(token, first.output, proof)).to.be.revertedWithCustomError(
        engine,
        'NoOpenRequest',
      )
    }
    await feed.push(10_000, (today + 1) * DAY + NOON)
    await engine.closeDays(token, [70])
    await engine.requestParameters(token)
    await expect(engine.submitParameters(token, first.output, first.proof)).to.be.reverted
    // What would pass for these values, made for the day before, does not either.
    const [requestId] = await engine.requestOf(token)
    const replayed = await answerTo(scene, 7400n, { requestId: first.requestId })
    await expect(engine.submitParameters(token, replayed.output, replayed.proof))
      .to.be.revertedWithCustomError(engine, 'WrongRequest')
      .withArgs(requestId, first.requestId)
    const old = await answerTo(scene, 7400n, { inputs })
    await expect(engine.submitParameters(token, old.output, old.proof)).to.be.reverted
  })

  it('are refused when wrong, of other values, or made for anything else', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { engine, token, routed, stranger, model } = scene
    await engine.requestParameters(token)
    const submit = ({ output, proof }: { output: string; proof: string }) =>
      engine.submitParameters(token, output, proof)
    const good = await answerTo(scene, 7400n)
    const bad = await answerTo(scene, 7500n)
    await expect(submit({ ...good, proof: forge(good.proof) })).to.be.reverted
    await expect(submit({ ...good, output: bad.output })).to.be.revertedWithCustomError(routed, 'InvalidProof')
    const values = await engine.valuesOf(token)
    const other = await answerTo(scene, 7400n, { inputs: values.map((value, i) => (i === 3 ? value + 1n : value)) })
    await expect(submit(other)).to.be.reverted
    for (const changes of [{ chainId: 1n }, { caller: stranger.address }, { modelId: 7n }]) {
      await expect(submit(await answerTo(scene, 7400n, changes))).to.be.revertedWithCustomError(routed, 'InvalidProof')
    }
    await expect(submit(await answerTo(scene, 7400n, { requestId: id('other') }))).to.be.revertedWithCustomError(
      engine,
      'WrongRequest',
    )
    await expect(submit(model.prove([...values], [7400n], null))).to.be.reverted
    expect((await engine.parametersOf(token)).since).to.equal(0)
    await submit(good)
    expect(await engine.maxLtv(token)).to.equal(7400 - reserve - buffer)
  })

  it('of one collateral are not good for another, of the same prices', async () => {
    const scene = await loadFixture(deployClosedRisk)
    const { factory, routed, modelId, entry, debtToken } = scene
    const twin = { ...entry, token: await debtToken.getAddress() }
    const engine = await factory.deploy(routed, modelId, [entry, twin])
    for (const { token } of [entry, twin]) {
      await engine.closeDays(token, rounds(1, 69))
      await engine.requestParameters(token)
    }
    const [requestId] = await engine.requestOf(twin.token)
    const { requestId: other, output, proof } = await answerTo({ ...scene, engine }, 7400n)
    await expect(engine.submitParameters(twin.token, output, proof))
      .to.be.revertedWithCustomError(engine, 'WrongRequest')
      .withArgs(requestId, other)
    await engine.submitParameters(entry.token, output, proof)
    expect(await engine.maxLtv(entry.token)).to.equal(7400 - reserve - buffer)
    expect(await engine.maxLtv(twin.token)).to.equal(fallbackThreshold - buffer)
  })

  it('end with their model, deprecated or stopped; what was set runs out', async () => {
    for (const end of ['deprecate', 'stop'] as const) {
      const scene = await loadFixture(deployClosedRisk)
      const { engine, token, registry, publisher, modelId, routed, stop, guardian } = scene
      await propose(scene, 7600n)
      await nextDay(scene)
      await engine.requestParameters(token)
      const late = await answerTo(scene, 8000n)
      if (end === 'deprecate') await registry.connect(publisher).deprecateModel(modelId)
      else await stop.connect(guardian).stop()
      const submitted = engine.submitParameters(token, late.output, late.proof)
      if (end === 'stop') await expect(submitted).to.be.reverted
      else await expect(submitted).to.be.revertedWithCustomError(routed, 'VerificationRefused_ModelDeprecated')
      expect(await engine.maxLtv(token)).to.equal(7600 - reserve - buffer)
      await time.increase(ttl + 2 * DAY)
      expect(await engine.maxLtv(token)).to.equal(fallbackThreshold - buffer)
    }
  })

  it('of the real model set what it says', async () => {
    const world = await createWorld()
    const reference = await referenceModel(world, 'risk-engine')
    const { engine, token, stranger, market } = await deployRisk(world, reference.modelId)
    const closed = await (await engine.closeDays(token, rounds(1, 68))).wait()
    const one = await (await engine.closeDays(token, [69])).wait()
    const asked = await (await engine.requestParameters(token)).wait()
    const [requestId] = await engine.requestOf(token)
    const values = await engine.valuesOf(token)
    const caller = await engine.getAddress()
    const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: stranger.address }
    const { output, proof } = await reference.prove(values, context)
    const [expected] = reference.run(values)
    const submitted = await (await engine.connect(stranger).submitParameters(token, output, proof)).wait()
    const target = Math.max(fallbackThreshold - maxFall, Math.min(fallbackThreshold + maxRise, expected! - reserve))
    expect(expected).to.be.within(7000, 9900)
    expect(await engine.maxLtv(token)).to.equal(target - buffer)
    expect(await market.engine()).to.equal(await engine.getAddress())
    if (IS_COVERAGE) return
    expect(closed!.gasUsed / 68n).to.be.at.most(60_000)
    expect(one!.gasUsed).to.be.at.most(90_000)
    expect(asked!.gasUsed).to.be.at.most(190_000)
    expect(submitted!.gasUsed).to.be.at.most(345_000)
  })
})
