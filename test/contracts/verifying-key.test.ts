// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, dataLength, keccak256, toBeHex } from 'ethers'
import { ethers } from 'hardhat'
import {
  FIELD_Q,
  G1_GENERATOR,
  G1_INFINITY,
  g1Add,
  g1Multiply,
  g1Negate,
  G2_GENERATOR,
  G2_INFINITY,
  g2Negate,
  g2PointWithX,
  isInG2Subgroup,
  type G1Point,
  type G2Point,
} from '../../prover/groth16/curve'
import { generateVerifier } from '../../prover/groth16/solidity'
import {
  canonicalKeyHex,
  checkVerifyingKey,
  parseCanonicalKeyBytes,
  parseSnarkjsVerificationKey,
  UnsafeVerifyingKeyError,
  VerifyingKeyFormatError,
  vkHash,
  type KeyFault,
  type VerifyingKey,
} from '../../prover/groth16/vkey'
import {
  Groth16Verifier__factory,
  LibraryHarness__factory,
  VerifyingKeyStore__factory,
  type LibraryHarness,
} from '../../typechain-types'
import { trapdoorKey } from '../support/trapdoor'

const good = trapdoorKey(3, 9n).vk

/** A point on the twist but outside of G2. */
function strayPoint(): G2Point {
  for (let x = 1n; ; x++) {
    const point = g2PointWithX([x, 1n])
    if (point !== undefined && !isInG2Subgroup(point)) return point
  }
}

const withIc = (index: number, point: { x: bigint; y: bigint }): VerifyingKey => ({
  ...good,
  ic: good.ic.map((value, at) => (at === index ? point : value)),
})

type Refused = { name: string; vk: VerifyingKey; fault: KeyFault; error: string }

const shifted = (point: G2Point): G2Point => ({ x: point.x, y: [point.y[0] ^ 1n, point.y[1]] })

const refused: readonly Refused[] = [
  { name: 'γ = δ', vk: { ...good, delta: good.gamma }, fault: 'gamma-equals-delta', error: 'GammaEqualsDelta' },
  {
    name: 'γ = −δ',
    vk: { ...good, delta: g2Negate(good.gamma) },
    fault: 'gamma-equals-delta',
    error: 'GammaEqualsDelta',
  },
  { name: 'δ = G2', vk: { ...good, delta: G2_GENERATOR }, fault: 'delta-is-generator', error: 'DeltaIsGenerator' },
  {
    name: 'δ = −G2',
    vk: { ...good, delta: g2Negate(G2_GENERATOR) },
    fault: 'delta-is-generator',
    error: 'DeltaIsGenerator',
  },
  { name: 'β = γ', vk: { ...good, beta: good.gamma }, fault: 'beta-equals-gamma', error: 'BetaEqualsGamma' },
  { name: 'β = −γ', vk: { ...good, beta: g2Negate(good.gamma) }, fault: 'beta-equals-gamma', error: 'BetaEqualsGamma' },
  { name: 'β = δ', vk: { ...good, beta: good.delta }, fault: 'beta-equals-delta', error: 'BetaEqualsDelta' },
  { name: 'β = −δ', vk: { ...good, beta: g2Negate(good.delta) }, fault: 'beta-equals-delta', error: 'BetaEqualsDelta' },
  { name: 'β = G2', vk: { ...good, beta: G2_GENERATOR }, fault: 'beta-is-generator', error: 'BetaIsGenerator' },
  {
    name: 'β = −G2',
    vk: { ...good, beta: g2Negate(G2_GENERATOR) },
    fault: 'beta-is-generator',
    error: 'BetaIsGenerator',
  },
  { name: 'α = G1', vk: { ...good, alpha: G1_GENERATOR }, fault: 'alpha-is-generator', error: 'AlphaIsGenerator' },
  {
    name: 'α = −G1',
    vk: { ...good, alpha: g1Negate(G1_GENERATOR) },
    fault: 'alpha-is-generator',
    error: 'AlphaIsGenerator',
  },
  { name: 'α = 0', vk: { ...good, alpha: G1_INFINITY }, fault: 'infinity', error: 'KeyPointAtInfinity' },
  ...[1, 2, 3].map((index) => ({
    name: `IC_${index} = 0`,
    vk: withIc(index, G1_INFINITY),
    fault: 'infinity' as const,
    error: 'KeyPointAtInfinity',
  })),
  { name: 'α off the curve', vk: { ...good, alpha: { x: 1n, y: 3n } }, fault: 'curve', error: 'KeyPointNotOnCurve' },
  ...[0, 1, 3].map((index) => ({
    name: `IC_${index} off the curve`,
    vk: withIc(index, { x: 0n, y: 1n }),
    fault: 'curve' as const,
    error: 'KeyPointNotOnCurve',
  })),
  {
    name: 'α ≥ q',
    vk: { ...good, alpha: { x: good.alpha.x + FIELD_Q, y: good.alpha.y } },
    fault: 'coordinate',
    error: 'KeyCoordinateNotInField',
  },
  {
    name: 'IC_2 ≥ q',
    vk: withIc(2, { x: 1n, y: 2n + FIELD_Q }),
    fault: 'coordinate',
    error: 'KeyCoordinateNotInField',
  },
  ...(['beta', 'gamma', 'delta'] as const).flatMap((name): Refused[] => [
    { name: `${name} = 0`, vk: { ...good, [name]: G2_INFINITY }, fault: 'infinity', error: 'KeyPointAtInfinity' },
    {
      name: `${name} off the curve`,
      vk: { ...good, [name]: shifted(good[name]) },
      fault: 'curve',
      error: 'KeyPointNotInSubgroup',
    },
    {
      name: `${name} out of the subgroup`,
      vk: { ...good, [name]: strayPoint() },
      fault: 'subgroup',
      error: 'KeyPointNotInSubgroup',
    },
    {
      name: `${name} ≥ q`,
      vk: { ...good, [name]: { x: [good[name].x[0], good[name].x[1] + FIELD_Q], y: good[name].y } },
      fault: 'coordinate',
      error: 'KeyCoordinateNotInField',
    },
  ]),
]

type Forgery = { name: string; vk: VerifyingKey; forge: (x: G1Point) => { a: G1Point; b: G2Point; c: G1Point } }

/** Proofs of anything that take no secret, where x is IC_0 + Σ xᵢ·ICᵢ of the statement. */
const { alpha, beta, gamma, delta } = good
const forgeries: readonly Forgery[] = [
  { name: 'γ = δ', vk: { ...good, delta: gamma }, forge: (x) => ({ a: alpha, b: beta, c: g1Negate(x) }) },
  { name: 'γ = −δ', vk: { ...good, delta: g2Negate(gamma) }, forge: (x) => ({ a: alpha, b: beta, c: x }) },
  { name: 'β = γ', vk: { ...good, beta: gamma }, forge: (x) => ({ a: g1Add(alpha, x), b: gamma, c: G1_INFINITY }) },
  {
    name: 'β = −γ',
    vk: { ...good, beta: g2Negate(gamma) },
    forge: (x) => ({ a: g1Add(alpha, g1Negate(x)), b: g2Negate(gamma), c: G1_INFINITY }),
  },
  { name: 'β = δ', vk: { ...good, beta: delta }, forge: (x) => ({ a: x, b: gamma, c: g1Negate(alpha) }) },
  { name: 'β = −δ', vk: { ...good, beta: g2Negate(delta) }, forge: (x) => ({ a: x, b: gamma, c: alpha }) },
]

/** Whether ∏ e(Pᵢ, Qᵢ) = 1, by the chain's own precompile. */
async function pairingHolds(pairs: readonly (readonly [G1Point, G2Point])[]): Promise<boolean> {
  const words = pairs.flatMap(([p, q]) => [p.x, p.y, q.x[1], q.x[0], q.y[1], q.y[0]])
  const data = concat(words.map((word) => toBeHex(word, 32)))
  return BigInt(await ethers.provider.call({ to: toBeHex(8, 20), data })) === 1n
}

async function deploy() {
  const signer = await ethers.provider.getSigner(0)
  const store = await new VerifyingKeyStore__factory(signer).deploy()
  const shared = await new Groth16Verifier__factory(signer).deploy(store)
  const harness: LibraryHarness = await new LibraryHarness__factory(signer).deploy()
  return { store, shared, harness }
}

describe('Verifying keys', () => {
  it('a good key is stored once, as code, under its hash', async () => {
    const { store } = await loadFixture(deploy)
    const key = canonicalKeyHex(good)
    expect(await store.signalCount(vkHash(good))).to.equal(0)
    await expect(store.keyOf(vkHash(good))).to.be.revertedWithCustomError(store, 'VerifyingKeyNotFound')
    const pointer = await store.pointerOf(vkHash(good))
    await expect(store.store(key)).to.emit(store, 'VerifyingKeyStored').withArgs(keccak256(key), pointer, 3)
    expect(await store.keyOf(vkHash(good))).to.equal(key)
    expect(await store.signalCount(vkHash(good))).to.equal(3)
    expect(await ethers.provider.getCode(pointer)).to.equal('0x00' + key.slice(2))
    await expect(store.store(key)).not.to.emit(store, 'VerifyingKeyStored')
  })

  it('IC_0 alone may be infinite', async () => {
    const { harness } = await loadFixture(deploy)
    const vk = withIc(0, G1_INFINITY)
    checkVerifyingKey(vk)
    await harness.checkKey(canonicalKeyHex(vk))
  })

  for (const { name, vk, fault, error } of refused) {
    it(`refuses ${name}: on chain, in TypeScript, and in the generator`, async () => {
      const { store, harness } = await loadFixture(deploy)
      await expect(store.store(canonicalKeyHex(vk))).to.be.revertedWithCustomError(harness, error)
      expect(() => checkVerifyingKey(vk))
        .to.throw(UnsafeVerifyingKeyError)
        .with.property('fault', fault)
      const generate = () => generateVerifier({ contractName: 'X', modelName: 'x', vk, dev: false })
      expect(generate).to.throw(UnsafeVerifyingKeyError)
    })
  }

  for (const { name, vk, forge } of forgeries) {
    it(`${name} lets anyone forge, and is refused`, async () => {
      const { store } = await loadFixture(deploy)
      const statement = [3n, 14n, 159n]
      const x = statement.reduce(
        (sum, value, index) => g1Add(sum, g1Multiply(vk.ic[index + 1] ?? G1_INFINITY, value)),
        vk.ic[0] ?? G1_INFINITY,
      )
      const holds = (a: G1Point, b: G2Point, c: G1Point, key: VerifyingKey): Promise<boolean> =>
        pairingHolds([
          [a, b],
          [g1Negate(key.alpha), key.beta],
          [g1Negate(x), key.gamma],
          [g1Negate(c), key.delta],
        ])
      const { a, b, c } = forge(x)
      expect(await holds(a, b, c, vk)).to.equal(true)
      expect(await holds(a, b, c, good)).to.equal(false)
      await expect(store.store(canonicalKeyHex(vk))).to.be.reverted
      expect(() => checkVerifyingKey(vk)).to.throw(UnsafeVerifyingKeyError)
    })
  }

  it('refuses keys of a wrong length', async () => {
    const { store, harness } = await loadFixture(deploy)
    const key = canonicalKeyHex(good)
    const long = canonicalKeyHex({ ...good, ic: Array.from({ length: 377 }, () => ({ x: 1n, y: 2n })) })
    const noSignal = canonicalKeyHex({ ...good, ic: good.ic.slice(0, 1) })
    for (const bad of ['0x', key.slice(0, -2), key + '00', key.slice(0, -64), noSignal, long]) {
      const storing = store.store(bad, { gasLimit: 15_000_000 })
      await expect(storing).to.be.revertedWithCustomError(harness, 'BadKeyLength').withArgs(dataLength(bad))
    }
    expect(() => checkVerifyingKey({ ...good, ic: good.ic.slice(0, 1) })).to.throw(UnsafeVerifyingKeyError)
    expect(() => parseCanonicalKeyBytes(new Uint8Array(100))).to.throw(VerifyingKeyFormatError)
  })

  it('the largest key fits, and its signals are counted', async () => {
    const { store } = await loadFixture(deploy)
    const vk = { ...good, ic: Array.from({ length: 376 }, () => ({ x: 1n, y: 2n })) }
    await store.store(canonicalKeyHex(vk), { gasLimit: 15_000_000 })
    expect(await store.signalCount(vkHash(vk))).to.equal(375)
  })

  it('a store that runs out of gas half way stores nothing', async () => {
    const { store } = await loadFixture(deploy)
    const key = canonicalKeyHex(good)
    const needed = await store.store.estimateGas(key)
    for (const share of [60n, 80n, 90n, 97n]) {
      await expect(store.store(key, { gasLimit: (needed * share) / 100n })).to.be.reverted
      expect(await store.signalCount(vkHash(good))).to.equal(0)
    }
    await store.store(key, { gasLimit: needed })
    expect(await store.signalCount(vkHash(good))).to.equal(3)
  })

  it('ERC-165', async () => {
    const { store, shared } = await loadFixture(deploy)
    expect(await store.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await shared.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await store.supportsInterface('0xffffffff')).to.equal(false)
    expect(await shared.supportsInterface('0xffffffff')).to.equal(false)
  })

  it('reads verification_key.json and refuses what it is not', () => {
    const decimal = (value: bigint): string => value.toString()
    const g1 = (p: { x: bigint; y: bigint }): string[] => [decimal(p.x), decimal(p.y), '1']
    const g2 = (p: G2Point): string[][] => [p.x.map(decimal), p.y.map(decimal), ['1', '0']]
    const json = {
      protocol: 'groth16',
      curve: 'bn128',
      nPublic: 3,
      vk_alpha_1: g1(good.alpha),
      vk_beta_2: g2(good.beta),
      vk_gamma_2: g2(good.gamma),
      vk_delta_2: g2(good.delta),
      IC: good.ic.map(g1),
    }
    expect(parseSnarkjsVerificationKey(json)).to.deep.equal(good)
    const infinite = parseSnarkjsVerificationKey({ ...json, vk_alpha_1: ['0', '1', '0'] })
    expect(infinite.alpha).to.deep.equal(G1_INFINITY)
    for (const bad of [
      null,
      [],
      { ...json, protocol: 'plonk' },
      { ...json, curve: 'bls12381' },
      { ...json, nPublic: 4 },
      { ...json, IC: 'x' },
      { ...json, vk_alpha_1: ['1'] },
      { ...json, vk_alpha_1: ['1', '2', '3'] },
      {
        ...json,
        vk_beta_2: [
          ['1', '2'],
          ['-1', '2'],
        ],
      },
      { ...json, vk_beta_2: undefined },
    ]) {
      expect(() => parseSnarkjsVerificationKey(bad)).to.throw(VerifyingKeyFormatError)
    }
  })
})
