// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { time } from '@nomicfoundation/hardhat-network-helpers'
import type { ProofContext } from '../../prover/encodings'
import { FlowBoard__factory, FlowReputation__factory, type FlowBoard, type FlowReputation } from '../../typechain-types'
import { freshSigners } from './consumers'
import type { TrapdoorModel } from './consumer-models'
import type { World } from './world'

export const PERIOD = 300
export const WINDOW = 12
export const CONFIG = {
  leastVolume: 20n,
  margin: 300n,
  requestPeriod: 3600n,
  scoreTtl: 6n * 3600n,
  fees: [500n, 1500n, 3000n],
}

export type FlowScene = World & {
  readonly modelId: bigint
  readonly board: FlowBoard
  readonly reputation: FlowReputation
  readonly factory: FlowReputation__factory
  readonly account: HardhatEthersSigner
  readonly other: HardhatEthersSigner
}

/** A reputation behind the routed verifier, with one reporter that says what it is told. */
export async function deployFlow(world: World, modelId: bigint, config: object = {}): Promise<FlowScene> {
  const [account, other] = (await freshSigners(2)) as [HardhatEthersSigner, HardhatEthersSigner]
  const board = await new FlowBoard__factory(world.deployer).deploy()
  const factory = new FlowReputation__factory(world.deployer)
  const settings = { ...CONFIG, ...config }
  const reputation = await factory.deploy(world.routed, modelId, [await board.getAddress()], settings)
  await nextPeriod()
  return { ...world, modelId, board, reputation, factory, account, other }
}

/** Goes to shortly after the beginning of the next period, and gives its number. */
export async function nextPeriod(count = 1): Promise<bigint> {
  const period = Math.floor((await time.latest()) / PERIOD) + count
  await time.increaseTo(period * PERIOD + 5)
  return BigInt(period)
}

/** Gives a trader twelve settled periods, each of one trade at tick 0 with a markout; ends when all are due. */
export async function giveHistory(
  { board, reputation }: Pick<FlowScene, 'board' | 'reputation'>,
  trader: { readonly address: string },
  markouts: readonly number[],
  volume = 1000n,
): Promise<void> {
  let previous = 0
  for (const markout of markouts) {
    const period = await nextPeriod()
    await board.play(reputation, period, previous, [{ trader: trader.address, ticks: 0n, volume }])
    previous = markout
  }
  await board.set((await nextPeriod(2)) - 1n, previous)
}

/** A proof of some score for a trader's open request. */
export async function answerFor(
  { reputation, modelId, stranger }: Pick<FlowScene, 'reputation' | 'modelId' | 'stranger'>,
  model: Pick<TrapdoorModel, 'prove'>,
  trader: { readonly address: string },
  score: bigint,
  changes: Partial<ProofContext> & { inputs?: readonly bigint[]; randomness?: bigint } = {},
) {
  const [requestId] = await reputation.requestOf(trader.address)
  const { inputs = [...(await reputation.flowOf(trader.address)).features], randomness, ...other } = changes
  const caller = await reputation.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId, prover: stranger.address, ...other }
  return { requestId, ...model.prove(inputs, [score], context, randomness) }
}
