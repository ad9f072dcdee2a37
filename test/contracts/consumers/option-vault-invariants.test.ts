// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { MaxUint256 } from 'ethers'
import { randomNumbers } from '../../support/consumers'
import { trapdoorModel } from '../../support/consumer-models'
import { CONFIG, DAY, deployVault, HOUR, ONE, pass, say, SPOT } from '../../support/options'
import { createWorld } from '../../support/world'

const STEPS = 240

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'option-pricer')
  return { ...(await deployVault(world, model.modelId)), model }
}

type Scene = Awaited<ReturnType<typeof deploy>>
type Open = { readonly requestId: string; readonly amount: bigint; readonly expiry: number }

/** Buys within the capacity, at whatever a proof says; nothing out of the selling times. */
async function buy(scene: Scene, random: (below: number) => number, spot: bigint): Promise<Open | undefined> {
  const { vault, buyer, model, prover } = scene
  const now = await time.latest()
  const [opensAt, endsAt] = (await vault.sellingTimes()).map(Number) as [number, number]
  // On the hour, by day: rounds of other times are of the night.
  const day = Math.floor(now / DAY) + 1 + random(20)
  const expiry = day * DAY + (2 + random(20)) * HOUR
  const amount = ((await vault.capacity()) * BigInt(1 + random(1000))) / 1000n
  if (now < opensAt || expiry > endsAt || amount === 0n) return undefined
  await say(scene, spot)
  await vault.connect(buyer).requestQuote((spot * BigInt(55 + random(90))) / 100n, expiry, amount)
  const [requestId, , input] = (await vault.queryFilter(vault.filters.QuoteRequested())).at(-1)!.args
  const caller = await vault.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: prover.address }
  // Half of the time the worst that a model can say.
  const share = random(2) === 0 ? 0n : BigInt(random(2 ** 20))
  const { output, proof } = model.prove([...input], [share], context)
  await vault.connect(buyer).buy(requestId, output, proof, MaxUint256)
  return { requestId, amount, expiry }
}

describe('OptionVault, over 240 random steps', () => {
  it('holds what it says, covers every call, and is never worth less a share but for what calls pay', async () => {
    const scene = await loadFixture(deploy)
    const { vault, token, feed, depositor, keeper } = scene
    await token.mint(keeper, 10n ** 6n * ONE)
    await token.connect(keeper).approve(vault, MaxUint256)
    const random = randomNumbers(41)
    let spot = SPOT
    let open: Open[] = []
    const rounds = new Map<number, bigint>()
    const seen = { bought: 0, paid: 0, released: 0, left: 0 }
    let [total] = await vault.assets()
    let supply = await vault.totalSupply()
    for (let step = 0; step < STEPS; step++) {
      const kind = random(10)
      const who = random(2) === 0 ? depositor : keeper
      let settles = false
      if (kind < 2) {
        await vault.connect(who).deposit(ONE + BigInt(random(2 ** 30)) * 10n ** 11n, 0, who)
      } else if (kind === 2 || (kind === 3 && open.length === 0)) {
        const shares = ((await vault.balanceOf(who)) * BigInt(1 + random(300))) / 1000n
        const worth = (shares * total) / supply
        if (open.length > 0) {
          await expect(vault.connect(who).withdraw(shares, 0, who)).to.be.revertedWithCustomError(vault, 'AssetsLocked')
        } else if (worth > ONE) {
          expect(await vault.connect(who).withdraw.staticCall(shares, 0, who)).to.be.at.most(worth)
          await vault.connect(who).withdraw(shares, 0, who)
          seen.left++
        }
      } else if (kind < 6) {
        const bought = await buy(scene, random, spot)
        if (bought !== undefined) open.push(bought)
        if (bought !== undefined) seen.bought++
      } else {
        spot = (spot * BigInt(940 + random(125))) / 1000n
        const today = Math.floor((await time.latest()) / DAY)
        const ending = open.map(({ expiry }) => expiry).filter((expiry) => Math.floor(expiry / DAY) === today)
        for (const expiry of [...new Set(ending)].sort((a, b) => a - b)) {
          await feed.push(spot, expiry - 1)
          rounds.set(expiry, await feed.latestId())
          await feed.push(spot, expiry)
        }
        await pass(scene, 1, spot)
        settles = true
        const now = await time.latest()
        for (const { requestId, expiry } of open.filter((one) => one.expiry < now)) {
          if (now - expiry > Number(CONFIG.grace) - 100) {
            if (now - expiry <= Number(CONFIG.grace) + 100) continue
            await vault.release(requestId)
            seen.released++
          } else if (random(4) !== 0) {
            const round = rounds.get(expiry)!
            if ((await vault.settle.staticCall(requestId, round)) > 0n) seen.paid++
            await vault.settle(requestId, round)
          } else continue
          open = open.filter((one) => one.requestId !== requestId)
        }
        await say(scene, spot)
      }
      const [all, locked] = await vault.assets()
      const shares = await vault.totalSupply()
      expect(await token.balanceOf(vault), `step ${step}`).to.equal(all)
      expect(locked).to.equal(open.reduce((sum, { amount }) => sum + amount, 0n))
      // Whoever came or left, and whatever calls took.
      expect(locked * 10_000n).to.be.at.most(all * CONFIG.maxLocked)
      if (!settles) expect(all * supply, `step ${step}, kind ${kind}`).to.be.at.least(total * shares)
      ;[total, supply] = [all, shares]
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).to.be.greaterThan(3)
  })
})
