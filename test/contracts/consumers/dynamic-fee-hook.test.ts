// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { impersonateAccount, loadFixture, setBalance, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { MaxUint256, parseEther, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import {
  DynamicFeeHook__factory,
  FlowHistoryHarness__factory,
  InferenceCoordinator__factory,
  ModelFee__factory,
} from '../../../typechain-types'
import { openVenue, simulateMarket, tradeHour } from '../../support/amm-market'
import { freshSigners, inOneBlock, openedRequest, randomNumbers } from '../../support/consumers'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { IS_COVERAGE, itUninstrumented } from '../../support/coverage'
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
import {
  createV4,
  deployHook,
  exactIn,
  exactOut,
  FULL_RANGE,
  MAX_SQRT_PRICE,
  MIN_SQRT_PRICE,
  poolKeyOf,
  SQRT_PRICE_ONE,
  swapTo,
  TICK_SPACING,
} from '../../support/v4'
import { createWorld, type World } from '../../support/world'

const HOUR = 3600
const MIN_FEE = 500n
const MAX_FEE = 10_000n
const CONFIG = { minFee: MIN_FEE, maxFee: MAX_FEE, fallbackFee: FALLBACK, feeTtl: TTL, updatePeriod: PERIOD }
const LIQUIDITY = 10n ** 24n
const IDLE = [0, 0, 0, 0]

async function deployScene(world: World, modelId: bigint) {
  const [lp, user, keeper] = (await freshSigners(3)) as [HardhatEthersSigner, HardhatEthersSigner, HardhatEthersSigner]
  const coordinator = await new InferenceCoordinator__factory(world.deployer).deploy(world.routed, world.deployer)
  await coordinator.depositFor(ZeroAddress, TERMS.bond, world.prover, { value: TERMS.bond })
  const v4 = await createV4(world.deployer, [lp, user])
  const factory = new DynamicFeeHook__factory(world.deployer)
  const create = async (config: object = {}, terms: object = {}, model: bigint = modelId) =>
    factory.getDeployTransaction(
      coordinator,
      model,
      v4.manager,
      v4.currencies,
      TICK_SPACING,
      { ...CONFIG, ...config },
      { ...TERMS, ...terms },
    )
  const hook = DynamicFeeHook__factory.connect(await deployHook(v4, create()), world.deployer)
  const poolKey = await poolKeyOf(hook)
  // Hours begin on the dot, so that every run sees the same ones.
  await time.increaseTo((Math.floor((await time.latest()) / HOUR) + 1) * HOUR + 10)
  await v4.manager.initialize(poolKey, SQRT_PRICE_ONE)
  await v4.trader.connect(lp).modifyLiquidity(poolKey, FULL_RANGE.tickLower, FULL_RANGE.tickUpper, LIQUIDITY)
  const fees = ModelFee__factory.connect(await hook.getAddress(), world.deployer)
  const closedHours = async () => hook.closedHours()
  const parties = { lp, user, keeper, coordinator }
  return { ...world, ...v4, v4, modelId, ...parties, hook, fees, closedHours, poolKey, create, factory }
}

type Scene = Awaited<ReturnType<typeof deployScene>>

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'amm-spread')
  return { ...(await deployScene(world, model.modelId)), model }
}

/** The same, with enough closed hours. */
async function deployReady() {
  const scene = await deploy()
  const random = randomNumbers(3)
  for (let hour = 0; hour < 9; hour++) {
    await time.increase(HOUR)
    await swap(scene, exactIn(random(2) === 0, BigInt(1 + random(1000)) * 10n ** 19n))
  }
  await time.increase(HOUR)
  return scene
}

async function swap({ trader, user, poolKey }: Scene, params: ReturnType<typeof exactIn>) {
  return trader.connect(user).swap(poolKey, params, '0x')
}

/** The fee that the pool manager took in a transaction's swap. */
async function feeTaken(scene: Scene, sent: Awaited<ReturnType<typeof swap>>) {
  const [event] = await scene.manager.queryFilter(scene.manager.filters.Swap(), sent.blockNumber!)
  return event!.args.fee
}

/** What a trade counts that takes the root of the price from here to there, in millionths. */
function movedBetween(from: bigint, to: bigint) {
  const [low, high] = from < to ? [from, to] : [to, from]
  return Number(((high - low) * 1_000_000n) / high)
}

/** A word that the manager keeps of the pool. */
async function poolWord({ manager, hook }: Scene, offset: bigint) {
  const slot = BigInt(ethers.solidityPackedKeccak256(['bytes32', 'uint256'], [await hook.poolId(), 6])) + offset
  return BigInt(await manager['extsload(bytes32)'](ethers.toBeHex(slot, 32)))
}

/** Fees of both tokens that the first liquidity has earned; it is in range always, and the price is near 1. */
async function feesOf(scene: Scene) {
  return ((await poolWord(scene, 1n)) + (await poolWord(scene, 2n))) * LIQUIDITY
}

describe('DynamicFeeHook, its history', () => {
  it('is what was swapped, hour by hour and block by block, over random histories', async () => {
    const scene = await loadFixture(deploy)
    const { hook, manager, trader, user, poolKey } = scene
    const random = randomNumbers(11)
    const clamp = (value: number) => Math.min(1023, Math.max(-1024, value))
    let hour = Math.floor((await time.latest()) / HOUR)
    let now = { imbalance: 0, volume: 0, variance: 0, trades: 0 }
    let [blockTick, tick, fee, lastBlock, root] = [0, 0, 0, await time.latestBlock(), SQRT_PRICE_ONE]
    const closed: number[][] = []
    const digits = () => [
      clamp(Math.trunc(now.imbalance / 100)),
      clamp(Math.trunc(now.volume / 100)),
      clamp(Math.floor(Math.sqrt(now.variance))),
      clamp(now.trades),
      clamp(Math.trunc(fee / 10)),
    ]
    const closeBlock = () => {
      now.variance += (tick - blockTick) ** 2
      blockTick = tick
    }
    for (let i = 0; i < 50; i++) {
      await time.increase(i === 25 ? 9 * HOUR : random(5) === 0 ? HOUR * (1 + random(3)) : 60 + random(1500))
      const count = 1 + random(3)
      const swaps = Array.from({ length: count }, () => {
        const amount = BigInt(1 + random(random(10) === 0 ? 200_000 : 20_000)) * 10n ** 18n
        const crumb = random(6) === 0 ? 10n ** 18n : 1n
        return random(4) === 0
          ? exactOut(random(2) === 0, amount / crumb + 1n)
          : exactIn(random(2) === 0, amount / crumb + 1n)
      })
      const gas = { gasLimit: 600_000 }
      const sent = await inOneBlock(swaps.map((one) => () => trader.connect(user).swap(poolKey, one, '0x', gas)))
      expect(sent).to.deep.equal(swaps.map(() => true))
      const time_ = Math.floor((await time.latest()) / HOUR)
      if (time_ !== hour) {
        closeBlock()
        closed.unshift(digits())
        for (let idle = hour + 1; idle < time_; idle++) closed.unshift([...IDLE, Math.trunc(fee / 10)])
        ;[hour, now] = [time_, { imbalance: 0, volume: 0, variance: 0, trades: 0 }]
      }
      const events = await manager.queryFilter(manager.filters.Swap(), 'latest')
      if ((await time.latestBlock()) !== lastBlock) closeBlock()
      lastBlock = await time.latestBlock()
      for (const { args } of events) {
        const forward = args.amount0 < 0n
        const part = movedBetween(root, args.sqrtPriceX96)
        now.volume += part
        now.imbalance += forward ? part : -part
        if (part >= 10) now.trades++
        ;[tick, fee, root] = [Number(args.tick), Number(args.fee), args.sqrtPriceX96]
      }
      const idle = new Array<number[]>(8).fill([...IDLE, 0])
      const padded = [...closed, ...idle].slice(0, 8).flat()
      expect((await hook.closedHours()).map(Number), `after ${i} blocks`).to.deep.equal(
        padded.map((value) => value || 0),
      )
    }
    expect(closed.some(([imbalance]) => imbalance! < -50) && closed.some(([imbalance]) => imbalance! > 50)).to.equal(
      true,
    )
  })

  it('stays within the digits of the model, however wild the swap, and never stops one', async () => {
    const scene = await loadFixture(deploy)
    const { hook, trader, lp, poolKey } = scene
    for (const [forward, imbalance] of [
      [true, 1023n],
      [false, -1024n],
    ] as const) {
      await swap(scene, exactIn(forward, 10n ** 30n))
      await time.increase(HOUR)
      expect((await hook.closedHours()).slice(0, 2)).to.deep.equal([imbalance, 1023n])
    }
    // A swap from one end to the other, in one block and back in the next.
    await swap(scene, exactIn(true, 10n ** 30n))
    await time.increase(HOUR)
    expect((await hook.closedHours()).slice(0, 4)).to.deep.equal([1023n, 1023n, 1023n, 1n])
    // Nobody provides anything: the price moves for nothing, and that counts for nothing.
    await trader.connect(lp).modifyLiquidity(poolKey, FULL_RANGE.tickLower, FULL_RANGE.tickUpper, -LIQUIDITY)
    await swap(scene, swapTo(false, SQRT_PRICE_ONE))
    await time.increase(HOUR)
    const [imbalance, volume, , trades] = await hook.closedHours()
    expect([imbalance, volume, trades]).to.deep.equal([0n, 0n, 0n])
  })

  it('stops at what its word holds, however much is traded in an hour', async () => {
    const history = await new FlowHistoryHarness__factory((await createWorld()).deployer).deploy()
    const [volume, imbalance, variance, trades] = [2n ** 32n - 1n, 2n ** 31n - 1n, 2n ** 40n - 1n, 2n ** 16n - 1n]
    const trade = (zeroForOne: boolean, tick: bigint) => {
      const [rootBefore, rootAfter] = zeroForOne ? [MAX_SQRT_PRICE, MIN_SQRT_PRICE] : [MIN_SQRT_PRICE, MAX_SQRT_PRICE]
      return { zeroForOne, isPaid: true, rootBefore, rootAfter, tick, fee: 1n }
    }
    for (const forward of [true, false]) {
      const sign = forward ? 1n : -1n
      // A whole trade counts just less than 1, so the first fits and the second does not.
      await history.set(volume - 999_999n, sign * (imbalance - 999_999n), 0n, trades - 1n)
      for (let i = 0; i < 2; i++) {
        await history.count(trade(forward, 0n))
        const now = await history.currentHour()
        expect([now.volume, now.imbalance, now.trades]).to.deep.equal([volume, sign * imbalance, trades])
      }
    }
    // From one end of the prices to the other in one block, which the next one closes.
    await history.count(trade(true, -887_272n))
    await history.count(trade(false, 887_271n))
    await history.count(trade(true, 0n))
    expect((await history.currentHour()).variance).to.equal(variance)
  })

  it('does not see what the transaction, the block or the hour that asks did', async () => {
    const scene = await loadFixture(deployReady)
    const { hook, keeper, trader, user, poolKey, coordinator } = scene
    const before = await hook.closedHours()
    const cost = await hook.updateCost()
    const gas = { gasLimit: 1_000_000 }
    const trade = () => trader.connect(user).swap(poolKey, exactIn(true, 10n ** 24n), '0x', gas)
    const ask = () => hook.connect(keeper).updateFee({ value: cost, ...gas })
    expect(await inOneBlock([trade, ask])).to.deep.equal([true, true])
    const [taken] = await hook.queryFilter(hook.filters.SnapshotTaken())
    expect(taken!.args[1]).to.deep.equal(before)
    expect((await openedRequest(coordinator)).id).to.equal(taken!.args.requestId)
    expect(await hook.closedHours()).to.deep.equal(before)
    // Once the hour is over, it counts.
    await time.increase(HOUR)
    expect(await hook.closedHours()).to.not.deep.equal(before)
  })

  it('sees no volatility and no imbalance in a trade there and back within a block', async () => {
    const scene = await loadFixture(deployReady)
    const { hook, trader, user, poolKey } = scene
    const there = 10n ** 22n
    const root = (await poolWord(scene, 0n)) & ((1n << 160n) - 1n)
    const gas = { gasLimit: 600_000 }
    expect(
      await inOneBlock([
        () => trader.connect(user).swap(poolKey, exactIn(true, there), '0x', gas),
        () => trader.connect(user).swap(poolKey, swapTo(false, root), '0x', gas),
      ]),
    ).to.deep.equal([true, true])
    await time.increase(HOUR)
    const [imbalance, volume, volatility, trades] = await hook.closedHours()
    expect(imbalance).to.equal(0)
    expect(volume).to.be.within(150, 250)
    expect([volatility, trades]).to.deep.equal([0n, 2n])
  })

  it('makes a trade against liquidity of one transaction count less, as it costs less', async () => {
    const scene = await loadFixture(deployReady)
    const { hook, trader, user, poolKey } = scene
    const range = { tickLower: -6000n, tickUpper: 6000n, salt: ZeroHash }
    const none = { liquidity: { ...range, liquidityDelta: 0n }, hookData: '0x' }
    const move = (liquidityDelta: bigint) => ({
      ...none,
      isSwap: false,
      swap: exactIn(true, 0n),
      liquidity: { ...range, liquidityDelta },
    })
    const trade = (forward: boolean) => ({ ...none, isSwap: true, swap: exactIn(forward, 5n * 10n ** 21n) })
    const seen: { volume: number; paid: number }[] = []
    for (const added of [0n, 9n * LIQUIDITY]) {
      const before = await feesOf(scene)
      const actions = [trade(true), trade(false)]
      await trader.connect(user).run(poolKey, added === 0n ? actions : [move(added), ...actions, move(-added)])
      const after = await feesOf(scene)
      await time.increase(HOUR)
      seen.push({ volume: Number((await hook.closedHours())[1]), paid: Number(after - before) })
    }
    const [plain, inflated] = seen as [(typeof seen)[0], (typeof seen)[0]]
    expect(plain.volume).to.be.within(95, 105)
    // A tenth of the volume for a tenth of what others are paid: no cheaper to shape.
    expect(inflated.volume / plain.volume).to.be.closeTo(0.1, 0.015)
    expect(inflated.paid / plain.paid).to.be.closeTo(0.1, 0.005)
  })

  it("counts what trades across the edge of one's own range move, not what they are against", async () => {
    const scene = await loadFixture(deployReady)
    const { hook, manager, trader, user, poolKey } = scene
    const start = (await poolWord(scene, 0n)) & ((1n << 160n) - 1n)
    const tick = Math.floor((2 * Math.log(Number(start) / 2 ** 96)) / Math.log(1.0001))
    const edge = (Math.floor(tick / 60) + 1) * 60
    const rootAt = (at: number) => BigInt(Math.round(1.0001 ** (at / 2) * 2 ** 48)) << 48n
    const range = { tickLower: BigInt(edge), tickUpper: BigInt(edge + 60), salt: ZeroHash }
    const none = { liquidity: { ...range, liquidityDelta: 0n }, hookData: '0x' }
    const add = (liquidityDelta: bigint) => ({
      ...none,
      isSwap: false,
      swap: exactIn(true, 0n),
      liquidity: { ...range, liquidityDelta },
    })
    const to = (forward: boolean, root: bigint) => ({ ...none, isSwap: true, swap: swapTo(forward, root) })
    const [below, above] = [rootAt(edge - 1), rootAt(edge + 1)]
    const rounds = Array.from({ length: 3 }, () => [to(true, below), to(false, above)]).flat()
    const mine = 1000n * LIQUIDITY
    await trader.connect(user).run(poolKey, [add(mine), to(false, above), ...rounds, to(true, start), add(-mine)])
    const roots = (await manager.queryFilter(manager.filters.Swap(), 'latest')).map(({ args }) => args.sqrtPriceX96)
    expect(roots).to.have.length(8)
    const moved = roots.map((root, i) => movedBetween(roots[i - 1] ?? start, root)).reduce((sum, part) => sum + part)
    await time.increase(HOUR)
    const [imbalance, volume, volatility] = await hook.closedHours()
    // There and back over two ticks, three times, and the way to the edge.
    expect([imbalance, volume, volatility]).to.deep.equal([0n, BigInt(Math.floor(moved / 100)), 0n])
    expect(volume).to.be.at.most(Math.ceil((2 * (edge + 1 - tick) + 3 * 2 * 2) / 2))
  })

  it('begins with no hours', async () => {
    const scene = await loadFixture(deploy)
    const { v4, create, factory } = scene
    const unopened = factory.attach(await deployHook(v4, create({ minFee: 1n }))) as Scene['hook']
    expect(await unopened.closedHours()).to.deep.equal([])
    await expect(unopened.updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(unopened, 'HistoryTooShort')
      .withArgs(MaxUint256)
  })
})

describe('DynamicFeeHook, its fee', () => {
  it('is refused with bounds, times or models that do not fit', async () => {
    const { hookDeployer, hook, create, factory, ...world } = await loadFixture(deploy)
    for (const [config, terms] of [
      [{ minFee: FALLBACK + 1n }],
      [{ maxFee: FALLBACK - 1n }],
      [{ maxFee: 100_001n }],
      [{ updatePeriod: 3599n }],
      [{ feeTtl: PERIOD - 1n }],
      [{}, { lifetime: TTL }],
      [{}, { callbackGas: 99_999n }],
      [{}, { bond: 0n }],
    ] as const) {
      const { data } = await create(config, terms)
      await expect(hookDeployer.deploy(ZeroHash, data)).to.be.revertedWithCustomError(hook, 'BadConfig')
    }
    const other = await trapdoorModel(world, 'fee-mlp')
    const { data } = await create({}, {}, other.modelId)
    await expect(hookDeployer.deploy(ZeroHash, data))
      .to.be.revertedWithCustomError(hook, 'NotAFeeModel')
      .withArgs(other.modelId)
    expect(factory.bytecode.length).to.be.greaterThan(2)
  })

  it('asks only once there are eight closed hours, and only if it is paid for', async () => {
    const scene = await loadFixture(deploy)
    const { hook, keeper, coordinator } = scene
    const readyAt = (Math.floor((await time.latest()) / HOUR) + 9) * HOUR
    await time.setNextBlockTimestamp(readyAt - 1)
    await expect(hook.updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(hook, 'HistoryTooShort')
      .withArgs(readyAt)
    await expect(hook.connect(keeper).updateFee({ value: PRICE - 1n }))
      .to.be.revertedWithCustomError(hook, 'RequestUnderpaid')
      .withArgs(1)
    expect(await hook.updateCost()).to.equal(PRICE)
    await hook.connect(keeper).updateFee({ value: PRICE })
    expect(await coordinator.balanceOf(ZeroAddress, hook)).to.equal(0)
  })

  it('follows the model within its bounds, and every swap pays it', async () => {
    const scene = await loadFixture(deployReady)
    const { hook } = scene
    expect(await feeTaken(scene, await swap(scene, exactIn(true, 10n ** 20n)))).to.equal(FALLBACK)
    for (const [proposed, fee] of [
      [0n, MIN_FEE],
      [MIN_FEE - 1n, MIN_FEE],
      [1234n, 1234n],
      [MAX_FEE, MAX_FEE],
      [MAX_FEE + 1n, MAX_FEE],
      [16_383n, MAX_FEE],
    ] as const) {
      await time.increase(PERIOD)
      const fulfilled = await setFee(scene, proposed)
      const { requestId, takenAt } = await hook.answeredSnapshot()
      await expect(fulfilled)
        .to.emit(hook, 'FeeUpdated')
        .withArgs(requestId, proposed, fee, takenAt + TTL)
      expect(await feeTaken(scene, await swap(scene, exactIn(true, 10n ** 20n)))).to.equal(fee)
      expect(await feeTaken(scene, await swap(scene, exactOut(false, 10n ** 20n)))).to.equal(fee)
    }
    // What was paid is part of what the model is asked about next.
    await time.increase(HOUR)
    expect((await hook.closedHours())[4]).to.equal(MAX_FEE / 10n)
  })

  it('holds from its snapshot on to the last second, then falls back', async () => {
    const scene = await loadFixture(deployReady)
    const { hook, coordinator, prover } = scene
    await update(scene)
    const { takenAt } = await hook.newestSnapshot()
    const { request, output, proof } = await answerTo(scene, 1234n)
    // Delivered at the last moment: no younger for that.
    await coordinator.connect(prover).lock(request)
    await time.setNextBlockTimestamp(request.deadline)
    await coordinator.fulfill(request, output, proof)
    for (const [moment, fee] of [
      [takenAt + TTL, 1234n],
      [takenAt + TTL + 1n, FALLBACK],
    ] as const) {
      await time.setNextBlockTimestamp(moment)
      expect(await feeTaken(scene, await swap(scene, exactIn(true, 10n ** 20n)))).to.equal(fee)
    }
  })

  itTakesOneAnswerOfItsOwnHours(deployReady)

  it('outlives its model and the verifier: the fee that holds runs out, and swaps go on at the fallback fee', async () => {
    const scene = await loadFixture(deployReady)
    const { hook, coordinator, registry, publisher, prover, modelId, stop, guardian } = scene
    await update(scene)
    await registry.connect(publisher).deprecateModel(modelId)
    const open = await answerTo(scene, 1234n)
    await coordinator.connect(prover).lock(open.request)
    await coordinator.fulfill(open.request, open.output, open.proof)
    await time.increase(PERIOD)
    await expect(hook.updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(registry, 'ModelIsDeprecated')
      .withArgs(modelId)
    // A stop ends no fee that holds: it runs out.
    await stop.connect(guardian).stop()
    const { takenAt } = await hook.answeredSnapshot()
    for (const [moment, fee] of [
      [takenAt + TTL, 1234n],
      [takenAt + TTL + 1n, FALLBACK],
    ] as const) {
      await time.setNextBlockTimestamp(moment)
      expect(await feeTaken(scene, await swap(scene, exactIn(true, 10n ** 20n)))).to.equal(fee)
    }
  })

  it('takes no answer from a stopped verifier, and gets its money back', async () => {
    const scene = await loadFixture(deployReady)
    const { hook, coordinator, prover, stop, guardian, modelId } = scene
    await update(scene)
    const open = await answerTo(scene, 1234n)
    await coordinator.connect(prover).lock(open.request)
    await stop.connect(guardian).stop()
    await expect(coordinator.fulfill(open.request, open.output, open.proof)).to.be.reverted
    await coordinator.refund(open.request)
    expect(await coordinator.balanceOf(ZeroAddress, hook)).to.equal(PRICE)
    await time.increase(TERMS.lifetime)
    await expect(hook.updateFee()).to.be.revertedWithCustomError(coordinator, 'ModelStopped').withArgs(modelId)
  })

  it('answers the manager about its own pool only', async () => {
    const { hook, manager, poolKey } = await loadFixture(deployReady)
    await impersonateAccount(await manager.getAddress())
    await setBalance(await manager.getAddress(), parseEther('1'))
    const as = hook.connect(await ethers.getSigner(await manager.getAddress()))
    const before = await hook.closedHours()
    const other = { ...poolKey, tickSpacing: 10n }
    for (const call of [
      () => as.beforeSwap(ZeroAddress, other, exactIn(true, 1n), '0x'),
      () => as.afterSwap(ZeroAddress, other, exactIn(true, 1n), 0, '0x'),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(hook, 'UnknownPool')
    }
    expect(await hook.closedHours()).to.deep.equal(before)
  })
})

describe('DynamicFeeHook with the real model', () => {
  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'amm-spread')
    return { ...(await deployScene(world, reference.modelId)), reference }
  }

  it('asks about its own hours and takes the fee that the model proves; a storm costs more than a calm', async () => {
    const scene = await loadFixture(deployReal)
    const { hook, v4, user, coordinator, prover, reference, poolKey } = scene
    const venue = openVenue(poolKey, LIQUIDITY)
    const fees: number[] = []
    let from = Math.floor((await time.latest()) / HOUR) * HOUR
    for (const sigma of [0.004, 0.025]) {
      for (const hour of simulateMarket(5, new Array<number>(8).fill(sigma))) {
        from += HOUR
        await tradeHour(v4, user, [venue], [FALLBACK], hour, from)
      }
      await time.increaseTo(from + HOUR)
      const asked = await update(scene)
      const { request, id: requestId } = await openedRequest(coordinator)
      const hours = await hook.closedHours()
      const [proposed] = reference.run(hours)
      const caller = await coordinator.getAddress()
      const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: prover.address }
      const { inputCommitment, output, proof } = await reference.prove(hours, context)
      expect(inputCommitment).to.equal(request.inputCommitment)
      await coordinator.connect(prover).lock(request)
      const fulfilled = await coordinator.fulfill(request, output, proof)
      const fee = BigInt(Math.min(Number(MAX_FEE), Math.max(Number(MIN_FEE), proposed!)))
      expect(await feeTaken(scene, await swap(scene, exactIn(true, 10n ** 20n)))).to.equal(fee)
      fees.push(proposed!)
      if (!IS_COVERAGE) expect((await asked.wait())!.gasUsed).to.be.at.most(330_000)
      if (!IS_COVERAGE) expect((await fulfilled.wait())!.gasUsed).to.be.at.most(400_000)
      await time.increase(TTL)
      venue.sqrtPrice = (await poolWord(scene, 0n)) & ((1n << 160n) - 1n)
      from = Math.floor((await time.latest()) / HOUR) * HOUR
    }
    expect(fees[1]).to.be.greaterThan(1.5 * fees[0]!)
  })
})

describe('DynamicFeeHook, its gas', () => {
  itUninstrumented('is little beside that of the swap', async () => {
    const scene = await loadFixture(deployReady)
    const { manager, trader, user, lp, poolKey } = scene
    const plain = { ...poolKey, fee: FALLBACK, hooks: ZeroAddress }
    await manager.initialize(plain, SQRT_PRICE_ONE)
    await trader.connect(lp).modifyLiquidity(plain, FULL_RANGE.tickLower, FULL_RANGE.tickUpper, LIQUIDITY)
    await setFee(scene, 1234n)
    const gasOf = async (key: typeof poolKey) =>
      (await (await trader.connect(user).swap(key, exactIn(true, 10n ** 20n), '0x')).wait())!.gasUsed
    // The first swap of a pool writes words that were 0.
    await gasOf(plain)
    const [first, later, without] = [await gasOf(poolKey), await gasOf(poolKey), await gasOf(plain)]
    expect(later - without).to.be.at.most(23_000)
    expect(first - without).to.be.at.most(42_000)
    await time.increase(10 * HOUR)
    const closing = await gasOf(poolKey)
    expect(closing - without).to.be.at.most(50_000)
  })
})

describe('DynamicFeeHook against a fixed fee', () => {
  /** The fallback, and what does best of all fixed fees in training: models/amm-spread/card.md. */
  const FIXED = [3_000n, 2_500n] as const
  /** Standard deviation of each hour's move: nine hours of warming up, calm, a storm, calm. */
  const SIGMAS = [12, 10, 6].flatMap((hours, part) => new Array<number>(hours).fill(part === 1 ? 0.025 : 0.004))

  /** A trapdoor model that says what the integer program of the real one says. */
  async function deployBoth() {
    const scene = await deploy()
    const { manager, trader, lp, poolKey } = scene
    const fixedKeys = FIXED.map((fee) => ({ ...poolKey, fee, hooks: ZeroAddress }))
    for (const key of fixedKeys) {
      await manager.initialize(key, SQRT_PRICE_ONE)
      await trader.connect(lp).modifyLiquidity(key, FULL_RANGE.tickLower, FULL_RANGE.tickUpper, LIQUIDITY)
    }
    const { run } = await referenceModel(await createWorld(), 'amm-spread')
    return { ...scene, fixedKeys, run }
  }

  itUninstrumented(
    `leaves providers more than ${FIXED.join(' or ')} millionths over ${SIGMAS.length * 60} minutes of calm, storm and calm`,
    async () => {
      const scene = await loadFixture(deployBoth)
      const { v4, hook, user, poolKey, fixedKeys, run } = scene
      const model = openVenue(poolKey, LIQUIDITY)
      const fixed = fixedKeys.map((key) => openVenue(key, LIQUIDITY))
      let from = Math.floor((await time.latest()) / HOUR) * HOUR
      const fees: bigint[] = []
      for (const [index, hour] of simulateMarket(1, SIGMAS).entries()) {
        from += HOUR
        await time.increaseTo(from)
        if (index > 8) await setFee(scene, BigInt(run(await hook.closedHours())[0]!))
        const fee = await hook.currentFee()
        fees.push(fee)
        await tradeHour(v4, user, [model, ...fixed], [fee, ...FIXED], hour, from)
      }
      const bp = (part: number) => (part * 1e4).toFixed(2)
      for (const { key, informed, noise, swaps } of [model, ...fixed]) {
        const name = key === poolKey ? 'model' : `fixed ${key.fee}`
        console.log(
          `      ${name}: lost ${bp(informed)} bp to informed flow, got ${bp(noise)} bp from noise traders, ` +
            `net ${bp(noise - informed)} bp in ${swaps} swaps`,
        )
      }
      console.log(`      fees, hour by hour: ${fees.join(' ')}`)
      for (const { informed, noise } of fixed) {
        expect(model.informed).to.be.lessThan(informed)
        expect(model.noise - model.informed).to.be.greaterThan(noise - informed)
      }
    },
  )
})
