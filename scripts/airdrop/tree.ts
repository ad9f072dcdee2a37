// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, concat, keccak256 } from 'ethers'

/** A Merkle tree as OpenZeppelin's `MerkleProof` reads it: pairs are hashed in order of size, an odd node moves up. */
export type MerkleTree = {
  readonly root: string
  /** Siblings of a leaf, from the leaf up. */
  proofOf(index: number): string[]
}

/** The tree of some leaves, one at least. */
export function merkleTree(leaves: readonly string[]): MerkleTree {
  if (leaves.length === 0) throw new Error('A Merkle tree has a leaf at least.')
  const levels: (readonly string[])[] = [leaves]
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => joined(below[2 * i]!, below[2 * i + 1]))
  }
  return {
    root: levels.at(-1)![0]!,
    proofOf: (index) => levels.flatMap((level, height) => level[(index >> height) ^ 1] ?? []),
  }
}

/** Leaf of a first tree of `SybilAwareAirdrop`. */
export function claimLeaf(account: string, amount: bigint, features: bigint): string {
  return doubleHash(['address', 'uint256', 'uint256'], [account, amount, features])
}

/** Leaf of a second tree of `SybilAwareAirdrop`. */
export function appealLeaf(account: string, features: bigint): string {
  return doubleHash(['address', 'uint256'], [account, features])
}

function joined(left: string, right: string | undefined): string {
  if (right === undefined) return left
  return keccak256(concat(BigInt(left) < BigInt(right) ? [left, right] : [right, left]))
}

function doubleHash(types: readonly string[], values: readonly unknown[]): string {
  return keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(types, values)))
}
