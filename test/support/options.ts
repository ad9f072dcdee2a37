// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { time } from '@nomicfoundation/hardhat-network-helpers'
import { MaxUint256 } from 'ethers'
import { HostileToken__factory, OptionVault__factory, ScriptedFeed__factory } from '../../typechain-types'
import { freshSigners } from './consumers'
import type { World } from './world'

export const HOUR = 3600
export const DAY = 86_400
export const ONE = 10n ** 18n
export const SPOT = 2000n * 10n ** 8n
export const MOVES = 30

export const CONFIG = {
  spread: 2500n,
  maxMove: 100n,
  maxLocked: 5000n,
  maxSoldPerDay: 1000n,
  quoteTtl: 600n,
  maxPriceAge: 7200n,
  cycle: BigInt(28 * DAY),
  window: BigInt(2 * DAY),
  grace: BigInt(DAY),
}

/** A vault with a month of closes behind it, liquidity of 1,000 in it, and its window over. */
export async function deployVault(world: World, modelId: bigint) {
  const [depositor, buyer, keeper] = (await freshSigners(3)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const token = await new HostileToken__factory(world.deployer).deploy()
  const feed = await new ScriptedFeed__factory(world.deployer).deploy()
  // Days begin on the dot, so that every run sees the same ones.
  await time.increaseTo((Math.floor((await time.latest()) / DAY) + 1) * DAY + 10)
  const factory = new OptionVault__factory(world.deployer)
  const vault = await factory.deploy(world.routed, modelId, token, feed, CONFIG)
  for (const account of [depositor, buyer]) {
    await token.mint(account, 10n ** 9n * ONE)
    await token.connect(account).approve(vault, MaxUint256)
  }
  const scene = { ...world, modelId, depositor, buyer, keeper, token, feed, factory, vault }
  await vault.connect(depositor).deposit(1000n * ONE, 0, depositor)
  // Moves of about 3% a day, up and down: 60% a year.
  const today = Math.floor((await time.latest()) / DAY)
  for (let day = today - MOVES - 1; day <= today; day++) {
    const price = day === today ? SPOT : day % 2 === 0 ? (SPOT * 1032n) / 1000n : SPOT
    await feed.push(price, (day + (day === today ? 0 : 1)) * DAY - (day === today ? 0 : 60))
  }
  for (let i = 0; i <= MOVES; i++) await vault.poke(today - MOVES - 1 + i, (1n << 64n) + 1n + BigInt(i))
  await pass(scene, 2, SPOT)
  return scene
}

export type OptionScene = Awaited<ReturnType<typeof deployVault>>

/** Days go by, and are closed. */
export async function pass({ feed, vault }: Pick<OptionScene, 'feed' | 'vault'>, days: number, price: bigint) {
  for (let i = 0; i < days; i++) {
    const today = Math.floor((await time.latest()) / DAY)
    const end = (today + 1) * DAY
    await feed.push(price, end - 60)
    const last = await feed.latestId()
    await time.increaseTo(end + 100)
    await feed.push(price, end + 60)
    await vault.poke(today, last)
  }
}

/** The feed says something, in a block of its own. */
export async function say({ feed }: Pick<OptionScene, 'feed'>, price: bigint) {
  await feed.push(price, await time.latest())
}

/** What a call costs, as the contract rounds it. */
export function premiumFor(share: bigint, quotedAt: bigint, spot: bigint, strike: bigint, amount: bigint): bigint {
  const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)
  const unit = 1_000_000n
  const value = most(share * quotedAt + most(spot - quotedAt, 0n) * unit, most(spot - strike, 0n) * unit)
  const paid = (amount * (value + CONFIG.spread * spot) + spot * unit - 1n) / (spot * unit)
  return paid < amount ? paid : amount
}
