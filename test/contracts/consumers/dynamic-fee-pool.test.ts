// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, MaxUint256, ZeroAddress } from 'ethers'
import {
  ConsumerLibraries__factory,
  DynamicFeePool__factory,
  HostileToken__factory,
  InferenceCoordinator__factory,
  ModelFee__factory,
} from '../../../typechain-types'
import { IS_COVERAGE, itUninstrumented } from '../../support/coverage'
import { freshSigners, inOneBlock, openedRequest, randomNumbers } from '../../support/consumers'
import {
  answerTo,
  FALLBACK,
  itTakesOneAnswerOfItsOwnHours,
  PERIOD,
  PRICE,
  setFee,
  TERMS,
  TTL,
  update,
} from '../../support/model-fee'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { createWorld, type World } from '../../support/world'

const HOUR = 3600
const MIN_FEE = 500n
const MAX_FEE = 5_000n
const CONFIG = { minFee: MIN_FEE, maxFee: MAX_FEE, fallbackFee: FALLBACK, feeTtl: TTL, updatePeriod: PERIOD }
const LIQUIDITY = 10n ** 24n

async function deployPool(world: World, modelId: bigint) {
  const [lp, trader, keeper] = (await freshSigners(3)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const coordinator = await new InferenceCoordinator__factory(world.deployer).deploy(world.routed, world.deployer)
  await coordinator.depositFor(ZeroAddress, TERMS.bond, world.prover, { value: TERMS.bond })
  const token0 = await new HostileToken__factory(world.deployer).deploy()
  const token1 = await new HostileToken__factory(world.deployer).deploy()
  const tokens: [string, string] = [await token0.getAddress(), await token1.getAddress()]
  const factory = new DynamicFeePool__factory(world.deployer)
  const pool = await factory.deploy(coordinator, modelId, tokens, CONFIG, TERMS)
  for (const token of [token0, token1]) {
    for (const account of [lp, trader]) {
      await token.mint(account, 10n ** 30n)
      await token.connect(account).approve(pool, MaxUint256)
    }
  }
  // Hours begin on the dot, so that every run sees the same ones.
  await time.increaseTo((Math.floor((await time.latest()) / HOUR) + 1) * HOUR + 10)
  await pool.connect(lp).addLiquidity(LIQUIDITY, 2n * LIQUIDITY, 0, lp, MaxUint256)
  const fees = ModelFee__factory.connect(await pool.getAddress(), world.deployer)
  const closedHours = async () => pool.closedHours()
  const parties = { lp, trader, keeper, coordinator }
  return { ...world, modelId, ...parties, token0, token1, pool, fees, closedHours, tokens, factory }
}

type Scene = Awaited<ReturnType<typeof deployPool>>

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'fee-mlp')
  return { ...(await deployPool(world, model.modelId)), model }
}

/** The same, with enough closed hours. */
async function deployReady() {
  const scene = await deploy()
  const random = randomNumbers(3)
  for (let hour = 0; hour < 9; hour++) {
    await time.increase(HOUR)
    await trade(scene, random(2) === 0, BigInt(1 + random(1000)) * 10n ** 19n)
  }
  await time.increase(HOUR)
  return scene
}

async function trade({ pool, trader, token0, token1 }: Scene, forward: boolean, amountIn: bigint) {
  return pool.connect(trader).swap(forward ? token0 : token1, amountIn, 0, trader, MaxUint256)
}

describe('logarithm of a price', () => {
  const deployLibraries = async () => new ConsumerLibraries__factory((await createWorld()).deployer).deploy()

  it('is what JavaScript says, from the least price to the highest', async () => {
    const libraries = await loadFixture(deployLibraries)
    const random = randomNumbers(1)
    const top = 2n ** 112n - 1n
    const some = () => (BigInt(1 + random(2 ** 31)) << BigInt(random(81))) % top || 1n
    const pairs: [bigint, bigint][] = [
      [1n, 1n],
      [1n, top],
      [top, 1n],
      [top, top],
      [top, top - 1n],
      [3n, 1n],
      [1n, 3n],
    ]
    for (let i = 0; i < 200; i++) pairs.push([some(), some()])
    for (const [a, b] of pairs) {
      const expected = (Math.log2(Number(a)) - Math.log2(Number(b))) * 2 ** 24
      const actual = Number(await libraries.log2(a, b))
      // Rounded down, of a quotient that lost up to 2^-31 of itself.
      expect(actual, `${a} / ${b}`).to.be.within(expected - 1.01, expected + 0.01)
    }
  })

  it('counts ticks to the nearest one, in both directions', async () => {
    const libraries = await loadFixture(deployLibraries)
    const tick = (10n ** 12n) << 24n
    const rounded = (difference: bigint) => {
      const scaled = difference * 6931471805599453n * 2n + tick
      const quotient = scaled / (2n * tick)
      return scaled < 0n && scaled % (2n * tick) !== 0n ? quotient - 1n : quotient
    }
    const random = randomNumbers(2)
    const differences = [0n, 1n, -1n, 1210n, 1211n, -1210n, -1211n, 2n ** 31n, -(2n ** 31n)]
    for (let i = 0; i < 100; i++) differences.push(BigInt(random(2 ** 31)) - 2n ** 30n)
    for (const difference of differences) {
      expect(await libraries.roundTicks(difference)).to.equal(rounded(difference))
    }
    for (const percent of [101n, 110n, 200n, 99n, 50n]) {
      const expected = Math.round(1e4 * Math.log(Number(percent) / 100))
      expect(await libraries.ticks(percent * 10n ** 18n, 10n ** 18n, 100n, 1n)).to.equal(expected)
    }
  })
})

describe('DynamicFeePool, a pool', () => {
  it('is refused with tokens, bounds, times or models that do not fit', async () => {
    const { coordinator, modelId, tokens, factory, register, ...world } = await loadFixture(deploy)
    const make = (config: object, terms: object = {}, pair: [string, string] = tokens) =>
      factory.deploy(coordinator, modelId, pair, { ...CONFIG, ...config }, { ...TERMS, ...terms })
    for (const [config, terms] of [
      [{ minFee: FALLBACK + 1n }],
      [{ maxFee: FALLBACK - 1n }],
      [{ maxFee: 100_001n }],
      [{ updatePeriod: 3599n }],
      [{ feeTtl: PERIOD - 1n }],
      [{}, { lifetime: TTL }],
      [{}, { token: tokens[0] }],
      [{}, { callbackGas: 99_999n }],
      [{}, { bond: 0n }],
    ] as const) {
      await expect(make(config, terms)).to.be.revertedWithCustomError(factory, 'BadConfig')
    }
    await make({ maxFee: 100_000n, feeTtl: PERIOD }, { callbackGas: 100_000n })
    for (const pair of [
      [tokens[0], tokens[0]],
      [ZeroAddress, tokens[0]],
      [tokens[0], ZeroAddress],
    ] as [string, string][]) {
      await expect(make({}, {}, pair))
        .to.be.revertedWithCustomError(factory, 'BadTokens')
        .withArgs(...pair)
    }
    const score = await trapdoorModel({ register, ...world } as never, 'reputation-score')
    for (const wrong of [await register(), score.modelId]) {
      await expect(factory.deploy(coordinator, wrong, tokens, CONFIG, TERMS))
        .to.be.revertedWithCustomError(factory, 'NotAFeeModel')
        .withArgs(wrong)
    }
  })

  it('takes liquidity in its ratio, rounded against who adds and who removes', async () => {
    const { pool, lp, trader, token0, token1 } = await loadFixture(deploy)
    expect(await pool.reserves()).to.deep.equal([LIQUIDITY, 2n * LIQUIDITY])
    expect(await pool.balanceOf('0x000000000000000000000000000000000000dEaD')).to.equal(1000)
    const supply = await pool.totalSupply()
    const [amount0, amount1, shares] = await pool
      .connect(trader)
      .addLiquidity.staticCall(7, 1000, 0, trader, MaxUint256)
    // 9 shares are worth 6.4 and 12.7.
    expect([amount0, amount1, shares]).to.deep.equal([7n, 13n, (7n * supply) / LIQUIDITY])
    await expect(pool.connect(trader).addLiquidity(7, 1000, shares + 1n, trader, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'BelowMinimum')
      .withArgs(shares, shares + 1n)
    const added = await pool.connect(trader).addLiquidity(7, 1000, shares, lp, MaxUint256)
    await expect(added).to.emit(pool, 'LiquidityAdded').withArgs(trader.address, lp.address, 7, 13, shares)
    await expect(added).to.changeTokenBalances(token1, [trader, pool], [-13, 13])
    await expect(pool.connect(lp).removeLiquidity(shares, 7, 0, lp, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'BelowMinimum')
      .withArgs(6, 7)
    await expect(pool.connect(lp).removeLiquidity(shares, 0, 13, lp, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'BelowMinimum')
      .withArgs(12, 13)
    const removed = await pool.connect(lp).removeLiquidity(shares, 6, 12, trader, MaxUint256)
    await expect(removed).to.emit(pool, 'LiquidityRemoved').withArgs(lp.address, trader.address, 6, 12, shares)
    await expect(removed).to.changeTokenBalances(token0, [pool, trader], [-6, 6])
    await expect(pool.connect(lp).removeLiquidity(0, 0, 0, lp, MaxUint256)).to.be.revertedWithCustomError(
      pool,
      'NothingToDo',
    )
    await expect(pool.connect(trader).removeLiquidity(supply, 0, 0, lp, MaxUint256)).to.be.revertedWithCustomError(
      pool,
      'ERC20InsufficientBalance',
    )
    // All that can go out leaves something, and the pool goes on.
    await pool.connect(lp).removeLiquidity(await pool.balanceOf(lp), 0, 0, lp, MaxUint256)
    const [left0, left1] = await pool.reserves()
    expect(left0).to.be.greaterThan(0)
    expect(left1).to.be.greaterThan(0)
    await pool.connect(lp).addLiquidity(LIQUIDITY, 2n * LIQUIDITY, 0, lp, MaxUint256)
  })

  it('refuses what is too small, too large or too late', async () => {
    const { pool, lp, trader, token0, tokens, coordinator, modelId, factory } = await loadFixture(deploy)
    const now = await time.latest()
    for (const call of [
      () => pool.connect(trader).swap(token0, 1000, 0, trader, now),
      () => pool.connect(lp).addLiquidity(1000, 2000, 0, lp, now),
      () => pool.connect(lp).removeLiquidity(1000, 0, 0, lp, now),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(pool, 'DeadlinePassed').withArgs(now)
    }
    // The last second is one.
    const moment = (await time.latest()) + 10
    await time.setNextBlockTimestamp(moment)
    await pool.connect(trader).swap(token0, 1000, 0, trader, moment)
    await expect(pool.connect(trader).swap(trader, 1000, 0, trader, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'UnknownToken')
      .withArgs(trader.address)
    await expect(pool.quote(trader, 1)).to.be.revertedWithCustomError(pool, 'UnknownToken')
    await expect(pool.connect(trader).swap(token0, 0, 0, trader, MaxUint256)).to.be.revertedWithCustomError(
      pool,
      'NothingToDo',
    )
    const out = await pool.quote(token0, 10n ** 20n)
    await expect(pool.connect(trader).swap(token0, 10n ** 20n, out + 1n, trader, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'BelowMinimum')
      .withArgs(out, out + 1n)
    // 112 bits of reserves at most.
    await token0.mint(trader, 2n ** 112n)
    await expect(
      pool.connect(trader).swap(token0, 2n ** 112n - LIQUIDITY, 0, trader, MaxUint256),
    ).to.be.revertedWithCustomError(pool, 'SafeCastOverflowedUintDowncast')
    const empty = await factory.deploy(coordinator, modelId, tokens, CONFIG, TERMS)
    expect(await empty.closedHours()).to.deep.equal([])
    await token0.connect(lp).approve(empty, MaxUint256)
    await expect(empty.connect(lp).addLiquidity(1000, 1000, 0, lp, MaxUint256)).to.be.revertedWithCustomError(
      pool,
      'NothingToDo',
    )
    await expect(empty.connect(lp).addLiquidity(2n ** 112n, 1, 0, lp, MaxUint256)).to.be.revertedWithCustomError(
      pool,
      'SafeCastOverflowedUintDowncast',
    )
    await expect(empty.updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(pool, 'HistoryTooShort')
      .withArgs(MaxUint256)
  })

  it('charges the fee, says what a trade gives, and pays it', async () => {
    const { pool, trader, stranger, token0, token1 } = await loadFixture(deploy)
    const amountIn = 10n ** 21n
    const weighted = amountIn * (1_000_000n - FALLBACK)
    const expected = (weighted * 2n * LIQUIDITY) / (LIQUIDITY * 1_000_000n + weighted)
    expect(await pool.quote(token0, amountIn)).to.equal(expected)
    const swapped = await pool.connect(trader).swap(token0, amountIn, expected, stranger, MaxUint256)
    await expect(swapped)
      .to.emit(pool, 'Swapped')
      .withArgs(trader.address, stranger.address, await token0.getAddress(), amountIn, expected, FALLBACK)
    await expect(swapped).to.changeTokenBalances(token1, [pool, stranger], [-expected, expected])
    await expect(swapped).to.changeTokenBalances(token0, [pool, trader], [amountIn, -amountIn])
  })

  it('never loses to rounding: k, and what a share is worth, never fall', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, lp, trader, token0, token1 } = scene
    const random = randomNumbers(7)
    const amount = () => BigInt(1 + random(2 ** 31)) * 10n ** BigInt(random(14))
    let [reserve0, reserve1] = await pool.reserves()
    let supply = await pool.totalSupply()
    // The least fee that an inference can set; half of the time on crumbs, where rounding counts most.
    await setFee(scene, 0n)
    expect(await pool.currentFee()).to.equal(MIN_FEE)
    for (let i = 0; i < 300; i++) {
      if (i === 150) {
        await pool.connect(lp).removeLiquidity((await pool.balanceOf(lp)) - 5000n, 0, 0, lp, MaxUint256)
        await pool.connect(trader).removeLiquidity(await pool.balanceOf(trader), 0, 0, trader, MaxUint256)
        ;[reserve0, reserve1] = await pool.reserves()
        supply = await pool.totalSupply()
      }
      const small = i >= 150
      const kind = random(10)
      const value = small ? BigInt(1 + random(5000)) : amount()
      if (kind < 7) {
        const forward = random(2) === 0
        const token = forward ? token0 : token1
        const out = await pool.quote(token, value)
        if (out === 0n) continue
        await trade(scene, forward, value)
      } else if (kind === 7) {
        const shares = await pool
          .connect(trader)
          .addLiquidity.staticCall(value, value, 0, trader, MaxUint256)
          .then(
            ([, , minted]) => minted,
            () => 0n,
          )
        if (shares === 0n) continue
        await pool.connect(trader).addLiquidity(value, value, 0, trader, MaxUint256)
      } else {
        const held = await pool.balanceOf(trader)
        if (held === 0n) continue
        await pool.connect(trader).removeLiquidity(held / BigInt(1 + random(3)) || 1n, 0, 0, trader, MaxUint256)
      }
      const [after0, after1] = await pool.reserves()
      const newSupply = await pool.totalSupply()
      // √k per share, compared without roots.
      expect(after0 * after1 * supply ** 2n >= reserve0 * reserve1 * newSupply ** 2n, `step ${i}`).to.equal(true)
      if (kind < 7) expect(after0 * after1 >= reserve0 * reserve1).to.equal(true)
      ;[reserve0, reserve1, supply] = [after0, after1, newSupply]
      expect(await token0.balanceOf(pool)).to.equal(reserve0)
      expect(await token1.balanceOf(pool)).to.equal(reserve1)
    }
  })

  it('gives nobody more back than they brought, there and back, whatever the fee is', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, trader, token0, token1 } = scene
    const random = randomNumbers(9)
    for (const fee of [0n, 16_383n]) {
      await time.increase(PERIOD)
      await setFee(scene, fee)
      for (let i = 0; i < 30; i++) {
        const before = await token0.balanceOf(trader)
        const held = await token1.balanceOf(trader)
        await trade(scene, true, BigInt(2 + random(2 ** 31)) * 10n ** BigInt(random(14)))
        await trade(scene, false, (await token1.balanceOf(trader)) - held)
        expect(await token0.balanceOf(trader)).to.be.lessThan(before)
        expect(await token1.balanceOf(trader)).to.equal(held)
      }
      expect([MIN_FEE, MAX_FEE]).to.include(await pool.currentFee())
    }
  })

  it('refuses tokens that take a part, revert or return false', async () => {
    const { pool, trader, lp, token0, token1 } = await loadFixture(deploy)
    await token0.behave(1)
    await expect(pool.connect(trader).swap(token0, 1000, 0, trader, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'UnsupportedToken')
      .withArgs(await token0.getAddress(), 1000, 900)
    await expect(pool.connect(lp).addLiquidity(10n ** 6n, 10n ** 7n, 0, lp, MaxUint256)).to.be.revertedWithCustomError(
      pool,
      'UnsupportedToken',
    )
    await token0.behave(2)
    await expect(pool.connect(trader).swap(token0, 1000, 0, trader, MaxUint256)).to.be.revertedWithCustomError(
      token0,
      'Refused',
    )
    await token0.behave(3)
    await expect(pool.connect(trader).swap(token1, 1000, 0, trader, MaxUint256))
      .to.be.revertedWithCustomError(pool, 'SafeERC20FailedOperation')
      .withArgs(await token0.getAddress())
    expect(await pool.reserves()).to.deep.equal([LIQUIDITY, 2n * LIQUIDITY])
  })

  it('cannot be entered again from a token, whichever way in and out', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, lp, trader, token0, token1 } = scene
    const address = await token0.getAddress()
    const entries = [
      pool.interface.encodeFunctionData('swap', [address, 1000n, 0n, address, MaxUint256]),
      pool.interface.encodeFunctionData('addLiquidity', [1000n, 2000n, 0n, address, MaxUint256]),
      pool.interface.encodeFunctionData('removeLiquidity', [1n, 0n, 0n, address, MaxUint256]),
      pool.interface.encodeFunctionData('updateFee'),
    ]
    const guarded = id('ReentrancyGuardReentrantCall()').slice(0, 10)
    for (const entry of entries) {
      for (const move of [
        () => pool.connect(trader).swap(token0, 1000, 0, trader, MaxUint256),
        () => pool.connect(trader).swap(token1, 1000, 0, trader, MaxUint256),
        () => pool.connect(lp).addLiquidity(10n ** 9n, 10n ** 10n, 0, lp, MaxUint256),
        () => pool.connect(lp).removeLiquidity(10n ** 6n, 0, 0, lp, MaxUint256),
      ]) {
        await token0.aim(pool, entry)
        await move()
        expect([await token0.reentered(), await token0.answer()]).to.deep.equal([false, guarded])
      }
    }
  })
})

describe('DynamicFeePool, its history', () => {
  it('is what was traded, hour by hour, over random histories', async () => {
    const scene = await loadFixture(deploy)
    const { pool, lp, token0, token1 } = scene
    const random = randomNumbers(11)
    let hour = Math.floor((await time.latest()) / HOUR)
    let logOpen = Math.log(2)
    let volume = 0
    let price = Math.log(2)
    const closed: [number, number][] = []
    const clamp = (value: number, low: number) => Math.min(1023, Math.max(low, value))
    for (let i = 0; i < 160; i++) {
      // Several trades an hour, and now and then a gap; once a long one.
      await time.increase(i === 80 ? 9 * HOUR : random(5) === 0 ? HOUR * (1 + random(3)) : 60 + random(1500))
      let [reserve0, reserve1] = await pool.reserves()
      if (random(8) === 0) {
        await pool.connect(lp).addLiquidity(LIQUIDITY / 10n, LIQUIDITY, 0, lp, MaxUint256)
      } else {
        const forward = random(2) === 0
        const reserveIn = forward ? reserve0 : reserve1
        // Up to 3% of the reserve, at times a fifth.
        const amountIn = (reserveIn * BigInt(1 + random(random(20) === 0 ? 200_000 : 30_000))) / 1_000_000n
        await trade(scene, forward, amountIn)
        const now = Math.floor((await time.latest()) / HOUR)
        if (now !== hour) {
          closed.unshift([clamp(Math.round(1e4 * (price - logOpen)), -1024), clamp(Math.round(volume * 1e4), 0)])
          for (let quiet = hour + 1; quiet < now; quiet++) closed.unshift([0, 0])
          ;[hour, logOpen, volume] = [now, price, 0]
        }
        volume += Number((amountIn * 10n ** 8n) / reserveIn) / 1e8
        ;[reserve0, reserve1] = await pool.reserves()
        price = Math.log(Number(reserve1) / Number(reserve0))
        const seen = await pool.closedHours()
        const padded = [...closed, ...new Array<[number, number]>(8).fill([0, 0])].slice(0, 8)
        expect(seen.map(Number), `after ${i} steps`).to.deep.equal(padded.flat().map((value) => value || 0))
      }
    }
    expect(closed.some(([move]) => move < -100) && closed.some(([move]) => move > 100)).to.equal(true)
    expect(await token0.balanceOf(pool)).to.equal((await pool.reserves())[0])
    expect(await token1.balanceOf(pool)).to.equal((await pool.reserves())[1])
  })

  it('stays within the digits of the model, however wild the trade', async () => {
    const scene = await loadFixture(deploy)
    const { pool } = scene
    for (const [forward, move] of [
      [true, -1024n],
      [false, 1023n],
    ] as const) {
      await trade(scene, forward, forward ? 10n ** 29n : 10n ** 28n)
      await time.increase(HOUR)
      expect((await pool.closedHours()).slice(0, 2)).to.deep.equal([move, 1023n])
    }
  })

  it('counts the volume of trades there and back in one block of an earlier hour, but no move', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, trader, token0, token1 } = scene
    const out = await pool.quote(token0, 10n ** 22n)
    const swap = (token: typeof token0, amountIn: bigint) => () =>
      pool.connect(trader).swap(token, amountIn, 0, trader, MaxUint256, { gasLimit: 500_000 })
    expect(await inOneBlock([swap(token0, 10n ** 22n), swap(token1, out)])).to.deep.equal([true, true])
    await time.increase(HOUR)
    const [move, volume] = await pool.closedHours()
    // About 1% of each reserve; what stays of the price is the fee.
    expect(move).to.be.within(-1, 1)
    expect(volume).to.be.within(150, 250)
  })

  it('does not see what the transaction, the block or the hour that asks did', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, keeper, trader, token0, coordinator } = scene
    const before = await pool.closedHours()
    const cost = await pool.updateCost()
    const swap = () => pool.connect(trader).swap(token0, 10n ** 24n, 0, trader, MaxUint256, { gasLimit: 500_000 })
    const ask = () => pool.connect(keeper).updateFee({ value: cost, gasLimit: 900_000 })
    expect(await inOneBlock([swap, ask])).to.deep.equal([true, true])
    const [taken] = await pool.queryFilter(pool.filters.SnapshotTaken())
    expect(taken!.args[1]).to.deep.equal(before)
    expect((await openedRequest(coordinator)).id).to.equal(taken!.args.requestId)
    expect(await pool.closedHours()).to.deep.equal(before)
    // Once the hour is over, it counts.
    await time.increase(HOUR)
    expect(await pool.closedHours()).to.not.deep.equal(before)
  })
})

describe('DynamicFeePool, its fee', () => {
  it('asks only once there are eight closed hours, and only if it is paid for', async () => {
    const scene = await loadFixture(deploy)
    const { pool, keeper, coordinator } = scene
    const opened = Math.floor((await time.latest()) / HOUR)
    const readyAt = (opened + 9) * HOUR
    await time.setNextBlockTimestamp(readyAt - 1)
    await expect(pool.updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(pool, 'HistoryTooShort')
      .withArgs(readyAt)
    await expect(pool.connect(keeper).updateFee({ value: PRICE - 1n }))
      .to.be.revertedWithCustomError(pool, 'RequestUnderpaid')
      .withArgs(1)
    expect(await pool.updateCost()).to.equal(PRICE)
    await pool.connect(keeper).updateFee({ value: PRICE })
    expect(await coordinator.balanceOf(ZeroAddress, pool)).to.equal(0)
    // The price was lower than the most that was offered: the rest pays for the next one, with a tip of anyone's.
    const { request } = await openedRequest(coordinator)
    await coordinator.connect(scene.prover).lock(request)
    const kept = await coordinator.balanceOf(ZeroAddress, pool)
    expect(kept).to.be.greaterThan(PRICE / 2n)
    expect(await pool.updateCost()).to.equal(PRICE - kept)
    await coordinator.connect(keeper).depositFor(ZeroAddress, PRICE, pool, { value: PRICE })
    expect(await pool.updateCost()).to.equal(0)
  })

  it('follows the model, within its bounds', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, prover, coordinator } = scene
    expect(await pool.currentFee()).to.equal(FALLBACK)
    for (const [proposed, fee] of [
      [0n, MIN_FEE],
      [MIN_FEE - 1n, MIN_FEE],
      [MIN_FEE, MIN_FEE],
      [1234n, 1234n],
      [MAX_FEE, MAX_FEE],
      [MAX_FEE + 1n, MAX_FEE],
      [16_383n, MAX_FEE],
    ] as const) {
      await time.increase(PERIOD)
      const paid = await coordinator.balanceOf(ZeroAddress, prover)
      const fulfilled = await setFee(scene, proposed)
      const { requestId, takenAt } = await pool.answeredSnapshot()
      await expect(fulfilled)
        .to.emit(pool, 'FeeUpdated')
        .withArgs(requestId, proposed, fee, takenAt + TTL)
      expect(await pool.currentFee()).to.equal(fee)
      expect(await coordinator.balanceOf(ZeroAddress, prover)).to.be.greaterThan(paid)
    }
  })

  it('holds from its snapshot on to the last second, then falls back', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, coordinator, prover } = scene
    await update(scene)
    const { takenAt } = await pool.newestSnapshot()
    const { request, output, proof } = await answerTo(scene, 1234n)
    // Delivered at the last moment: no younger for that.
    await coordinator.connect(prover).lock(request)
    await time.setNextBlockTimestamp(request.deadline)
    await coordinator.fulfill(request, output, proof)
    expect(await pool.currentFee()).to.equal(1234)
    for (const [moment, fee] of [
      [takenAt + TTL, 1234n],
      [takenAt + TTL + 1n, FALLBACK],
    ] as const) {
      await time.setNextBlockTimestamp(moment)
      const receipt = await (await trade(scene, true, 10n ** 20n)).wait()
      const swapped = receipt!.logs.map((log) => pool.interface.parseLog(log)).find((log) => log?.name === 'Swapped')
      expect(swapped!.args[5]).to.equal(fee)
    }
    expect(await pool.currentFee()).to.equal(FALLBACK)
  })

  itTakesOneAnswerOfItsOwnHours(deployReady)

  it('goes on after a snapshot that nobody answered, and its money comes back to it', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, coordinator, prover } = scene
    await update(scene)
    const stale = await answerTo(scene, 1234n)
    await time.increaseTo(stale.request.deadline + 1n)
    await coordinator.refund(stale.request)
    expect(await pool.updateCost()).to.equal(0)
    await setFee(scene, 2222n)
    await expect(coordinator.connect(prover).fulfill(stale.request, stale.output, stale.proof))
      .to.be.revertedWithCustomError(coordinator, 'WrongState')
      .withArgs(stale.requestId, 7)
    expect(await pool.currentFee()).to.equal(2222)
  })

  it('ends with its model: deprecated, it settles what is open; stopped, it falls back at once for what is open', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, coordinator, registry, publisher, prover, modelId, stop, guardian } = scene
    await update(scene)
    await registry.connect(publisher).deprecateModel(modelId)
    const open = await answerTo(scene, 1234n)
    await coordinator.connect(prover).lock(open.request)
    await coordinator.fulfill(open.request, open.output, open.proof)
    expect(await pool.currentFee()).to.equal(1234)
    await time.increase(PERIOD)
    await expect(pool.updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(registry, 'ModelIsDeprecated')
      .withArgs(modelId)
    await time.increase(TTL)
    expect(await pool.currentFee()).to.equal(FALLBACK)
    await trade(scene, true, 10n ** 20n)
    await stop.connect(guardian).stop()
    await trade(scene, false, 10n ** 20n)
  })

  it('outlives a stopped verifier', async () => {
    const scene = await loadFixture(deployReady)
    const { pool, coordinator, prover, stop, guardian, modelId } = scene
    await update(scene)
    const open = await answerTo(scene, 1234n)
    await coordinator.connect(prover).lock(open.request)
    await stop.connect(guardian).stop()
    await expect(coordinator.fulfill(open.request, open.output, open.proof)).to.be.reverted
    await coordinator.refund(open.request)
    expect(await coordinator.balanceOf(ZeroAddress, pool)).to.equal(PRICE)
    await time.increase(TERMS.lifetime)
    await expect(pool.updateFee()).to.be.revertedWithCustomError(coordinator, 'ModelStopped').withArgs(modelId)
    expect(await pool.currentFee()).to.equal(FALLBACK)
    await trade(scene, true, 10n ** 20n)
  })
})

describe('DynamicFeePool with the real model', () => {
  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'fee-mlp')
    const scene = await deployPool(world, reference.modelId)
    return { ...scene, reference }
  }

  /** Twelve trades an hour, each up to a part of the reserve. */
  async function live(scene: Scene, hours: number, perMillion: number, seed: number) {
    const random = randomNumbers(seed)
    for (let hour = 0; hour < hours; hour++) {
      for (let i = 0; i < 4; i++) {
        const [reserve0] = await scene.pool.reserves()
        await time.increase(HOUR / 4)
        const forward = random(2) === 0
        await trade(scene, forward, ((forward ? 1n : 2n) * reserve0 * BigInt(1 + random(perMillion))) / 1_000_000n)
      }
    }
  }

  it('asks about its own hours and takes the fee that the model proves; wild hours cost more than quiet ones', async () => {
    const scene = await loadFixture(deployReal)
    const { pool, coordinator, prover, reference } = scene
    const fees: number[] = []
    for (const [perMillion, seed] of [
      [300, 5],
      [9_000, 6],
    ] as const) {
      await live(scene, 9, perMillion, seed)
      const asked = await update(scene)
      const { request, id: requestId } = await openedRequest(coordinator)
      const hours = await pool.closedHours()
      const [proposed] = reference.run(hours)
      const caller = await coordinator.getAddress()
      const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: prover.address }
      const { inputCommitment, output, proof } = await reference.prove(hours, context)
      expect(inputCommitment).to.equal(request.inputCommitment)
      await coordinator.connect(prover).lock(request)
      const fulfilled = await coordinator.fulfill(request, output, proof)
      await expect(fulfilled).to.emit(pool, 'FeeUpdated')
      expect(await pool.currentFee()).to.equal(BigInt(Math.min(5000, Math.max(500, proposed!))))
      fees.push(proposed!)
      if (!IS_COVERAGE) expect((await asked.wait())!.gasUsed).to.be.at.most(290_000)
      if (!IS_COVERAGE) expect((await fulfilled.wait())!.gasUsed).to.be.at.most(400_000)
    }
    expect(fees[1]).to.be.greaterThan(fees[0]!)
  })

  itUninstrumented('costs what it costs', async () => {
    const scene = await loadFixture(deployReal)
    await trade(scene, true, 10n ** 20n)
    const within = await (await trade(scene, true, 10n ** 20n)).wait()
    if (!IS_COVERAGE) expect(within!.gasUsed).to.be.at.most(100_000)
    await time.increase(10 * HOUR)
    const closing = await (await trade(scene, false, 10n ** 20n)).wait()
    if (!IS_COVERAGE) expect(closing!.gasUsed).to.be.at.most(115_000)
  })
})
