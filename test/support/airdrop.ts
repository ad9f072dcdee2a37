// SPDX-License-Identifier: GPL-3.0-or-later

import { time } from '@nomicfoundation/hardhat-network-helpers'
import { readFileSync } from 'node:fs'
import { ethers } from 'hardhat'
import { pack } from '../../prover/encodings'
import { appealLeaf, claimLeaf, merkleTree, type MerkleTree } from '../../scripts/airdrop/tree'
import { BUNDLED } from '../../scripts/bundled'
import { HostileToken__factory, SybilAwareAirdrop__factory } from '../../typechain-types'
import { bundledRegistration } from './reference-models'
import type { World } from './world'

export const DAY = 86_400
export const THRESHOLD = 500
export const FLOOR = 400
export const CLAIM = 0
export const APPEAL = 1

/** An account of an airdrop, with its features at both snapshots. */
export type Member = {
  readonly account: string
  readonly amount: bigint
  readonly features: readonly number[]
  readonly later: readonly number[]
}

/** Held-out accounts of simulated chains, as `models/sybil-airdrop/samples.json` has them. */
export type HeldOutAccounts = {
  readonly input_data: readonly (readonly number[])[]
  readonly later: readonly (readonly number[])[]
  readonly human: readonly number[]
  readonly kind: readonly string[]
  /** What logistic regression says, in thousandths. */
  readonly baseline: readonly number[]
}

export function heldOutAccounts(): HeldOutAccounts {
  const { heldOut } = BUNDLED.find(({ name }) => name === 'sybil-airdrop')!
  return JSON.parse(readFileSync(heldOut, 'utf8')) as HeldOutAccounts
}

/** Features as the word that trees and proofs have. */
export function wordOf(features: readonly number[]): bigint {
  return pack(features.map(BigInt), bundledRegistration('sybil-airdrop').ioSchema.inputs[0]!)[0]!
}

/** An airdrop among members, funded with what it gives away; both trees are made, the second is not published. */
export async function deployAirdrop(world: World, modelId: bigint, members: readonly Member[]) {
  const claims = merkleTree(members.map((one) => claimLeaf(one.account, one.amount, wordOf(one.features))))
  const appeals = merkleTree(members.map((one) => appealLeaf(one.account, wordOf(one.later))))
  const token = await new HostileToken__factory(world.deployer).deploy()
  const now = await time.latest()
  const config = {
    token: await token.getAddress(),
    claimRoot: claims.root,
    snapshotBlock: (await ethers.provider.getBlockNumber()) - 1,
    publisher: world.publisher.address,
    treasury: world.guardian.address,
    threshold: THRESHOLD,
    appealFloor: FLOOR,
    appealsFrom: now + 60 * DAY,
    appealsBy: now + 70 * DAY,
    deadline: now + 90 * DAY,
  }
  const factory = new SybilAwareAirdrop__factory(world.deployer)
  const airdrop = await factory.deploy(world.routed, modelId, config)
  await token.mint(
    airdrop,
    members.reduce((sum, { amount }) => sum + amount, 0n),
  )
  return { factory, airdrop, token, config, claims, appeals }
}

/** The leaf of a member and its way to the root. */
export function entitlementOf(tree: MerkleTree, members: readonly Member[], index: number) {
  const { account, amount, features } = members[index]!
  return { account, amount, features: wordOf(features), merkleProof: tree.proofOf(index) }
}

/** The leaf of a member in the second tree. */
export function updateOf(tree: MerkleTree, members: readonly Member[], index: number) {
  return { features: wordOf(members[index]!.later), merkleProof: tree.proofOf(index) }
}
