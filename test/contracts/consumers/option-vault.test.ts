// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, MaxUint256, ZeroAddress } from 'ethers'
import type { ProofContext } from '../../../prover/encodings'
import { inOneBlock } from '../../support/consumers'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { IS_COVERAGE } from '../../support/coverage'
import { forge, malleate } from '../../support/malleate'
import { CONFIG, DAY, deployVault, HOUR, MOVES, ONE, pass, premiumFor, say, SPOT } from '../../support/options'
import { createWorld } from '../../support/world'

const STRIKE = (SPOT * 105n) / 100n
const AMOUNT = 50n * ONE
const PROPOSED = 40_000n

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'option-pricer')
  return { ...(await deployVault(world, model.modelId)), model }
}

type Scene = Awaited<ReturnType<typeof deploy>>
type Wish = { readonly strike?: bigint; readonly days?: number; readonly amount?: bigint }

/** Asks for a quote and gives what it is about. */
async function ask({ vault, buyer }: Pick<Scene, 'vault' | 'buyer'>, wish: Wish = {}) {
  const expiry = (await time.latest()) + 1 + (wish.days ?? 10) * DAY
  await vault.connect(buyer).requestQuote(wish.strike ?? STRIKE, expiry, wish.amount ?? AMOUNT)
  const [requestId, , values] = (await vault.queryFilter(vault.filters.QuoteRequested())).at(-1)!.args
  return { requestId, inputs: [...values], expiry }
}

type Asked = Awaited<ReturnType<typeof ask>>

/** A proof of some premium for a quote. */
async function answer(
  { vault, model, prover }: Scene,
  { requestId, inputs }: Asked,
  share: bigint,
  changes: Partial<ProofContext> = {},
) {
  const caller = await vault.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: prover.address, ...changes }
  return model.prove(inputs, [share], context)
}

async function sell(scene: Scene, share = PROPOSED, wish: Wish = {}) {
  const asked = await ask(scene, wish)
  const { output, proof } = await answer(scene, asked, share)
  const bought = await scene.vault.connect(scene.buyer).buy(asked.requestId, output, proof, MaxUint256)
  return { ...asked, bought, output, proof }
}

/** The feed closes the moment of an expiry at a price; gives the round. */
async function expire({ feed }: Scene, expiry: number, price: bigint): Promise<bigint> {
  await time.increaseTo(expiry)
  await feed.push(price, expiry - 1)
  const round = await feed.latestId()
  await feed.push(price * 2n, expiry)
  return round
}

describe('OptionVault, its volatility', () => {
  it('is that of thirty daily moves, rounded up, and leaves the oldest one behind', async () => {
    const scene = await loadFixture(deploy)
    const { vault } = scene
    // 31 days ago the price was SPOT or 3.2% above it, and then the other in turn, up to two quiet days ago.
    const move = Math.round(1e4 * Math.log(1.032))
    const [last, price] = await vault.lastClose()
    expect(price).to.equal(SPOT)
    const closes = Array.from({ length: MOVES + 1 }, (_, i) => {
      const day = Number(last) - MOVES + i
      return i > MOVES - 2 || day % 2 !== 0 ? 0 : 1
    })
    const moved = closes.slice(1).filter((close, i) => close !== closes[i]).length
    const quiet = Number(await vault.volatility())
    expect(quiet).to.equal(Math.ceil(Math.sqrt(Math.ceil((moved * move * move * 365) / MOVES))))
    await pass(scene, 1, (SPOT * 11n) / 10n)
    expect(Number(await vault.volatility())).to.be.greaterThan(quiet)
    for (let i = 0; i < MOVES; i++) await pass(scene, 1, (SPOT * 11n) / 10n)
    expect(await vault.volatility()).to.equal(0)
  })

  it('takes the close that the feed shows, and no other day or round', async () => {
    const { vault, feed } = await loadFixture(deploy)
    const [last] = await vault.lastClose()
    const end = (Number(last) + 2) * DAY
    const refuse = (day: bigint, round: bigint, error: string) =>
      expect(vault.poke(day, round)).to.be.revertedWithCustomError(vault, error)
    await feed.push(SPOT, end - 100)
    const early = await feed.latestId()
    await feed.push(SPOT + 1n, end - 1)
    const right = early + 1n
    await refuse(last + 1n, right, 'WrongDay')
    await time.increaseTo(end + 10)
    // Nothing came yet after the day's end: whether the round is the last one is not known.
    await refuse(last + 1n, right, 'NotTheLastRound')
    await feed.push(SPOT + 2n, end)
    for (const round of [early, right + 1n, right + 2n, 7n]) await refuse(last + 1n, round, 'NotTheLastRound')
    await refuse(last + 2n, right, 'WrongDay')
    await refuse(last, right, 'WrongDay')
    await expect(vault.poke(last + 1n, right))
      .to.emit(vault, 'DayClosed')
      .withArgs(last + 1n, right, SPOT + 1n)
    expect(await vault.lastClose()).to.deep.equal([last + 1n, SPOT + 1n])
    await refuse(last + 1n, right, 'WrongDay')
  })

  it('closes a day on which the feed changed its phase', async () => {
    const { vault, feed } = await loadFixture(deploy)
    const [last] = await vault.lastClose()
    const end = (Number(last) + 2) * DAY
    await feed.push(SPOT, end - 50)
    const round = await feed.latestId()
    await feed.nextPhase()
    await time.increaseTo(end + 10)
    await expect(vault.poke(last + 1n, round)).to.be.revertedWithCustomError(vault, 'NotTheLastRound')
    await feed.push(SPOT, end + 5)
    await vault.poke(last + 1n, round)
  })

  it('closes a day by the new phase alone, when the old one goes on', async () => {
    const { vault, feed } = await loadFixture(deploy)
    const [last] = await vault.lastClose()
    const end = (Number(last) + 2) * DAY
    await feed.push(SPOT, end - 50)
    const old = await feed.latestId()
    await feed.nextPhase()
    await feed.push(SPOT + 1n, end - 40)
    const right = await feed.latestId()
    await feed.push(SPOT + 2n, end + 5)
    await feed.pushAt(old + 1n, SPOT + 3n, end - 30)
    await feed.pushAt(old + 2n, SPOT + 4n, end + 6)
    await time.increaseTo(end + 10)
    // Neither what came before the change nor the last one of the old phase before the day's end.
    for (const round of [old, old + 1n])
      await expect(vault.poke(last + 1n, round))
        .to.be.revertedWithCustomError(vault, 'NotTheLastRound')
        .withArgs(round, end)
    await expect(vault.poke(last + 1n, right))
      .to.emit(vault, 'DayClosed')
      .withArgs(last + 1n, right, SPOT + 1n)
  })

  it('closes a day by the old phase, when the new one began after it', async () => {
    const { vault, feed } = await loadFixture(deploy)
    const [last] = await vault.lastClose()
    const end = (Number(last) + 2) * DAY
    await feed.push(SPOT, end - 50)
    const old = await feed.latestId()
    await feed.push(SPOT + 1n, end + 1)
    await feed.nextPhase()
    await feed.push(SPOT + 2n, end)
    await time.increaseTo(end + 10)
    await expect(vault.poke(last + 1n, old))
      .to.emit(vault, 'DayClosed')
      .withArgs(last + 1n, old, SPOT)
  })

  it('leaves no day out while a quote is possible, nor for days after', async () => {
    const scene = await loadFixture(deploy)
    const { vault, feed } = scene
    const [last] = await vault.lastClose()
    const day = (n: number): number => (Number(last) + n) * DAY
    expect(BigInt(DAY) * (await vault.MAX_LAG())).to.be.lessThan(await vault.SKIP_AFTER())
    await feed.push(SPOT, day(2) - 10)
    await feed.push(SPOT, day(3) - 10)
    const second = await feed.latestId()
    // The whole day after next still has a volatility, and no skip.
    await time.setNextBlockTimestamp(day(3) - 2)
    await feed.push(SPOT, day(3) - 5)
    await ask(scene)
    await time.increaseTo(day(3))
    await expect(ask(scene))
      .to.be.revertedWithCustomError(vault, 'VolatilityNotKnown')
      .withArgs(last, MOVES + 2)
    await feed.push(SPOT, day(3) + 1)
    const first = second - 1n
    // The last poke came about 100 seconds after midnight.
    await time.increaseTo(day(8) + 50)
    await expect(vault.poke(last + 2n, second + 1n))
      .to.be.revertedWithCustomError(vault, 'WrongDay')
      .withArgs(last + 2n, last + 1n)
    await vault.poke.staticCall(last + 1n, first)
    await time.increaseTo(day(8) + 200)
    await vault.poke(last + 2n, second + 1n)
    // It takes the close of a day that is not long past to sell again.
    await expect(ask(scene)).to.be.revertedWithCustomError(vault, 'StalePrice')
    await expect(vault.volatility()).to.be.revertedWithCustomError(vault, 'VolatilityNotKnown')
    await feed.push(SPOT, day(8) - 10)
    const late = await feed.latestId()
    await feed.push(SPOT, day(8) + 210)
    await expect(vault.poke(last + 7n, late)).to.be.revertedWithCustomError(vault, 'WrongDay')
    for (let n = 3; n <= 6; n++) await vault.poke(last + BigInt(n), second + 2n)
    await vault.poke(last + 7n, late)
    await vault.volatility()
  })

  it('refuses prices that are none', async () => {
    const scene = await loadFixture(deploy)
    for (const price of [0n, -1n, 1n << 112n]) {
      await say(scene, price)
      await expect(ask(scene)).to.be.revertedWithCustomError(scene.vault, 'BadPrice').withArgs(price)
    }
  })
})

describe('OptionVault, its shares', () => {
  it('is refused with bounds, times, tokens or models that do not fit', async () => {
    const { factory, routed, modelId, token, feed, register, ...world } = await loadFixture(deploy)
    for (const change of [
      { spread: 100_001n },
      { spread: 2399n },
      { maxMove: 1001n },
      { maxLocked: 10_000n },
      { maxLocked: 9999n, maxSoldPerDay: 5001n },
      { maxSoldPerDay: CONFIG.maxLocked + 1n },
      { quoteTtl: 0n },
      { quoteTtl: 3601n },
      { maxPriceAge: 0n },
      { grace: 2n * CONFIG.maxPriceAge - 1n },
      { grace: CONFIG.window / 2n + 1n },
      { grace: 2n ** 32n - 1n },
      { cycle: CONFIG.window + BigInt(DAY) },
      { cycle: BigInt(90 * DAY + 1) },
    ]) {
      await expect(
        factory.deploy(routed, modelId, token, feed, { ...CONFIG, ...change }),
        JSON.stringify(Object.keys(change)),
      ).to.be.revertedWithCustomError(factory, 'BadConfig')
    }
    const cycle = BigInt(90 * DAY)
    const bounds = { spread: 2400n, maxLocked: 9999n, maxSoldPerDay: 5000n }
    const edge = { ...bounds, cycle, maxPriceAge: CONFIG.grace / 2n, window: CONFIG.grace * 2n }
    await factory.deploy(routed, modelId, token, feed, { ...CONFIG, ...edge })
    await expect(factory.deploy(routed, modelId, ZeroAddress, feed, CONFIG)).to.be.revertedWithCustomError(
      factory,
      'BadConfig',
    )
    const score = await trapdoorModel({ register, ...world } as never, 'reputation-score')
    await expect(factory.deploy(routed, score.modelId, token, feed, CONFIG))
      .to.be.revertedWithCustomError(factory, 'NotAnOptionModel')
      .withArgs(score.modelId)
  })

  it('cannot be made dear by who comes first, nor by tokens forced upon the vault', async () => {
    const { factory, routed, modelId, token, feed, depositor, buyer } = await loadFixture(deploy)
    const vault = await factory.deploy(routed, modelId, token, feed, CONFIG)
    for (const account of [depositor, buyer]) await token.connect(account).approve(vault, MaxUint256)
    await expect(vault.connect(buyer).deposit(1000, 0, buyer)).to.be.revertedWithCustomError(vault, 'NothingToDo')
    await vault.connect(buyer).deposit(1001, 1, buyer)
    await token.connect(buyer).transfer(vault, 10n ** 6n * ONE)
    await vault.connect(depositor).deposit(ONE, ONE, depositor)
    expect(await vault.balanceOf(depositor)).to.equal(ONE)
    expect(await vault.assets()).to.deep.equal([ONE + 1001n, 0n])
    await expect(vault.connect(depositor).withdraw(ONE, ONE + 1n, depositor)).to.be.revertedWithCustomError(
      vault,
      'BelowMinimum',
    )
    await expect(vault.connect(depositor).withdraw(ONE, ONE, depositor)).to.changeTokenBalance(token, depositor, ONE)
    await expect(vault.connect(depositor).withdraw(0, 0, depositor)).to.be.revertedWithCustomError(vault, 'NothingToDo')
  })

  it('are paid their part of all assets, and only while no call is open', async () => {
    const scene = await loadFixture(deploy)
    const { vault, token, depositor, keeper } = scene
    await token.mint(keeper, 1000n * ONE)
    await token.connect(keeper).approve(vault, MaxUint256)
    const [, endsAt] = await vault.sellingTimes()
    const { requestId, expiry } = await sell(scene)
    const [total, locked] = await vault.assets()
    expect(locked).to.equal(AMOUNT)
    // Who comes now pays for what is locked as well.
    await vault.connect(keeper).deposit(100n * ONE, 0, keeper)
    const shares = await vault.balanceOf(keeper)
    const supply = await vault.totalSupply()
    expect(shares).to.equal((100n * ONE * (supply - shares)) / total)
    for (const account of [keeper, depositor])
      await expect(vault.connect(account).withdraw(1n, 0, account))
        .to.be.revertedWithCustomError(vault, 'AssetsLocked')
        .withArgs(AMOUNT, endsAt + CONFIG.grace + 1n)
    const round = await expire(scene, expiry, SPOT)
    await vault.settle(requestId, round)
    const [all, none] = await vault.assets()
    expect([all, none]).to.deep.equal([total + 100n * ONE, 0n])
    const left = vault.connect(keeper).withdraw(shares, 0, keeper)
    await expect(left).to.changeTokenBalance(token, keeper, (shares * all) / supply)
    expect(await token.balanceOf(keeper)).to.be.at.most(1000n * ONE)
    const rest = await vault.balanceOf(depositor)
    await vault.connect(depositor).withdraw(rest, 1000n * ONE, depositor)
    // To nobody's shares remains what they are worth, and shares cost as much as before.
    const [dust] = await vault.assets()
    expect(dust).to.be.within(1000n, 1010n)
    await vault.connect(keeper).deposit(ONE, (ONE * 99n) / 100n, keeper)
  })

  it('can be taken out in every window, whoever does not settle', async () => {
    const scene = await loadFixture(deploy)
    const { vault, depositor, stranger } = scene
    const [, endsAt] = await vault.sellingTimes()
    const dust = await sell(scene, 0n, { amount: 1n, days: 1 })
    const days = Number(endsAt - BigInt(await time.latest()) - 100n) / DAY
    const last = await sell(scene, PROPOSED, { days })
    await time.increaseTo(endsAt)
    const freeAt = endsAt + CONFIG.grace + 1n
    const all = await vault.balanceOf(depositor)
    const withdraw = () => vault.connect(depositor).withdraw(all, 0, depositor)
    await expect(withdraw())
      .to.be.revertedWithCustomError(vault, 'AssetsLocked')
      .withArgs(AMOUNT + 1n, freeAt)
    await vault.connect(stranger).release(dust.requestId)
    await time.setNextBlockTimestamp(freeAt)
    await vault.connect(stranger).release(last.requestId)
    // At least as long again nothing is sold.
    const opensAt = endsAt + CONFIG.window
    expect(opensAt - freeAt).to.be.at.least(CONFIG.grace - 1n)
    await expect(ask(scene, { days: 2 }))
      .to.be.revertedWithCustomError(vault, 'NotSoldNow')
      .withArgs(opensAt, endsAt + CONFIG.cycle)
    await withdraw()
    expect(await vault.balanceOf(depositor)).to.equal(0)
  })

  it('take no token that delivers less than asked for, nor one that calls back', async () => {
    const { vault, token, depositor } = await loadFixture(deploy)
    await token.behave(1)
    await expect(vault.connect(depositor).deposit(ONE, 0, depositor)).to.be.revertedWithCustomError(
      vault,
      'UnsupportedToken',
    )
    await token.aim(vault, vault.interface.encodeFunctionData('withdraw', [1n, 0n, depositor.address]))
    await vault.connect(depositor).deposit(ONE, 0, depositor)
    expect(await token.reentered()).to.equal(false)
    expect(await token.answer()).to.equal(vault.interface.getError('ReentrancyGuardReentrantCall')!.selector)
  })
})

describe('OptionVault, a quote', () => {
  it('fixes strike, time and volatility, each rounded to where a call is worth more', async () => {
    const scene = await loadFixture(deploy)
    const { vault, buyer } = scene
    const now = (await time.latest()) + 1
    await time.setNextBlockTimestamp(now)
    const asked = vault.connect(buyer).requestQuote(STRIKE + 19_000_000n, now + 30 * HOUR + 1, 7)
    const volatility = await vault.volatility()
    await expect(asked).to.emit(vault, 'QuoteRequested')
    const [requestId, , values, expiresAt] = (await vault.queryFilter(vault.filters.QuoteRequested())).at(-1)!.args
    expect(values).to.deep.equal([10_500n, 31n, volatility])
    expect(expiresAt).to.equal(BigInt(now) + CONFIG.quoteTtl)
    const quote = await vault.quoteOf(requestId)
    expect(quote.inputWord).to.equal(10_500n + (31n << 14n) + (volatility << 28n))
    expect([quote.buyer, quote.spot, quote.strike, quote.amount]).to.deep.equal([
      buyer.address,
      SPOT,
      STRIKE + 19_000_000n,
      7n,
    ])
  })

  it('is refused beyond what the model knows, up to the last step', async () => {
    const scene = await loadFixture(deploy)
    const { vault } = scene
    const refused = (wish: Wish) => expect(ask(scene, wish)).to.be.revertedWithCustomError(vault, 'OutOfRange')
    await ask(scene, { strike: SPOT / 2n })
    await refused({ strike: SPOT / 2n - 1n })
    await ask(scene, { strike: (SPOT * 3n) / 2n + SPOT / 10_000n - 1n })
    await refused({ strike: (SPOT * 3n) / 2n + SPOT / 10_000n })
    await ask(scene, { days: 1 })
    await refused({ days: 1 - 1 / 24 })
    await refused({ days: -1 })
    await expect(ask(scene, { amount: 0n })).to.be.revertedWithCustomError(vault, 'NothingToDo')
    await expect(ask(scene, { amount: 1n << 128n })).to.be.revertedWithCustomError(
      vault,
      'SafeCastOverflowedUintDowncast',
    )
    // Too wild: refused, not cut down.
    await pass(scene, 1, SPOT / 2n)
    expect(await vault.volatility()).to.be.greaterThan(15_000)
    await refused({ strike: SPOT / 2n })
  })

  it('counts a market calmer than the model knows as the calmest that it does', async () => {
    const scene = await loadFixture(deploy)
    for (let i = 0; i < 26; i++) await pass(scene, 1, SPOT)
    await pass(scene, 6, SPOT)
    await say(scene, SPOT)
    expect(await scene.vault.volatility()).to.equal(0)
    expect((await ask(scene)).inputs[2]).to.equal(2000)
  })

  it('is of a price that came in an earlier block, and not long ago', async () => {
    const scene = await loadFixture(deploy)
    const { vault, feed, buyer } = scene
    const now = (await time.latest()) + 5
    const expiry = now + 10 * DAY
    const push = () => feed.push(SPOT * 2n, now, { gasLimit: 200_000 })
    await time.setNextBlockTimestamp(now)
    const request = () => vault.connect(buyer).requestQuote(SPOT * 2n, expiry, 1, { gasLimit: 500_000 })
    expect(await inOneBlock([push, request])).to.deep.equal([true, false])
    await vault.connect(buyer).requestQuote(SPOT * 2n, expiry, 1)
    await time.setNextBlockTimestamp(now + Number(CONFIG.maxPriceAge))
    await vault.connect(buyer).requestQuote(SPOT * 2n, expiry, 1)
    await expect(vault.connect(buyer).requestQuote(SPOT * 2n, expiry, 1))
      .to.be.revertedWithCustomError(vault, 'StalePrice')
      .withArgs(now)
  })

  it('is given while calls are sold, for expiries within the cycle', async () => {
    const scene = await loadFixture(deploy)
    const { vault, buyer } = scene
    const [opensAt, endsAt] = await vault.sellingTimes()
    expect(opensAt).to.equal((await vault.start()) + CONFIG.window)
    expect(endsAt).to.equal((await vault.start()) + CONFIG.cycle)
    await vault.connect(buyer).requestQuote(STRIKE, endsAt, 1)
    await expect(vault.connect(buyer).requestQuote(STRIKE, endsAt + 1n, 1))
      .to.be.revertedWithCustomError(vault, 'NotSoldNow')
      .withArgs(opensAt, endsAt)
    await time.increaseTo(endsAt)
    await say(scene, SPOT)
    await expect(vault.connect(buyer).requestQuote(STRIKE, endsAt + 10n * BigInt(DAY), 1))
      .to.be.revertedWithCustomError(vault, 'NotSoldNow')
      .withArgs(endsAt + CONFIG.window, endsAt + CONFIG.cycle)
  })
})

describe('OptionVault, a call', () => {
  it('costs what the model says and the spread, within what it pays now and all of it', async () => {
    const scene = await loadFixture(deploy)
    const { vault, token, buyer } = scene
    for (const [share, strike] of [
      [PROPOSED, STRIKE],
      [0n, STRIKE],
      [0n, (SPOT * 3n) / 4n],
      [250_000n, (SPOT * 3n) / 4n],
      [1_048_575n, STRIKE],
    ] as const) {
      const amount = ONE + 7n
      const { bought, requestId } = await sell(scene, share, { strike, amount })
      const premium = premiumFor(share, SPOT, SPOT, strike, amount)
      await expect(bought).to.emit(vault, 'CallSold').withArgs(requestId, buyer.address, share, premium)
      await expect(bought).to.changeTokenBalances(token, [buyer, vault], [-premium, premium])
      expect((await vault.quoteOf(requestId)).buyer).to.equal(ZeroAddress)
      expect((await vault.callOf(requestId)).holder).to.equal(buyer.address)
    }
    expect(premiumFor(0n, SPOT, SPOT, (SPOT * 3n) / 4n, ONE)).to.equal((ONE * 2525n) / 10_000n)
    expect(premiumFor(1_048_575n, SPOT, SPOT, STRIKE, ONE)).to.equal(ONE)
  })

  it('charges a rise of the spot in full, and is void after a move that is too far', async () => {
    const scene = await loadFixture(deploy)
    const { vault, buyer } = scene
    for (const [spot, sold] of [
      [(SPOT * 101n) / 100n, true],
      [(SPOT * 101n) / 100n + 1n, false],
      [(SPOT * 99n) / 100n, true],
      [(SPOT * 99n) / 100n - 1n, false],
    ] as const) {
      await say(scene, SPOT)
      const asked = await ask(scene, { amount: ONE })
      const { output, proof } = await answer(scene, asked, PROPOSED)
      await say(scene, spot)
      const buying = vault.connect(buyer).buy(asked.requestId, output, proof, MaxUint256)
      if (sold) {
        const premium = premiumFor(PROPOSED, SPOT, spot, STRIKE, ONE)
        await expect(buying).to.emit(vault, 'CallSold').withArgs(asked.requestId, buyer.address, PROPOSED, premium)
        if (spot > SPOT) expect(premium).to.be.greaterThan((ONE * (PROPOSED + 9_900n + CONFIG.spread)) / 1_010_000n)
      } else {
        await expect(buying).to.be.revertedWithCustomError(vault, 'SpotMoved').withArgs(SPOT, spot)
      }
    }
  })

  it('is bought by who asked, in time, for no more than allowed, once', async () => {
    const scene = await loadFixture(deploy)
    const { vault, buyer, stranger } = scene
    const asked = await ask(scene)
    const { requestId } = asked
    const { output, proof } = await answer(scene, asked, PROPOSED)
    const premium = await vault.premiumOf(requestId, PROPOSED)
    expect(premium).to.equal(premiumFor(PROPOSED, SPOT, SPOT, STRIKE, AMOUNT))
    await expect(vault.connect(stranger).buy(requestId, output, proof, MaxUint256))
      .to.be.revertedWithCustomError(vault, 'NotTheBuyer')
      .withArgs(stranger.address, buyer.address)
    await expect(vault.connect(buyer).buy(requestId, output, proof, premium - 1n))
      .to.be.revertedWithCustomError(vault, 'AboveMaximum')
      .withArgs(premium, premium - 1n)
    const last = (await vault.quoteOf(requestId)).takenAt + CONFIG.quoteTtl
    await time.setNextBlockTimestamp(last)
    await vault.connect(buyer).buy(requestId, output, proof, premium)
    for (const again of [proof, malleate(proof)]) {
      await expect(vault.connect(buyer).buy(requestId, output, again, MaxUint256))
        .to.be.revertedWithCustomError(vault, 'UnknownQuote')
        .withArgs(requestId)
    }
    const late = await ask(scene)
    const proved = await answer(scene, late, PROPOSED)
    const end = (await vault.quoteOf(late.requestId)).takenAt + CONFIG.quoteTtl
    await time.setNextBlockTimestamp(end + 1n)
    await expect(vault.connect(buyer).buy(late.requestId, proved.output, proved.proof, MaxUint256))
      .to.be.revertedWithCustomError(vault, 'QuoteExpired')
      .withArgs(late.requestId, end)
  })

  it('is sold on no proof that is wrong, of other numbers, or made for anything else', async () => {
    const scene = await loadFixture(deploy)
    const { vault, buyer, routed, feed, factory, token } = scene
    const asked = await ask(scene)
    const other = await ask(scene)
    const good = await answer(scene, asked, PROPOSED)
    const buy = (output: string, proof: string) => vault.connect(buyer).buy(asked.requestId, output, proof, MaxUint256)
    const twin = await factory.deploy(routed, scene.modelId, token, feed, CONFIG)
    const shaped = { ...asked, inputs: asked.inputs.map((value, i) => (i === 2 ? value - 1n : value)) }
    await expect(buy(good.output, forge(good.proof))).to.be.revertedWithCustomError(routed, 'InvalidProof')
    await expect(buy((await answer(scene, asked, 1n)).output, good.proof)).to.be.revertedWithCustomError(
      routed,
      'InvalidProof',
    )
    await expect(buy(good.output, (await answer(scene, shaped, PROPOSED)).proof)).to.be.revertedWithCustomError(
      routed,
      'InputCommitmentMismatch',
    )
    for (const change of [{ chainId: 1n }, { caller: await twin.getAddress() }, { modelId: 7n }]) {
      await expect(
        buy(good.output, (await answer(scene, asked, PROPOSED, change)).proof),
      ).to.be.revertedWithCustomError(routed, 'InvalidProof')
    }
    for (const requestId of [other.requestId, id('other')]) {
      await expect(buy(good.output, (await answer(scene, asked, PROPOSED, { requestId })).proof))
        .to.be.revertedWithCustomError(vault, 'WrongRequest')
        .withArgs(asked.requestId, requestId)
    }
    expect((await vault.assets())[1]).to.equal(0)
    await buy(good.output, malleate(good.proof))
    expect((await vault.assets())[1]).to.equal(AMOUNT)
  })

  it('is not sold beyond the cap of the day and that of all calls', async () => {
    const scene = await loadFixture(deploy)
    const { vault } = scene
    // A tenth of the assets a day, whatever is proven.
    await sell(scene, 0n, { amount: 60n * ONE })
    const left = await vault.capacity()
    expect(left).to.be.within(40n * ONE, 41n * ONE)
    await expect(sell(scene, 0n, { amount: left + 1n }))
      .to.be.revertedWithCustomError(vault, 'CapacityExceeded')
      .withArgs(left + 1n, left)
    await sell(scene, 0n, { amount: left })
    expect(await vault.capacity()).to.be.lessThan(ONE)
    for (let i = 0; i < 4; i++) {
      await pass(scene, 1, SPOT)
      await sell(scene, 0n, { amount: await vault.capacity() })
    }
    await pass(scene, 1, SPOT)
    const [total, locked] = await vault.assets()
    expect(await vault.capacity()).to.equal((total * CONFIG.maxLocked) / 10_000n - locked)
    expect(await vault.capacity()).to.be.lessThan(5n * ONE)
  })

  it('ends with its model or verifier: none is sold any more, all that were sold are settled', async () => {
    for (const end of ['deprecated', 'stopped'] as const) {
      const scene = await loadFixture(deploy)
      const { vault, buyer, depositor, registry, publisher, modelId, stop, guardian, routed, router } = scene
      const sold = await sell(scene)
      const asked = await ask(scene)
      const { output, proof } = await answer(scene, asked, PROPOSED)
      if (end === 'deprecated') await registry.connect(publisher).deprecateModel(modelId)
      else await stop.connect(guardian).stop()
      const late = vault.connect(buyer).buy(asked.requestId, output, proof, MaxUint256)
      const refused = expect(late).to.be
      if (end === 'deprecated')
        await refused.revertedWithCustomError(routed, 'VerificationRefused_ModelDeprecated').withArgs(modelId)
      else await refused.revertedWithCustomError(router, 'RouteStopped')
      const round = await expire(scene, sold.expiry, 2n * SPOT)
      await vault.settle(sold.requestId, round)
      await vault.connect(depositor).withdraw(await vault.balanceOf(depositor), 1, depositor)
    }
  })
})

describe('OptionVault, settlement', () => {
  it('pays what the last price before expiry says, to the holder, whoever asks', async () => {
    for (const [spot, paid] of [
      [STRIKE - 1n, 0n],
      [STRIKE, 0n],
      [(SPOT * 150n) / 100n, (AMOUNT * 45n) / 150n],
      [SPOT * 1000n, (AMOUNT * (100_000n - 105n)) / 100_000n],
    ] as const) {
      const scene = await loadFixture(deploy)
      const { vault, token, buyer, stranger } = scene
      const { requestId, expiry } = await sell(scene)
      const [total] = await vault.assets()
      const round = await expire(scene, expiry, spot)
      for (const wrong of [round - 1n, round + 1n])
        await expect(vault.settle(requestId, wrong)).to.be.revertedWithCustomError(vault, 'NotTheLastRound')
      const settled = await vault.connect(stranger).settle(requestId, round)
      await expect(settled).to.emit(vault, 'CallSettled').withArgs(requestId, buyer.address, paid)
      await expect(settled).to.changeTokenBalances(token, [buyer, vault], [paid, -paid])
      expect(await vault.assets()).to.deep.equal([total - paid, 0n])
      await expect(vault.settle(requestId, round)).to.be.revertedWithCustomError(vault, 'UnknownCall')
    }
  })

  it('is possible from expiry until the grace is over; then the collateral is free', async () => {
    const scene = await loadFixture(deploy)
    const { vault } = scene
    const first = await sell(scene)
    const second = await sell(scene)
    const latest = first.expiry + Number(CONFIG.grace)
    await time.setNextBlockTimestamp(first.expiry - 1)
    await expect(vault.settle(first.requestId, 1))
      .to.be.revertedWithCustomError(vault, 'NotSettledNow')
      .withArgs(first.expiry, latest)
    const round = await expire(scene, first.expiry, 2n * SPOT)
    await expect(vault.release(first.requestId))
      .to.be.revertedWithCustomError(vault, 'NotSettledNow')
      .withArgs(latest + 1, MaxUint256)
    await time.setNextBlockTimestamp(latest)
    await vault.settle(first.requestId, round)
    await time.increaseTo(second.expiry + Number(CONFIG.grace) + 1)
    await expect(vault.settle(second.requestId, round)).to.be.revertedWithCustomError(vault, 'NotSettledNow')
    await expect(vault.release(second.requestId))
      .to.emit(vault, 'CallSettled')
      .withArgs(second.requestId, scene.buyer.address, 0)
    expect((await vault.assets())[1]).to.equal(0)
    await expect(vault.release(second.requestId)).to.be.revertedWithCustomError(vault, 'UnknownCall')
  })

  it('is not held up for the vault by a holder who cannot be paid', async () => {
    const scene = await loadFixture(deploy)
    const { vault, token } = scene
    const { requestId, expiry } = await sell(scene)
    const round = await expire(scene, expiry, 2n * SPOT)
    await token.behave(2)
    await expect(vault.settle(requestId, round)).to.be.revertedWithCustomError(token, 'Refused')
    await time.increaseTo(expiry + Number(CONFIG.grace) + 1)
    await vault.release(requestId)
    expect((await vault.assets())[1]).to.equal(0)
  })
})

describe('OptionVault with the real model', () => {
  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'option-pricer')
    return { ...(await deployVault(world, reference.modelId)), reference }
  }

  it('sells at the premium that the model proves, and settles', async () => {
    const scene = await loadFixture(deployReal)
    const { vault, token, buyer, prover, reference } = scene
    const asked = await ask(scene)
    const { requestId, inputs } = asked
    const [share] = reference.run(inputs)
    // 10 days at about 60%, 5% out of the money: some 2% of the spot.
    expect(share).to.be.within(15_000, 35_000)
    const caller = await vault.getAddress()
    const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: prover.address }
    const { output, proof } = await reference.prove(inputs, context)
    const bought = await vault.connect(buyer).buy(requestId, output, proof, MaxUint256)
    const premium = premiumFor(BigInt(share!), SPOT, SPOT, STRIKE, AMOUNT)
    await expect(bought).to.emit(vault, 'CallSold').withArgs(requestId, buyer.address, share, premium)
    const round = await expire(scene as never, asked.expiry, (SPOT * 12n) / 10n)
    const settled = await vault.settle(requestId, round)
    await expect(settled).to.changeTokenBalance(token, buyer, (AMOUNT * 15n) / 120n)
    if (!IS_COVERAGE) {
      expect((await bought.wait())!.gasUsed).to.be.at.most(480_000)
      expect((await settled.wait())!.gasUsed).to.be.at.most(130_000)
    }
  })
})
