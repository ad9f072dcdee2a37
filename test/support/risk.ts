// SPDX-License-Identifier: GPL-3.0-or-later

import { time } from '@nomicfoundation/hardhat-network-helpers'
import type { ProofContext } from '../../prover/encodings'
import { OIL_LIMITS, type RiskLimits } from '../../scripts/demo/oil'
import {
  HostileToken__factory,
  LendingMarket__factory,
  MockPriceFeed__factory,
  RiskEngine__factory,
  type InferenceVerifier,
  type MockPriceFeed,
} from '../../typechain-types'
import { trapdoorModel } from './consumer-models'
import { randomNumbers } from './consumers'
import { createWorld, type World } from './world'

export const DAY = 86_400
/** Hour of the rounds that tests write, so that days have a beginning and an end around them. */
export const NOON = DAY / 2
export const RATE = 1_000_000_000n
export const BONUS = 500n
export const TOKEN = 10n ** 18n

/** Prices of some days: a walk in cents, the same one on every run. */
export function walk(days: number, seed = 9): number[] {
  const random = randomNumbers(seed)
  let price = 10_000
  return Array.from(
    { length: days },
    () => (price = Math.max(100, Math.round(price * (1 + (random(601) - 300) / 1e4)))),
  )
}

/** Writes one round at noon of each of some days that follow each other. */
export async function writeDays(feed: MockPriceFeed, firstDay: number, prices: readonly number[]): Promise<void> {
  await feed.pushMany(
    [...prices],
    prices.map((_, i) => (firstDay + i) * DAY + NOON),
  )
}

/** An engine with one collateral, 70 days of rounds, of which 69 can be closed, and a market on it. */
export async function deployRisk(
  world: World,
  modelId: bigint,
  limits: RiskLimits = OIL_LIMITS,
  verifier: InferenceVerifier = world.routed,
) {
  const [collateral, debtToken] = [
    await new HostileToken__factory(world.deployer).deploy(),
    await new HostileToken__factory(world.deployer).deploy(),
  ]
  const feed = await new MockPriceFeed__factory(world.deployer).deploy(2)
  // Today is the day of the last round, one that has not ended.
  const today = Math.floor((await time.latest()) / DAY) + 2
  await time.increaseTo(today * DAY + NOON)
  const firstDay = today - 69
  const prices = walk(70)
  await writeDays(feed, firstDay, prices)
  const factory = new RiskEngine__factory(world.deployer)
  const token = await collateral.getAddress()
  const entry = { token, feed: await feed.getAddress(), firstRoundId: 1n, limits }
  const engine = await factory.deploy(verifier, modelId, [entry])
  const marketFactory = new LendingMarket__factory(world.deployer)
  const market = await marketFactory.deploy(engine, collateral, debtToken, BONUS, RATE)
  return {
    ...world,
    modelId,
    collateral,
    debtToken,
    feed,
    today,
    firstDay,
    prices,
    factory,
    token,
    entry,
    engine,
    marketFactory,
    market,
  }
}

/** The same, with a trapdoor model. */
export async function deployRiskWithTrapdoor() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'risk-engine')
  return { ...(await deployRisk(world, model.modelId)), model }
}

/** The same, with all days closed that can be. */
export async function deployClosedRisk() {
  const scene = await deployRiskWithTrapdoor()
  await scene.engine.closeDays(scene.token, rounds(1, 69))
  return scene
}

export type RiskScene = Awaited<ReturnType<typeof deployRiskWithTrapdoor>>

/** Numbers of rounds that follow each other. */
export function rounds(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** A proof of some number for the open request. */
export async function answerTo(
  { engine, model, token, stranger }: RiskScene,
  proposed: bigint,
  changes: Partial<ProofContext> & { inputs?: readonly bigint[]; randomness?: bigint } = {},
) {
  const [requestId] = await engine.requestOf(token)
  const { inputs = await engine.valuesOf(token), randomness, ...other } = changes
  const caller = await engine.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: stranger.address, ...other }
  return { requestId, ...model.prove([...inputs], [proposed], context, randomness) }
}

/** Asks after the last closed day and hands in what the model is made to say. */
export async function propose(scene: RiskScene, proposed: bigint) {
  await scene.engine.requestParameters(scene.token)
  const { output, proof } = await answerTo(scene, proposed)
  return scene.engine.submitParameters(scene.token, output, proof)
}

/** Writes a round at noon of the day after the newest one and closes what can be closed. */
export async function nextDay({ engine, feed, token }: RiskScene, price?: number): Promise<void> {
  const [newest, last, , updatedAt] = await feed.latestRoundData()
  const noon = (Math.floor(Number(updatedAt) / DAY) + 1) * DAY + NOON
  if ((await time.latest()) < noon) await time.increaseTo(noon)
  await feed.push(price ?? last, noon)
  await engine.closeDays(token, [newest])
}
