// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { concat, getBytes, toBeHex, ZeroAddress } from 'ethers'
import { canonicalKeyHex } from '../../prover/groth16/vkey'
import type { InferenceVerifier, ModelRegistry } from '../../typechain-types'
import { otherChain } from './public-chain'
import { createWorld, deployCore, describeModel, modelParts, type World } from './world'

export const FAR_CHAIN = 1n

/** A second chain with the core on it and, from the same publisher, the same model. */
export type FarChain = {
  readonly deployer: HardhatEthersSigner
  readonly registry: ModelRegistry
  readonly verifier: InferenceVerifier
}

/** The usual world, with a model of the deployer's, and a second chain where the deployer registered it as well. */
export async function twoChains(): Promise<World & { readonly modelId: bigint; readonly far: FarChain }> {
  const world = await createWorld()
  const modelId = await world.register({}, world.deployer)
  const deployer = await otherChain(Number(FAR_CHAIN))
  const { registry, verifier } = await deployCore(deployer)
  const { manifest, commitment } = await describeModel(modelParts(world.key.vk))
  const { modelHash, proofSystemId, uri } = commitment
  const key = canonicalKeyHex(world.key.vk)
  await registry.publishModel(modelHash, proofSystemId, uri, key, manifest, ZeroAddress)
  return { ...world, modelId, far: { deployer, registry, verifier } }
}

/** An ERC-7930 address: a chain, and an account on it unless there is none. */
export function interoperable(chainId: bigint, account = '0x'): string {
  const [chain, address] = [getBytes(toBeHex(chainId)), getBytes(account)]
  return concat(['0x00010000', toBeHex(chain.length), chain, toBeHex(address.length, 1), address])
}
