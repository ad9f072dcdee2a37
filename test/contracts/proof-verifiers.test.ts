// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, setCode } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, id, toBeHex } from 'ethers'
import { ethers } from 'hardhat'
import { FIELD_R, PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
import { FIELD_Q } from '../../prover/groth16/curve'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import {
  Groth16Verifier__factory,
  TrapdoorDevVerifier__factory,
  TrapdoorVerifier__factory,
  VerifyingKeyStore__factory,
  type IProofVerifier,
} from '../../typechain-types'
import { twinOf } from '../support/malleate'
import { trapdoorKey } from '../support/trapdoor'

const key = trapdoorKey(4)
const hash = vkHash(key.vk)
const signals = [11n, 0n, FIELD_R - 1n, 44n]
const points = key.prove(signals)
const toBytes = (values: readonly bigint[]): string => concat(values.map((value) => toBeHex(value, 32)))
const proof = toBytes(points)

const replaced = (index: number, value: bigint): string =>
  toBytes(points.map((word, at) => (at === index ? value : word)))

async function deploy() {
  const signer = await ethers.provider.getSigner(0)
  const store = await new VerifyingKeyStore__factory(signer).deploy()
  await store.store(canonicalKeyHex(key.vk))
  const shared: IProofVerifier = await new Groth16Verifier__factory(signer).deploy(store)
  const generated: IProofVerifier = await new TrapdoorVerifier__factory(signer).deploy()
  const dev: IProofVerifier = await new TrapdoorDevVerifier__factory(signer).deploy()
  return { shared, generated, dev }
}

for (const kind of ['shared', 'generated', 'dev'] as const) {
  describe(`IProofVerifier: ${kind}`, () => {
    let verifier: IProofVerifier

    beforeEach(async () => {
      verifier = (await loadFixture(deploy))[kind]
    })

    const accepts = (values: readonly bigint[], bytes: string): Promise<boolean> =>
      verifier.verify(hash, [...values], bytes)

    it('accepts a proof, and its malleated twin', async () => {
      expect(await accepts(signals, proof)).to.equal(true)
      expect(await accepts(signals, toBytes(key.prove(signals, 77n)))).to.equal(true)
      expect(await accepts(signals, toBytes(twinOf(points)))).to.equal(true)
    })

    it('rejects another statement', async () => {
      for (const index of signals.keys()) {
        const changed = signals.map((value, at) => (at === index ? (value + 1n) % FIELD_R : value))
        expect(await accepts(changed, proof)).to.equal(false)
      }
      expect(await accepts([...signals].reverse(), proof)).to.equal(false)
    })

    it('rejects an alias in every position', async () => {
      for (const index of signals.keys()) {
        const value = (signals[index] ?? 0n) + FIELD_R
        const aliased = signals.map((signal, at) => (at === index ? value : signal))
        await expect(verifier.verify(hash, aliased, proof))
          .to.be.revertedWithCustomError(verifier, 'SignalNotInField')
          .withArgs(index, value)
      }
    })

    it('rejects changed, aliased, infinite and off-curve points', async () => {
      for (const [index, word] of points.entries()) {
        expect(await accepts(signals, replaced(index, (word + 1n) % FIELD_Q))).to.equal(false)
        expect(await accepts(signals, replaced(index, word + FIELD_Q))).to.equal(false)
        expect(await accepts(signals, replaced(index, FIELD_Q))).to.equal(false)
        expect(await accepts(signals, replaced(index, (1n << 256n) - 1n))).to.equal(false)
        expect(await accepts(signals, replaced(index, 0n))).to.equal(false)
      }
      expect(await accepts(signals, toBytes(points.map(() => 0n)))).to.equal(false)
      expect(await accepts(signals, toBytes(points.map((word, at) => (at < 2 ? 0n : word))))).to.equal(false)
      expect(await accepts(signals, toBytes(points.map((word, at) => (at < 6 ? word : 0n))))).to.equal(false)
    })

    it('refuses a wrong key, number of signals and proof length', async () => {
      await expect(verifier.verify(id('other'), signals, proof))
        .to.be.revertedWithCustomError(verifier, 'UnknownVerifyingKey')
        .withArgs(id('other'))
      for (const wrong of [[], signals.slice(1), [...signals, 0n]]) {
        await expect(verifier.verify(hash, wrong, proof))
          .to.be.revertedWithCustomError(verifier, 'WrongSignalCount')
          .withArgs(4, wrong.length)
      }
      for (const wrong of ['0x', proof.slice(0, -2), proof + '00']) {
        await expect(verifier.verify(hash, signals, wrong)).to.be.revertedWithCustomError(verifier, 'WrongProofLength')
      }
    })

    it('never says false for lack of gas', async () => {
      const badProof = replaced(0, 1n)
      const { data } = await verifier.verify.populateTransaction(hash, signals, proof)
      const bad = await verifier.verify.populateTransaction(hash, signals, badProof)
      const to = await verifier.getAddress()
      let refused = 0
      for (let gasLimit = 30_000; gasLimit < 420_000; gasLimit += 6_000) {
        const answer = await ethers.provider.call({ to, data, gasLimit }).catch(() => 'reverted')
        expect(answer, `valid proof, ${gasLimit} gas`).to.be.oneOf([toBeHex(1, 32), 'reverted'])
        const badAnswer = await ethers.provider.call({ to, data: bad.data, gasLimit }).catch(() => 'reverted')
        expect(badAnswer, `bad proof, ${gasLimit} gas`).to.be.oneOf([toBeHex(0, 32), 'reverted'])
        if (badAnswer === 'reverted') refused += 1
        if (badAnswer !== 'reverted') expect(gasLimit).to.be.greaterThan(300_000)
      }
      expect(refused).to.be.greaterThan(30)
    })

    it('a bad point burns no more than the fixed gas', async () => {
      const data = verifier.interface.encodeFunctionData('verify', [hash, signals, replaced(0, 1n)])
      const sender = await ethers.provider.getSigner(0)
      const tx = await sender.sendTransaction({ to: await verifier.getAddress(), data, gasLimit: 10_000_000 })
      expect((await tx.wait())?.gasUsed).to.be.lessThan(340_000)
    })

    // Precompiles cannot be taken away from Hardhat, so the calls in the code are pointed at accounts without code.
    for (const [name, call, other] of [
      ['multiplication', '6007612328fa', '60f7612328fa'],
      ['addition', '60066101f4fa', '60f66101f4fa'],
      ['pairing', '60086204248cfa', '60f86204248cfa'],
    ] as const) {
      it(`a chain without the ${name} precompile verifies nothing`, async () => {
        const address = await verifier.getAddress()
        const code = await ethers.provider.getCode(address)
        expect(code, 'calls in the code').to.include(call)
        await setCode(address, code.replaceAll(call, other))
        // What is left in memory where the pairing's answer should be is A.x: 1 reads as yes.
        const generator = toBytes([1n, 2n, ...points.slice(2)])
        for (const bytes of [proof, generator]) {
          if (name === 'pairing') expect(await accepts(signals, bytes)).to.equal(false)
          else await expect(accepts(signals, bytes)).to.be.revertedWithCustomError(verifier, 'InsufficientGas')
        }
      })
    }

    it('names its proof system and interface', async () => {
      expect(await verifier.proofSystemId()).to.equal(PROOF_SYSTEM_GROTH16)
      const selectors = ['verify', 'proofSystemId'].map(
        (name) => verifier.interface.getFunction(name as 'verify').selector,
      )
      const interfaceId = selectors.reduce((sum, selector) => sum ^ BigInt(selector), 0n)
      expect(await verifier.supportsInterface(toBeHex(interfaceId, 4))).to.equal(true)
      expect(await verifier.supportsInterface('0x01ffc9a7')).to.equal(true)
      expect(await verifier.supportsInterface('0xffffffff')).to.equal(false)
    })
  })
}
