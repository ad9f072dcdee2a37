// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { ledgerRequestId } from '../../prover/encodings'
import { InferenceLedger__factory, type InferenceLedger } from '../../typechain-types'
import { itUninstrumented } from '../support/coverage'
import { forge, malleate } from '../support/malleate'
import { createWorld, LOGITS, PIXELS, type Statement, type StatementOptions } from '../support/world'

const TTL = 3600

async function deploy() {
  const world = await createWorld()
  const modelId = await world.register()
  const otherId = await world.register({ modelHash: id('other model') })
  const deployLedger = async (verifier: string) => {
    const ledger = await new InferenceLedger__factory(world.deployer).deploy(verifier)
    return ledger.connect(world.stranger)
  }
  const ledger = await deployLedger(await world.verifier.getAddress())
  const routed = await deployLedger(await world.routed.getAddress())
  const consumer = world.prover
  const address = await ledger.getAddress()
  const { inputCommitment } = world.prove({ modelId, caller: address })

  /** Opens a request of the consumer's. */
  async function open(nonce: bigint, at: InferenceLedger = ledger, model = modelId): Promise<string> {
    await at.connect(consumer).open(model, inputCommitment, nonce, TTL)
    return at.requestIdOf(consumer, model, inputCommitment, nonce)
  }
  const proveFor = (requestId: string, more: Partial<StatementOptions> = {}): Statement =>
    world.prove({ modelId, caller: address, requestId, prover: world.publisher.address, ...more })
  return { ...world, modelId, otherId, ledger, routed, consumer, address, inputCommitment, open, proveFor }
}

describe('InferenceLedger', () => {
  it('opens a request once a nonce, under an id that names everything', async () => {
    const { ledger, consumer, stranger, modelId, otherId, inputCommitment, address, verifier } =
      await loadFixture(deploy)
    const parts = { chainId: 31337n, ledger: address, consumer: consumer.address, modelId, inputCommitment, nonce: 7n }
    const expected = ledgerRequestId(parts)
    expect(await ledger.requestIdOf(consumer, modelId, inputCommitment, 7)).to.equal(expected)
    const now = (await time.latest()) + 10
    await time.setNextBlockTimestamp(now)
    await expect(ledger.connect(consumer).open(modelId, inputCommitment, 7, TTL))
      .to.emit(ledger, 'RequestOpened')
      .withArgs(expected, consumer.address, modelId, inputCommitment, 7, now + TTL)
    const request = await ledger.requestOf(expected)
    expect([...request]).to.deep.equal([
      modelId,
      inputCommitment,
      consumer.address,
      BigInt(now),
      BigInt(now + TTL),
      0n,
      false,
    ])
    for (const [model, commitment] of [
      [modelId, inputCommitment],
      [otherId, inputCommitment],
      [modelId, id('else')],
    ] as const) {
      await expect(ledger.connect(consumer).open(model, commitment, 7, TTL))
        .to.be.revertedWithCustomError(ledger, 'NonceUsed')
        .withArgs(consumer.address, 7)
    }
    expect(await ledger.isNonceUsed(consumer, 7)).to.equal(true)
    expect(await ledger.isNonceUsed(stranger, 7)).to.equal(false)
    // The same nonce of another consumer is another nonce.
    await ledger.connect(stranger).open(modelId, inputCommitment, 7, TTL)
    expect(await ledger.inferenceVerifier()).to.equal(await verifier.getAddress())
  })

  it('refuses bad times to live, unknown and deprecated models, and uses no nonce up for them', async () => {
    const { ledger, registry, publisher, consumer, modelId, inputCommitment } = await loadFixture(deploy)
    const year = 365 * 24 * 3600
    for (const ttl of [0, year + 1]) {
      await expect(ledger.open(modelId, inputCommitment, 1, ttl))
        .to.be.revertedWithCustomError(ledger, 'BadTimeToLive')
        .withArgs(ttl)
    }
    await expect(ledger.open(modelId + 1n, inputCommitment, 1, TTL))
      .to.be.revertedWithCustomError(registry, 'ModelNotFound')
      .withArgs(modelId + 1n)
    await ledger.connect(consumer).open(modelId, inputCommitment, 1, year)
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(ledger.connect(consumer).open(modelId, inputCommitment, 2, TTL))
      .to.be.revertedWithCustomError(ledger, 'ModelIsDeprecated')
      .withArgs(modelId)
    expect(await ledger.isNonceUsed(consumer, 2)).to.equal(false)
  })

  it('records a result from anyone, whole, for everyone to read', async () => {
    const { ledger, open, proveFor, consumer, publisher, modelId, inputCommitment } = await loadFixture(deploy)
    const requestId = await open(1n)
    const s = proveFor(requestId)
    await expect(ledger.resultOf(requestId)).to.be.revertedWithCustomError(ledger, 'ResultMissing').withArgs(requestId)
    await expect(ledger.record(requestId, s.output, s.proof))
      .to.emit(ledger, 'ResultRecorded')
      .withArgs(requestId, modelId, publisher.address, s.output)
    const recordedAt = BigInt(await time.latest())
    const { requestedAt, expiresAt } = await ledger.requestOf(requestId)
    expect([...(await ledger.resultOf(requestId))]).to.deep.equal([
      modelId,
      inputCommitment,
      consumer.address,
      publisher.address,
      requestedAt,
      expiresAt,
      recordedAt,
      s.output,
    ])
  })

  it('stores once: a second, a malleated or a worthless proof of the same result changes nothing', async () => {
    const { ledger, open, proveFor } = await loadFixture(deploy)
    const requestId = await open(1n)
    const s = proveFor(requestId)
    await ledger.record(requestId, s.output, malleate(s.proof))
    const before = await ledger.requestOf(requestId)
    await time.increase(100)
    const again = proveFor(requestId, { randomness: 77n })
    for (const proof of [s.proof, malleate(s.proof), again.proof, '0x']) {
      await expect(ledger.record(requestId, s.output, proof)).not.to.emit(ledger, 'ResultRecorded')
    }
    // Neither the time of recording nor the expiry moved.
    expect(await ledger.requestOf(requestId)).to.deep.equal(before)
    const other = proveFor(requestId, { outputs: LOGITS.map((v) => v + 1n), inputs: PIXELS })
    await expect(ledger.record(requestId, other.output, other.proof))
      .to.be.revertedWithCustomError(ledger, 'ResultAlreadyRecorded')
      .withArgs(requestId)
  })

  it('refuses proofs of anything else', async () => {
    const { ledger, verifier, open, proveFor, otherId, stranger, routed } = await loadFixture(deploy)
    const requestId = await open(1n)
    const second = await open(2n)
    const s = proveFor(requestId)
    const refused = (other: Statement, error: string, output = s.output) =>
      expect(ledger.record(requestId, output, other.proof)).to.be.revertedWithCustomError(verifier, error)
    // A proof for another request of the same model and input.
    await expect(ledger.record(requestId, s.output, proveFor(second).proof))
      .to.be.revertedWithCustomError(ledger, 'WrongRequest')
      .withArgs(requestId, second)
    await refused(proveFor(requestId, { modelId: otherId }), 'InvalidProof')
    await refused(proveFor(requestId, { caller: await routed.getAddress() }), 'InvalidProof')
    await refused(proveFor(requestId, { caller: stranger.address }), 'InvalidProof')
    await refused(proveFor(requestId, { chainId: 1n }), 'InvalidProof')
    await refused(proveFor(requestId, { inputs: PIXELS.map((v) => v ^ 1n) }), 'InputCommitmentMismatch')
    await refused(proveFor(requestId, { outputs: LOGITS.map((v) => v + 1n) }), 'InvalidProof')
    await refused({ ...s, proof: forge(s.proof) }, 'InvalidProof')
    await refused(s, 'OutputMismatch', '0x')
    // A portable proof names no request.
    const portable = proveFor(requestId, { portable: true })
    await expect(ledger.record(requestId, portable.output, portable.proof))
      .to.be.revertedWithCustomError(ledger, 'WrongRequest')
      .withArgs(requestId, ZeroHash)
    // A request nobody opened.
    const unopened = proveFor(id('unopened'))
    await expect(ledger.record(id('unopened'), unopened.output, unopened.proof))
      .to.be.revertedWithCustomError(ledger, 'RequestNotFound')
      .withArgs(id('unopened'))
    await expect(ledger.resultOf(id('unopened'))).to.be.revertedWithCustomError(ledger, 'RequestNotFound')
    expect((await ledger.requestOf(requestId)).recordedAt).to.equal(0)
  })

  it('expires by the age of the request: recordable and readable in the last second, not after', async () => {
    const { ledger, open, proveFor } = await loadFixture(deploy)
    const [first, late] = [await open(1n), await open(2n)]
    const { expiresAt } = await ledger.requestOf(first)
    const { expiresAt: lateExpiry } = await ledger.requestOf(late)
    const s = proveFor(first)
    await time.setNextBlockTimestamp(expiresAt)
    await ledger.record(first, s.output, s.proof)
    expect((await ledger.resultOf(first)).output).to.equal(s.output)
    await time.increaseTo(expiresAt + 1n)
    await expect(ledger.resultOf(first))
      .to.be.revertedWithCustomError(ledger, 'RequestExpired')
      .withArgs(first, expiresAt)
    // Storing it again does not bring it back.
    await expect(ledger.record(first, s.output, s.proof)).to.be.revertedWithCustomError(ledger, 'RequestExpired')
    await time.increase(1)
    const tooLate = proveFor(late)
    await expect(ledger.record(late, tooLate.output, tooLate.proof))
      .to.be.revertedWithCustomError(ledger, 'RequestExpired')
      .withArgs(late, lateExpiry)
  })

  it('is used up once, by its consumer, in time; others still read it', async () => {
    const { ledger, open, proveFor, consumer, stranger } = await loadFixture(deploy)
    const requestId = await open(1n)
    const own = ledger.connect(consumer)
    await expect(own.consume(requestId)).to.be.revertedWithCustomError(ledger, 'ResultMissing')
    const s = proveFor(requestId)
    await ledger.record(requestId, s.output, s.proof)
    await expect(ledger.connect(stranger).consume(requestId))
      .to.be.revertedWithCustomError(ledger, 'NotTheConsumer')
      .withArgs(requestId, stranger.address)
    expect((await own.consume.staticCall(requestId)).output).to.equal(s.output)
    await expect(own.consume(requestId)).to.emit(ledger, 'ResultConsumed').withArgs(requestId, consumer.address)
    await ledger.record(requestId, s.output, malleate(s.proof))
    await expect(own.consume(requestId)).to.be.revertedWithCustomError(ledger, 'ResultUsed').withArgs(requestId)
    expect((await ledger.requestOf(requestId)).consumed).to.equal(true)
    expect((await ledger.resultOf(requestId)).output).to.equal(s.output)
    const unused = await open(2n)
    const t = proveFor(unused)
    await ledger.record(unused, t.output, t.proof)
    await time.increase(TTL + 1)
    await expect(own.consume(unused)).to.be.revertedWithCustomError(ledger, 'RequestExpired')
  })

  it('stores facts for good, from portable and from bound proofs, and keeps them apart from requests', async () => {
    const { ledger, verifier, open, proveFor, modelId, otherId, inputCommitment } = await loadFixture(deploy)
    const portable = proveFor(ZeroHash, { portable: true })
    const fact = [modelId, inputCommitment, portable.output] as const
    const inferenceId = ethers.solidityPackedKeccak256(['uint256', 'bytes32', 'bytes'], fact)
    expect(await ledger.isProven(...fact)).to.equal(false)
    await expect(ledger.getInference(inferenceId))
      .to.be.revertedWithCustomError(ledger, 'InferenceNotFound')
      .withArgs(inferenceId)
    await expect(ledger.recordPortable(...fact, portable.proof))
      .to.emit(ledger, 'InferenceStored')
      .withArgs(inferenceId)
    expect(await ledger.isProven(...fact)).to.equal(true)
    expect([...(await ledger.getInference(inferenceId))]).to.deep.equal([...fact])
    const boundTwin = proveFor(id('bound')).proof
    for (const [again, proof] of [
      [ledger.recordPortable, portable.proof],
      [ledger.recordPortable, malleate(portable.proof)],
      [ledger.verifyAndStoreInference, boundTwin],
      [ledger.verifyAndStoreInference, malleate(boundTwin)],
    ] as const) {
      expect(await again.staticCall(...fact, proof)).to.equal(inferenceId)
      await expect(again(...fact, proof)).not.to.emit(ledger, 'InferenceStored')
      // Stored or not, what is no proof is refused.
      await expect(again(...fact, forge(proof))).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    }
    await time.increase(400 * 24 * 3600)
    expect(await ledger.isProven(...fact)).to.equal(true)
    const wrong = proveFor(ZeroHash, { portable: true, outputs: LOGITS.map((v) => v + 1n) })
    expect(await ledger.isProven(modelId, inputCommitment, wrong.output)).to.equal(false)
    expect(await ledger.isProven(otherId, inputCommitment, portable.output)).to.equal(false)
    expect(await ledger.isProven(modelId, id('else'), portable.output)).to.equal(false)
    await expect(
      ledger.recordPortable(modelId, inputCommitment, wrong.output, portable.proof),
    ).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    // A bound proof is none of a portable one, nor the other way round; each goes its own way.
    const requestId = await open(1n)
    const bound = proveFor(requestId, { outputs: LOGITS.map((v) => v + 2n) })
    const boundFact = [modelId, inputCommitment, bound.output] as const
    await expect(ledger.recordPortable(...boundFact, bound.proof)).to.be.revertedWithCustomError(
      verifier,
      'NotPortable',
    )
    await expect(
      ledger.verifyAndStoreInference(modelId, inputCommitment, wrong.output, wrong.proof),
    ).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    await expect(ledger.verifyAndStoreInference(...boundFact, forge(bound.proof))).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    // A fact answers no request, and a result is no fact.
    await ledger.verifyAndStoreInference(...boundFact, bound.proof)
    await expect(ledger.resultOf(requestId)).to.be.revertedWithCustomError(ledger, 'ResultMissing')
    const second = await open(2n)
    const result = proveFor(second, { outputs: LOGITS.map((v) => v + 3n) })
    await ledger.record(second, result.output, result.proof)
    expect(await ledger.isProven(modelId, inputCommitment, result.output)).to.equal(false)
  })

  it('has the interface id of ERC-7992’s storage extension', async () => {
    const { ledger } = await loadFixture(deploy)
    expect(await ledger.supportsInterface('0x29c6ba89')).to.equal(true)
    expect(await ledger.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await ledger.supportsInterface('0xffffffff')).to.equal(false)
  })

  it('a deprecated model: results stay readable, nothing new is recorded', async () => {
    const { ledger, verifier, registry, publisher, open, proveFor, modelId, inputCommitment } =
      await loadFixture(deploy)
    const [recorded, pending] = [await open(1n), await open(2n)]
    const [s, t] = [proveFor(recorded), proveFor(pending)]
    const portable = proveFor(ZeroHash, { portable: true })
    await ledger.record(recorded, s.output, s.proof)
    await registry.connect(publisher).deprecateModel(modelId)
    expect((await ledger.resultOf(recorded)).output).to.equal(s.output)
    const refusal = 'VerificationRefused_ModelDeprecated'
    await expect(ledger.record(pending, t.output, t.proof)).to.be.revertedWithCustomError(verifier, refusal)
    await expect(
      ledger.recordPortable(modelId, inputCommitment, portable.output, portable.proof),
    ).to.be.revertedWithCustomError(verifier, refusal)
  })

  it('a stopped model: reads revert, facts read as not proven', async () => {
    const { routed, stop, guardian, open, proveFor, consumer, modelId, inputCommitment } = await loadFixture(deploy)
    const requestId = await open(1n, routed)
    const s = proveFor(requestId, { caller: await routed.getAddress() })
    const portable = proveFor(ZeroHash, { portable: true })
    const fact = [modelId, inputCommitment, portable.output] as const
    await routed.record(requestId, s.output, s.proof)
    await routed.recordPortable(...fact, portable.proof)
    expect((await routed.resultOf(requestId)).output).to.equal(s.output)
    expect(await routed.isProven(...fact)).to.equal(true)
    await stop.connect(guardian).stop()
    for (const read of [() => routed.resultOf(requestId), () => routed.connect(consumer).consume(requestId)]) {
      await expect(read()).to.be.revertedWithCustomError(routed, 'ModelStopped').withArgs(modelId)
    }
    expect(await routed.isProven(...fact)).to.equal(false)
    await expect(routed.connect(consumer).open(modelId, inputCommitment, 2n, 60n))
      .to.be.revertedWithCustomError(routed, 'ModelStopped')
      .withArgs(modelId)
    const inferenceId = ethers.solidityPackedKeccak256(['uint256', 'bytes32', 'bytes'], fact)
    await expect(routed.getInference(inferenceId))
      .to.be.revertedWithCustomError(routed, 'ModelStopped')
      .withArgs(modelId)
  })

  it('deploys only onto an inference verifier', async () => {
    const { deployer, ledger, registry } = await loadFixture(deploy)
    for (const wrong of [await registry.getAddress(), deployer.address]) {
      await expect(new InferenceLedger__factory(deployer).deploy(wrong))
        .to.be.revertedWithCustomError(ledger, 'NotAnInferenceVerifier')
        .withArgs(wrong)
    }
  })

  itUninstrumented('costs: open, record, read', async () => {
    const { ledger, open, proveFor, consumer, modelId, inputCommitment } = await loadFixture(deploy)
    await open(1n)
    const opening = await (await ledger.connect(consumer).open(modelId, inputCommitment, 2n, TTL)).wait()
    expect(opening?.gasUsed).to.be.lessThan(135_000)
    const requestId = await ledger.requestIdOf(consumer, modelId, inputCommitment, 2n)
    const s = proveFor(requestId)
    const recording = await (await ledger.record(requestId, s.output, s.proof)).wait()
    expect(recording?.gasUsed).to.be.lessThan(370_000)
    const [reading, bare] = [await ledger.resultOf.estimateGas(requestId), 21_000n]
    expect(reading - bare).to.be.lessThan(25_000)
  })
})
