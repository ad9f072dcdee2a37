// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { anyValue } from '@nomicfoundation/hardhat-chai-matchers/withArgs'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { MaxUint256 } from 'ethers'
import { OIL_LIMITS } from '../../../scripts/demo/oil'
import { MockPriceFeed__factory } from '../../../typechain-types'
import { freshSigners, randomNumbers } from '../../support/consumers'
import { BONUS, DAY, deployClosedRisk, nextDay, NOON, propose, RATE, TOKEN } from '../../support/risk'

const { fallbackThreshold, buffer, maxFall, fallPerDay, maxPriceAge } = OIL_LIMITS
const LTV = BigInt(fallbackThreshold - buffer)
const LIQUIDITY = 1_000_000n * TOKEN
const HABIT_FEE = 1

async function deploy() {
  const scene = await deployClosedRisk()
  const [lender, borrower, liquidator] = (await freshSigners(3)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const { market, collateral, debtToken, feed, today } = scene
  for (const token of [collateral, debtToken]) {
    for (const account of [lender, borrower, liquidator]) {
      await token.mint(account, 10n ** 30n)
      await token.connect(account).approve(market, MaxUint256)
    }
  }
  // A price of 100 with two decimals.
  await feed.push(10_000, today * DAY + NOON + 1)
  await time.increaseTo(today * DAY + NOON + 60)
  await market.connect(lender).supply(LIQUIDITY)
  return { ...scene, lender, borrower, liquidator }
}

/** The same, and a market at the highest rate, with a supplier, and collateral of two accounts for any loan. */
async function deployDear() {
  const scene = await deploy()
  const { marketFactory, engine, collateral, debtToken, market, lender, borrower, liquidator } = scene
  const dear = await marketFactory.deploy(engine, collateral, debtToken, BONUS, await market.MAX_RATE())
  for (const account of [lender, borrower, liquidator]) {
    for (const token of [collateral, debtToken]) await token.connect(account).approve(dear, MaxUint256)
  }
  await dear.connect(lender).supply(LIQUIDITY)
  for (const account of [borrower, liquidator]) await dear.connect(account).addCollateral(LIQUIDITY, account)
  return { ...scene, dear }
}

type Scene = Awaited<ReturnType<typeof deploy>>

/** The price from now on; what a day closed at stays. */
async function setPrice({ feed }: Scene, cents: number) {
  await feed.push(cents, await time.latest())
}

/** A loan of as much as is allowed. */
async function openLoan({ market, borrower }: Scene, amount = 10n * TOKEN): Promise<bigint> {
  await market.connect(borrower).addCollateral(amount, borrower)
  const debt = (amount * 100n * LTV) / 10_000n
  await market.connect(borrower).borrow(debt, borrower)
  return debt
}

/** Tokens that the market holds are those that are supplied and not lent, or more. */
async function expectSolvent({ market, debtToken, lender, borrower }: Scene) {
  const [supplied, debt] = [await market.suppliedBy(lender), await market.debtOf(borrower)]
  expect((await debtToken.balanceOf(market)) + debt).to.be.at.least(supplied)
}

describe('LendingMarket', () => {
  it('is refused with tokens, rates, bonuses or decimals that do not fit', async () => {
    const { marketFactory, engine, collateral, debtToken, market, factory, entry, routed, modelId, deployer } =
      await loadFixture(deploy)
    const most = await market.MAX_RATE()
    const fine = await new MockPriceFeed__factory(deployer).deploy(37)
    await fine.push(1, 1)
    const finer = await factory.deploy(routed, modelId, [{ ...entry, feed: await fine.getAddress() }])
    await expect(marketFactory.deploy(finer, collateral, debtToken, BONUS, RATE)).to.be.revertedWithCustomError(
      market,
      'BadMarket',
    )
    // 90% and a bonus of 11.11% of that are less than everything.
    await marketFactory.deploy(engine, collateral, debtToken, 1111, most)
    for (const [debt, bonus, rate] of [
      [collateral, BONUS, RATE],
      [debtToken, 1112n, RATE],
      [debtToken, BONUS, most + 1n],
    ] as const) {
      await expect(marketFactory.deploy(engine, collateral, debt, bonus, rate)).to.be.revertedWithCustomError(
        market,
        'BadMarket',
      )
    }
    await expect(marketFactory.deploy(engine, debtToken, collateral, BONUS, RATE)).to.be.revertedWithCustomError(
      engine,
      'UnknownCollateral',
    )
  })

  it('lends up to the maximum loan-to-value of the engine, to the last unit', async () => {
    const scene = await loadFixture(deploy)
    const { market, borrower, engine, token, debtToken, stranger } = scene
    await market.connect(borrower).addCollateral(10n * TOKEN, borrower)
    expect(await market.collateralValue(10n * TOKEN)).to.equal(1000n * TOKEN)
    expect(await engine.maxLtv(token)).to.equal(LTV)
    const most = (1000n * TOKEN * LTV) / 10_000n
    await expect(market.connect(borrower).borrow(most + 1n, borrower))
      .to.be.revertedWithCustomError(market, 'NotCovered')
      .withArgs(borrower.address, most + 1n, most)
    const borrowed = market.connect(borrower).borrow(most, stranger)
    await expect(borrowed).to.changeTokenBalances(debtToken, [market, stranger], [-most, most])
    expect(await market.debtOf(borrower)).to.equal(most)
    // Interest makes even one unit more too much.
    await expect(market.connect(borrower).borrow(1, borrower)).to.be.revertedWithCustomError(market, 'NotCovered')
    await expect(market.connect(borrower).removeCollateral(1, borrower)).to.be.revertedWithCustomError(
      market,
      'NotCovered',
    )
    await expect(market.connect(stranger).borrow(1, stranger)).to.be.revertedWithCustomError(market, 'NotCovered')
    await expectSolvent(scene)
  })

  it('follows an inference: a lower loan-to-value at once, a lower threshold by and by', async () => {
    const scene = await loadFixture(deploy)
    const { market, borrower, liquidator, engine, token } = scene
    const debt = await openLoan(scene)
    await propose(scene, 0n)
    expect(await engine.maxLtv(token)).to.equal(LTV - BigInt(maxFall))
    await expect(market.connect(borrower).borrow(1, borrower)).to.be.revertedWithCustomError(market, 'NotCovered')
    const liquidate = () => market.connect(liquidator).liquidate(borrower, debt, 0)
    // The buffer is three days' fall: until then a loan at the most is not touched.
    await expect(liquidate()).to.be.revertedWithCustomError(market, 'Healthy')
    await time.increase((DAY * (buffer - fallPerDay)) / fallPerDay)
    await setPrice(scene, 10_000)
    await expect(liquidate()).to.be.revertedWithCustomError(market, 'Healthy')
    await time.increase((DAY * (2 * fallPerDay)) / fallPerDay)
    await setPrice(scene, 10_000)
    await liquidate()
  })

  it('counts interest for suppliers, and rounds against whoever calls', async () => {
    const scene = await loadFixture(deploy)
    const { market, lender, borrower, debtToken } = scene
    const debt = await openLoan(scene)
    const before = await time.latest()
    await time.increase(300 * DAY)
    const interest = (debt * RATE * BigInt((await time.latest()) - before)) / TOKEN
    expect((await market.debtOf(borrower)) - debt).to.be.within(interest, interest + 1n)
    expect((await market.suppliedBy(lender)) - LIQUIDITY).to.be.within(interest - 1n, interest)
    // Everything that needs no price works, though there is none.
    const repaid = await market.connect(lender).repay.staticCall(borrower, MaxUint256)
    await market.connect(lender).repay(borrower, MaxUint256)
    expect(repaid).to.be.at.least(debt + interest)
    expect(await market.debtOf(borrower)).to.equal(0)
    await expect(market.connect(lender).repay(borrower, 1)).to.be.revertedWithCustomError(market, 'NothingToDo')
    await market.connect(borrower).removeCollateral(10n * TOKEN, borrower)
    await market.connect(lender).withdraw(await market.sharesOf(lender), lender)
    expect(await market.suppliedBy(lender)).to.equal(0)
    expect(await debtToken.balanceOf(market)).to.be.within(0, 2)
  })

  it('never loses to rounding over random crumbs', async () => {
    const scene = await loadFixture(deploy)
    const { market, lender, borrower } = scene
    await market.connect(lender).withdraw((await market.sharesOf(lender)) - 10n ** 8n, lender)
    await market.connect(borrower).addCollateral(TOKEN, borrower)
    const random = randomNumbers(4)
    for (let i = 0; i < 120; i++) {
      const amount = 1 + random(40)
      const calls = [
        () => market.connect(lender).supply(amount),
        () => market.connect(lender).withdraw(BigInt(amount) * 1_000_000n + BigInt(random(999_999)), lender),
        () => market.connect(borrower).borrow(amount, borrower),
        () => market.connect(borrower).repay(borrower, amount),
      ]
      await calls[random(4)]!().catch((error: Error) => {
        expect(error.message).to.match(/NotEnoughLiquidity|NothingToDo/)
      })
      await expectSolvent(scene)
    }
    await market
      .connect(borrower)
      .repay(borrower, MaxUint256)
      .catch(() => undefined)
    await market.connect(lender).withdraw(await market.sharesOf(lender), lender)
    expect(await market.suppliedBy(lender)).to.equal(0)
  })

  it('lets no debt rise by less than is borrowed, or fall by more than is paid', async () => {
    const scene = await loadFixture(deployDear)
    const { dear, lender, borrower, liquidator } = scene
    // Interest of four centuries on a large loan: a share of debt is worth a hundred units, so that rounding shows.
    await dear.connect(liquidator).borrow(100n * TOKEN, liquidator)
    for (let century = 0; century < 4; century++) {
      await time.increase(100 * 365 * DAY)
      await dear.connect(lender).supply(TOKEN)
    }
    await setPrice(scene, 10_000)
    const random = randomNumbers(6)
    for (let i = 0; i < 80; i++) {
      const before = await dear.debtOf(borrower)
      const amount = BigInt(1 + random(3000))
      if (before === 0n || random(2) === 0) {
        await dear.connect(borrower).borrow(amount, borrower)
        expect(await dear.debtOf(borrower)).to.be.at.least(before + amount)
      } else {
        await dear.connect(borrower).repay(borrower, amount)
        expect(await dear.debtOf(borrower)).to.be.at.least(before - amount)
      }
    }
  })

  it('lets the last supplier out with everything, when the last debt is paid or written off', async () => {
    for (const end of ['repay', 'liquidate'] as const) {
      const scene = await loadFixture(deployDear)
      const { dear, lender, borrower, liquidator } = scene
      await dear.connect(lender).withdraw(((await dear.sharesOf(lender)) * 99n) / 100n, lender)
      await dear.connect(borrower).removeCollateral((await dear.collateralOf(borrower)) - 10n * TOKEN, borrower)
      await dear.connect(borrower).borrow(100n * TOKEN, borrower)
      // Virtual shares owe ten units more than at first, and virtual shares of suppliers own next to none of that.
      await time.increase(10 * 365 * DAY)
      await setPrice(scene, 10_000)
      if (end === 'repay') await dear.connect(borrower).repay(borrower, MaxUint256)
      else await dear.connect(liquidator).liquidate(borrower, MaxUint256, 0)
      expect(await dear.debtOf(borrower)).to.equal(0)
      await dear.connect(lender).withdraw(await dear.sharesOf(lender), lender)
      expect(await dear.suppliedBy(lender)).to.equal(0)
    }
  })

  it('counts the same interest however often, and none for a time before the loan', async () => {
    const { market, lender, borrower, liquidator } = await loadFixture(deploy)
    for (const account of [borrower, liquidator]) await market.connect(account).addCollateral(10n * TOKEN, account)
    // Half a unit a second.
    const debt = TOKEN / RATE / 2n
    await market.connect(borrower).borrow(debt, borrower)
    const before = await time.latest()
    for (let i = 0; i < 60; i++) await market.connect(lender).supply(1000)
    const interest = BigInt((await time.latest()) - before) / 2n
    expect((await market.debtOf(borrower)) - debt).to.be.within(interest, interest + 1n)
    await market.connect(borrower).repay(borrower, MaxUint256)
    // Two days of a debt too small to bear a unit are not counted on a large one.
    await market.connect(borrower).borrow(1, borrower)
    await time.increase(2 * DAY)
    await market.connect(lender).supply(1000)
    await market.connect(liquidator).borrow(100n * TOKEN, liquidator)
    expect(await market.debtOf(liquidator)).to.be.within(100n * TOKEN, 100n * TOKEN + 1n)
    await market.connect(lender).supply(1000)
    expect(await market.debtOf(liquidator)).to.be.at.most(100n * TOKEN + 2n * 100n * RATE)
  })

  it('liquidates above the threshold only, with a bonus, in parts or at once', async () => {
    const scene = await loadFixture(deploy)
    const { market, borrower, liquidator, collateral, debtToken, engine, token } = scene
    const debt = await openLoan(scene)
    const threshold = await engine.liquidationThreshold(token)
    const liquidate = (most: bigint, least = 0n) => market.connect(liquidator).liquidate(borrower, most, least)
    // 6700 of 1000 at 95.80 are 69.94%; at 95.60 they are 70.08%.
    await setPrice(scene, 9580)
    await expect(liquidate(debt))
      .to.be.revertedWithCustomError(market, 'Healthy')
      .withArgs(borrower.address, anyValue, (958n * TOKEN * threshold) / 10_000n)
    await setPrice(scene, 9560)
    const part = 100n * TOKEN
    const seized = (part * (10_000n + BONUS) * 100n) / (10_000n * 9560n)
    await expect(liquidate(part, seized + 1n))
      .to.be.revertedWithCustomError(market, 'BelowMinimum')
      .withArgs(seized, seized + 1n)
    const first = liquidate(part, seized)
    await expect(first).to.emit(market, 'Liquidated').withArgs(borrower.address, liquidator.address, part, seized, 0)
    await expect(first).to.changeTokenBalances(debtToken, [liquidator, market], [-part, part])
    await expect(first).to.changeTokenBalances(collateral, [liquidator, market], [seized, -seized])
    // That much paid, the loan is sound again.
    await expect(liquidate(part)).to.be.revertedWithCustomError(market, 'Healthy')
    await setPrice(scene, 9000)
    await liquidate(MaxUint256)
    expect(await market.debtOf(borrower)).to.equal(0)
    const left = await market.collateralOf(borrower)
    expect(left).to.be.greaterThan(0)
    await market.connect(borrower).removeCollateral(left, borrower)
    await expectSolvent(scene)
  })

  it('writes off what collateral does not pay, at the cost of all suppliers', async () => {
    const scene = await loadFixture(deploy)
    const { market, lender, borrower, liquidator, collateral, stranger, debtToken } = scene
    await debtToken.connect(lender).transfer(stranger, LIQUIDITY)
    await debtToken.connect(stranger).approve(market, MaxUint256)
    await market.connect(stranger).supply(LIQUIDITY)
    await openLoan(scene)
    await setPrice(scene, 5000)
    const before = await market.suppliedBy(lender)
    const held = await collateral.balanceOf(liquidator)
    const [repaid, seized] = await market.connect(liquidator).liquidate.staticCall(borrower, MaxUint256, 0)
    await market.connect(liquidator).liquidate(borrower, MaxUint256, 0)
    expect(seized).to.equal(10n * TOKEN)
    // 500 pay for debt and bonus; rounded up.
    expect(repaid).to.equal((500n * TOKEN * 10_000n) / (10_000n + BONUS) + 1n)
    expect(await collateral.balanceOf(liquidator)).to.equal(held + seized)
    expect([await market.debtOf(borrower), await market.collateralOf(borrower)]).to.deep.equal([0n, 0n])
    const [event] = await market.queryFilter(market.filters.Liquidated())
    const { badDebt } = event!.args
    expect(badDebt).to.be.within((1000n * TOKEN * LTV) / 10_000n - repaid, 195n * TOKEN)
    const lost = before - (await market.suppliedBy(lender))
    expect(lost * 2n).to.be.within(badDebt - 10n ** 13n, badDebt + 1n)
    await expectSolvent(scene)
    // Nothing is left to be liquidated, and the market goes on.
    await expect(market.connect(liquidator).liquidate(borrower, 1, 0)).to.be.revertedWithCustomError(market, 'Healthy')
    await market.connect(lender).withdraw(await market.sharesOf(lender), lender)
    await market.connect(stranger).withdraw(await market.sharesOf(stranger), stranger)
  })

  it('needs a fresh price to lend and to liquidate, and none to give back', async () => {
    const scene = await loadFixture(deploy)
    const { market, lender, borrower, liquidator, engine } = scene
    await openLoan(scene)
    await market.connect(borrower).addCollateral(TOKEN, borrower)
    await time.increase(maxPriceAge + 100)
    for (const call of [
      () => market.connect(borrower).borrow(1, borrower),
      () => market.connect(borrower).removeCollateral(1, borrower),
      () => market.connect(liquidator).liquidate(borrower, 1, 0),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(engine, 'StalePrice')
    }
    await market.connect(lender).supply(1000)
    await market.connect(lender).withdraw(10n ** 9n, lender)
    await market.connect(borrower).addCollateral(1, borrower)
    await market.connect(borrower).repay(borrower, MaxUint256)
    await market.connect(borrower).removeCollateral(11n * TOKEN + 1n, borrower)
  })

  it('cannot be emptied of what is lent, and takes nothing for nothing', async () => {
    const scene = await loadFixture(deploy)
    const { market, lender, borrower, debtToken } = scene
    const debt = await openLoan(scene)
    const held = await debtToken.balanceOf(market)
    expect(held).to.equal(LIQUIDITY - debt)
    await expect(market.connect(lender).withdraw(await market.sharesOf(lender), lender)).to.be.revertedWithCustomError(
      market,
      'NotEnoughLiquidity',
    )
    await market.connect(borrower).addCollateral(10n ** 26n, borrower)
    await expect(market.connect(borrower).borrow(held + 1n, borrower)).to.be.revertedWithCustomError(
      market,
      'NotEnoughLiquidity',
    )
    await market.connect(borrower).borrow(held, borrower)
    for (const call of [
      () => market.connect(lender).supply(0),
      () => market.connect(lender).withdraw(0, lender),
      () => market.connect(borrower).addCollateral(0, borrower),
      () => market.connect(borrower).removeCollateral(0, borrower),
      () => market.connect(borrower).borrow(0, borrower),
      () => market.connect(borrower).repay(borrower, 0),
      () => market.connect(lender).liquidate(borrower, 0, 0),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(market, 'NothingToDo')
    }
    await expect(market.connect(borrower).withdraw(10n ** 9n, borrower)).to.be.reverted
    await expect(market.connect(lender).removeCollateral(1, lender)).to.be.reverted
  })

  it('is not moved by tokens sent without a call, nor by a first supplier who sends many', async () => {
    const { market, marketFactory, engine, collateral, debtToken, lender, borrower } = await loadFixture(deploy)
    const before = await market.suppliedBy(lender)
    await debtToken.connect(borrower).transfer(market, LIQUIDITY)
    expect(await market.suppliedBy(lender)).to.equal(before)
    const fresh = await marketFactory.deploy(engine, collateral, debtToken, BONUS, RATE)
    for (const account of [lender, borrower]) await debtToken.connect(account).approve(fresh, MaxUint256)
    await fresh.connect(borrower).supply(1)
    await debtToken.connect(borrower).transfer(fresh, LIQUIDITY)
    await fresh.connect(lender).supply(1000)
    expect(await fresh.suppliedBy(lender)).to.equal(1000)
  })

  it('refuses tokens that deliver less, and calls from within transfers', async () => {
    const scene = await loadFixture(deploy)
    const { market, lender, borrower, liquidator, debtToken, collateral } = scene
    const debt = await openLoan(scene)
    await debtToken.behave(HABIT_FEE)
    await expect(market.connect(lender).supply(1000))
      .to.be.revertedWithCustomError(market, 'UnsupportedToken')
      .withArgs(await debtToken.getAddress(), 1000, 900)
    await expect(market.connect(borrower).repay(borrower, 1000)).to.be.revertedWithCustomError(
      market,
      'UnsupportedToken',
    )
    await debtToken.behave(0)
    await collateral.behave(HABIT_FEE)
    await expect(market.connect(lender).addCollateral(1000, lender)).to.be.revertedWithCustomError(
      market,
      'UnsupportedToken',
    )
    await collateral.behave(0)
    for (const [price, data] of [
      [9000, market.interface.encodeFunctionData('withdraw', [1, lender.address])],
      [8600, market.interface.encodeFunctionData('borrow', [1, lender.address])],
      [8200, market.interface.encodeFunctionData('removeCollateral', [1, lender.address])],
      [7800, market.interface.encodeFunctionData('liquidate', [borrower.address, 1, 0])],
    ] as const) {
      await setPrice(scene, price)
      await collateral.aim(market, data)
      await market.connect(liquidator).liquidate(borrower, debt / 10n, 0)
      expect(await collateral.reentered()).to.equal(false)
      expect(await collateral.answer()).to.equal(market.interface.getError('ReentrancyGuardReentrantCall')!.selector)
    }
  })

  it('keeps on when the model is silent for ever', async () => {
    const scene = await loadFixture(deploy)
    const { market, borrower, engine, token } = scene
    await propose(scene, 9000n)
    const raised = await engine.maxLtv(token)
    expect(raised).to.be.greaterThan(LTV)
    for (let day = 0; day < 9; day++) await nextDay(scene, 10_000)
    expect(await engine.maxLtv(token)).to.equal(LTV)
    await setPrice(scene, 10_000)
    await openLoan(scene)
    expect(await market.debtOf(borrower)).to.be.greaterThan(0)
  })
})
