// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIELD_R, pack, tensorCommitment, type IoSchema, type TensorSpec } from '../../prover/encodings'
import { canonicalKeyHex } from '../../prover/groth16/vkey'
import { POSEIDON_FILE, poseidonSource } from '../../scripts/generate-poseidon'
import { VECTOR_DIRECTORY } from '../../scripts/generate-vectors'
import { LibraryHarness__factory, TensorOpening__factory } from '../../typechain-types'
import { trapdoorKey } from '../support/trapdoor'
import { createWorld } from '../support/world'

type Case = { lo: string; bits: number; count: number; salt: string; words: string[]; commitment: string }
const VECTORS = JSON.parse(readFileSync(join(VECTOR_DIRECTORY, 'commitment.json'), 'utf8')) as Case[]

const HIDDEN: TensorSpec = { name: 'hidden', shape: [5], lo: -8n, bits: 100, exponent: 3, visibility: 'hashed' }
const SHOWN: TensorSpec = { ...HIDDEN, name: 'shown', visibility: 'public' }
const SCHEMA: IoSchema = { outputs: [SHOWN, HIDDEN], inputs: [SHOWN, HIDDEN, SHOWN], weightsCommitted: false }
const FORMAT = { lo: HIDDEN.lo, bits: HIDDEN.bits, count: 5 }
const VALUES = [-8n, 0n, 1n << 90n, 7n, (1n << 100n) - 9n]
const WORDS = pack(VALUES, HIDDEN)
const SALT = FIELD_R - 1n
const COMMITMENT = tensorCommitment(WORDS, SALT, FORMAT)

async function deploy() {
  const world = await createWorld()
  const key = trapdoorKey(12)
  await world.keyStore.store(canonicalKeyHex(key.vk))
  const modelId = await world.register({ schema: SCHEMA, vk: key.vk })
  const opening = await new TensorOpening__factory(world.deployer).deploy(world.registry)
  return { ...world, modelId, opening, harness: LibraryHarness__factory.connect(await opening.getAddress()) }
}

describe('TensorOpening', () => {
  it('computes the commitments of the vectors, and knows what opens them', async () => {
    const { opening } = await loadFixture(deploy)
    for (const { lo, bits, count, salt, words, commitment } of VECTORS) {
      expect(await opening.tensorCommitment(lo, bits, count, words, salt)).to.equal(commitment)
      expect(await opening.opens(commitment, lo, bits, count, words, salt)).to.equal(true)
      expect(await opening.opens(BigInt(commitment) ^ 1n, lo, bits, count, words, salt)).to.equal(false)
      expect(await opening.opens(commitment, lo, bits, count, words, BigInt(salt) ^ 1n)).to.equal(false)
      expect(await opening.opens(commitment, BigInt(lo) + 1n, bits, count, words, salt)).to.equal(false)
      if (words.length === 0) continue
      const other = [BigInt(words[0]!) ^ 1n, ...words.slice(1)]
      expect(await opening.opens(commitment, lo, bits, count, other, salt)).to.equal(false)
    }
  })

  it('agrees with the library at the edges of words, salt and chain', async () => {
    const { opening } = await loadFixture(deploy)
    const widest = (1n << 252n) - 1n
    for (let count = 1; count <= 12; count++) {
      for (const [word, salt] of [
        [0n, 0n],
        [widest, FIELD_R - 1n],
        [widest - BigInt(count) ** 40n, BigInt(count) ** 50n],
      ] as const) {
        const words = new Array<bigint>(count).fill(word)
        const expected = tensorCommitment(words, salt, { lo: -1n, bits: 252, count })
        expect(await opening.tensorCommitment(-1n, 252, count, words, salt)).to.equal(expected)
      }
    }
  })

  it('refuses salts and words that have another name in the field, and words that no tensor packs into', async () => {
    const { opening, harness } = await loadFixture(deploy)
    const { lo, bits, count } = FORMAT
    for (const salt of [FIELD_R, SALT + FIELD_R, (1n << 256n) - 1n]) {
      await expect(opening.opens(COMMITMENT, lo, bits, count, WORDS, salt))
        .to.be.revertedWithCustomError(opening, 'SaltNotInField')
        .withArgs(salt)
    }
    const refuses = async (words: readonly bigint[], error: string, ...args: readonly unknown[]) => {
      await expect(opening.opens(COMMITMENT, lo, bits, count, [...words], SALT))
        .to.be.revertedWithCustomError(harness, error)
        .withArgs(...args)
    }
    const [first, second, last] = WORDS as [bigint, bigint, bigint]
    await refuses([first + FIELD_R, second, last], 'UnusedBitsSet', 0)
    await refuses([first, second + (1n << 200n), last], 'UnusedBitsSet', 1)
    await refuses([first, second, last + (1n << 100n)], 'UnusedBitsSet', 2)
    await refuses([first, second], 'WrongLength', 3, 2)
    await refuses([...WORDS, 0n], 'WrongLength', 3, 4)
    for (const width of [0, 253]) {
      await expect(opening.tensorCommitment(lo, width, count, WORDS, SALT))
        .to.be.revertedWithCustomError(harness, 'BadDigitWidth')
        .withArgs(width)
    }
  })

  it('opens and decodes tensors of registered models', async () => {
    const { opening, modelId } = await loadFixture(deploy)
    expect(await opening.openTensor(modelId, true, 1, COMMITMENT, WORDS, SALT)).to.deep.equal(VALUES)
    expect(await opening.openTensor(modelId, false, 1, COMMITMENT, WORDS, SALT)).to.deep.equal(VALUES)
  })

  it('refuses what does not open them', async () => {
    const { opening, harness, registry, modelId } = await loadFixture(deploy)
    const open = (index: number, commitment = COMMITMENT, words = WORDS, salt = SALT, model = modelId) =>
      opening.openTensor(model, true, index, commitment, words, salt)
    await expect(open(1, COMMITMENT + 1n))
      .to.be.revertedWithCustomError(opening, 'WrongOpening')
      .withArgs(COMMITMENT + 1n, COMMITMENT)
    await expect(open(1, COMMITMENT + FIELD_R)).to.be.revertedWithCustomError(opening, 'WrongOpening')
    await expect(open(1, COMMITMENT, WORDS, SALT - 1n)).to.be.revertedWithCustomError(opening, 'WrongOpening')
    const swapped = [WORDS[1]!, WORDS[0]!, WORDS[2]!]
    await expect(open(1, COMMITMENT, swapped)).to.be.revertedWithCustomError(opening, 'WrongOpening')
    const long = [...WORDS.slice(0, 2), WORDS[2]! | (1n << 100n)]
    await expect(open(1, COMMITMENT, long)).to.be.revertedWithCustomError(harness, 'UnusedBitsSet')
    for (const index of [0, 2]) {
      await expect(open(index)).to.be.revertedWithCustomError(opening, 'TensorNotHashed').withArgs(modelId, true, index)
    }
    await expect(open(3)).to.be.revertedWithCustomError(opening, 'NoSuchTensor').withArgs(modelId, true, 3)
    await expect(opening.openTensor(modelId, false, 2, COMMITMENT, WORDS, SALT))
      .to.be.revertedWithCustomError(opening, 'NoSuchTensor')
      .withArgs(modelId, false, 2)
    await expect(open(1, COMMITMENT, WORDS, SALT, 5n))
      .to.be.revertedWithCustomError(registry, 'ModelNotFound')
      .withArgs(5n)
  })

  it('deploys only onto a registry', async () => {
    const { deployer, verifier, registry, opening } = await loadFixture(deploy)
    expect(await opening.registry()).to.equal(await registry.getAddress())
    await expect(new TensorOpening__factory(deployer).deploy(verifier))
      .to.be.revertedWithCustomError(verifier, 'NotARegistry')
      .withArgs(await verifier.getAddress())
  })
})

describe('PoseidonT6.sol', () => {
  it('is what the parameters give', async () => {
    expect(readFileSync(POSEIDON_FILE, 'utf8'), 'run npm run generate').to.equal(await poseidonSource())
  })
})
