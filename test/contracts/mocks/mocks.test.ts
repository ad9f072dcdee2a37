// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroAddress, ZeroHash, type JsonRpcApiProvider } from 'ethers'
import { ethers } from 'hardhat'
import {
  inputCommitment,
  pack,
  PROOF_SYSTEM_GROTH16,
  toSolidityIoSchema,
  type IoSchema,
} from '../../../prover/encodings'
import {
  ClassGate__factory,
  InferenceVerifier__factory,
  MockInferenceVerifier__factory,
  MockKeyStore__factory,
  MockProofVerifier__factory,
  ModelRegistry__factory,
  VerifierEmergencyStop__factory,
  VerifierRouter__factory,
  VerifyingKeyStore__factory,
} from '../../../typechain-types'
import { otherChain } from '../../support/public-chain'
import { CLASSIFIER, LOGITS, PIXELS, routeTo } from '../../support/world'

const [UNSET, HOLDS, FAILS] = [0, 1, 2]
const PROOF = `0x${'00'.repeat(256)}`
const REQUEST = id('request')

async function mocks() {
  const [owner, prover, stranger] = (await ethers.getSigners()) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const store = await new MockKeyStore__factory(owner).deploy()
  const registry = await new ModelRegistry__factory(owner).deploy(store, true)
  const verifier = await new MockInferenceVerifier__factory(owner).deploy(registry)
  const proofs = MockProofVerifier__factory.connect(await verifier.sharedVerifier(), owner)
  return { owner, prover, stranger, store, registry, verifier, proofs }
}

async function oneModel() {
  const kit = await mocks()
  const modelId = await add(kit.verifier, CLASSIFIER)
  return { ...kit, modelId }
}

/** Adds a model and gives its id. */
async function add(verifier: Awaited<ReturnType<typeof mocks>>['verifier'], schema: IoSchema): Promise<bigint> {
  const solidity = toSolidityIoSchema(schema)
  const modelId = await verifier.addModel.staticCall(solidity)
  await expect(verifier.addModel(solidity)).to.emit(verifier, 'MockModelAdded').withArgs(modelId)
  return modelId
}

describe('MockProofVerifier', () => {
  it('answers for a statement, else for its key, else for all', async () => {
    const { proofs } = await loadFixture(mocks)
    const [key, other, signals] = [id('key'), id('other'), [1n, 2n]]
    expect(await proofs.verify(key, signals, PROOF)).to.equal(false)
    await proofs.setAcceptsAll(true)
    expect(await proofs.verify(key, signals, PROOF)).to.equal(true)
    await proofs.setAnswerForKey(key, FAILS)
    expect(await proofs.verify(key, signals, PROOF)).to.equal(false)
    expect(await proofs.verify(other, signals, PROOF)).to.equal(true)
    await proofs.setAnswer(key, signals, HOLDS)
    expect(await proofs.verify(key, signals, PROOF)).to.equal(true)
    expect(await proofs.verify(key, [2n, 1n], PROOF)).to.equal(false)
    await proofs.setAnswer(key, signals, UNSET)
    expect(await proofs.verify(key, signals, PROOF)).to.equal(false)
  })

  it('a batch holds when every statement does', async () => {
    const { proofs } = await loadFixture(mocks)
    const key = id('key')
    const batch = (signals: bigint[], proofCount: number) =>
      proofs.verifyBatch(key, signals, `0x${'00'.repeat(256 * proofCount)}`)
    await proofs.setAnswer(key, [1n, 2n], HOLDS)
    expect(await batch([1n, 2n], 1)).to.equal(true)
    expect(await batch([1n, 2n, 3n, 4n], 2)).to.equal(false)
    await proofs.setAnswer(key, [3n, 4n], HOLDS)
    expect(await batch([1n, 2n, 3n, 4n], 2)).to.equal(true)
    await expect(batch([1n, 2n, 3n], 2))
      .to.be.revertedWithCustomError(proofs, 'WrongSignalCount')
      .withArgs(2, 3)
    await expect(batch([1n], 0))
      .to.be.revertedWithCustomError(proofs, 'WrongProofLength')
      .withArgs(0)
  })

  it('takes 256 bytes a proof, as the real one', async () => {
    const { proofs } = await loadFixture(mocks)
    await expect(proofs.verify(id('key'), [1n], '0x00'))
      .to.be.revertedWithCustomError(proofs, 'WrongProofLength')
      .withArgs(1)
    await expect(proofs.verifyBatch(id('key'), [1n], PROOF + '00'))
      .to.be.revertedWithCustomError(proofs, 'WrongProofLength')
      .withArgs(257)
  })

  it('stands behind an emergency stop and a router, so that a test can stop it', async () => {
    const { registry, proofs, verifier, owner, prover, modelId } = await loadFixture(oneModel)
    const stop = await new VerifierEmergencyStop__factory(owner).deploy(proofs, owner)
    const router = await new VerifierRouter__factory(owner).deploy(owner, [routeTo(await stop.getAddress())])
    const routed = await new InferenceVerifier__factory(owner).deploy(registry, router)
    const inference = statement(modelId, prover.address)
    const s = await verifier.encode(inference)
    await verifier.accept(inference)
    await routed.checkInference(modelId, s.inputCommitment, s.output, s.proof, prover)
    await stop.stop()
    expect(await routed.isStopped(modelId)).to.equal(true)
    await expect(routed.checkInference(modelId, s.inputCommitment, s.output, s.proof, prover))
      .to.be.revertedWithCustomError(router, 'RouteStopped')
      .withArgs(PROOF_SYSTEM_GROTH16, s.vkHash)
  })

  it('says what it is', async () => {
    const { proofs, store } = await loadFixture(mocks)
    expect(await proofs.keyStore()).to.equal(await store.getAddress())
    expect(await proofs.proofSystemId()).to.equal(PROOF_SYSTEM_GROTH16)
    expect(await proofs.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await proofs.supportsInterface('0xffffffff')).to.equal(false)
  })
})

describe('MockKeyStore', () => {
  it('takes anything as long as a key', async () => {
    const { store } = await loadFixture(mocks)
    const key = `0x${'11'.repeat(448 + 64 * 3)}`
    const hash = ethers.keccak256(key)
    expect(await store.signalCount(hash)).to.equal(0)
    await expect(store.keyOf(hash)).to.be.revertedWithCustomError(store, 'VerifyingKeyNotFound').withArgs(hash)
    await expect(store.store(key)).to.emit(store, 'VerifyingKeyStored')
    await expect(store.store(key)).not.to.emit(store, 'VerifyingKeyStored')
    expect(await store.keyOf(hash)).to.equal(key)
    expect(await store.signalCount(hash)).to.equal(2)
    expect(await store.supportsInterface('0xffffffff')).to.equal(false)
    await expect(store.store(`${key}00`)).to.be.reverted
  })
})

/** What the tests state of the classifier. */
function statement(modelId: bigint, caller: string, prover = caller, requestId = REQUEST) {
  return { modelId, caller, requestId, prover, inputs: [PIXELS], outputs: [LOGITS] }
}

describe('MockInferenceVerifier', () => {
  it('a consumer of its takes a statement that was accepted, and no other', async () => {
    const { verifier, modelId, owner, prover, stranger } = await loadFixture(oneModel)
    const gate = await new ClassGate__factory(owner).deploy(verifier, modelId, 0, 0)
    const inference = statement(modelId, await gate.getAddress(), prover.address)
    const s = await verifier.encode(inference)
    expect(s.inputCommitment).to.equal(inputCommitment(CLASSIFIER, pack(PIXELS, CLASSIFIER.inputs[0]!)))
    const classify = () => gate.connect(prover).classify(s.inputCommitment, s.output, s.proof)
    await expect(classify()).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    await verifier.accept(inference)
    await expect(classify()).to.emit(gate, 'Classified').withArgs(prover.address, 3, REQUEST, s.inputCommitment)
    const other = await verifier.encode({ ...inference, requestId: id('another') })
    await expect(
      gate.connect(prover).classify(other.inputCommitment, other.output, other.proof),
    ).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    await expect(gate.connect(stranger).classify(s.inputCommitment, s.output, s.proof)).to.be.revertedWithCustomError(
      gate,
      'NotTheProver',
    )
    await expect(classify()).to.be.revertedWithCustomError(gate, 'RequestUsed')
  })

  it('checks what the real one checks', async () => {
    const { verifier, modelId, prover, registry } = await loadFixture(oneModel)
    const s = await verifier.encode(statement(modelId, prover.address))
    await verifier.accept(statement(modelId, prover.address))
    const as = verifier.connect(prover)
    await as.verifyInference(modelId, s.inputCommitment, s.output, s.proof)
    await expect(as.verifyInference(modelId, id('x'), s.output, s.proof)).to.be.revertedWithCustomError(
      verifier,
      'InputCommitmentMismatch',
    )
    await expect(as.verifyInference(modelId, s.inputCommitment, '0x', s.proof)).to.be.revertedWithCustomError(
      verifier,
      'OutputMismatch',
    )
    await as.verifyInferenceBatch(modelId, [{ inputCommitment: s.inputCommitment, output: s.output, proof: s.proof }])
    await expect(verifier.deprecateModel(modelId)).to.emit(registry, 'ModelDeprecated').withArgs(modelId)
    await expect(as.verifyInference(modelId, s.inputCommitment, s.output, s.proof))
      .to.be.revertedWithCustomError(verifier, 'VerificationRefused_ModelDeprecated')
      .withArgs(modelId)
    await as.checkPendingInference(modelId, s.inputCommitment, s.output, s.proof, prover)
  })

  it('encodes public, hashed and private tensors, and portable statements', async () => {
    const { verifier } = await loadFixture(mocks)
    const [output, input] = [CLASSIFIER.outputs[0]!, CLASSIFIER.inputs[0]!]
    const mixed: IoSchema = {
      outputs: [output],
      inputs: [
        { ...input, name: 'open' },
        { ...input, name: 'digest', visibility: 'hashed' },
        { ...input, name: 'secret', visibility: 'private' },
      ],
      weightsCommitted: true,
    }
    const modelId = await add(verifier, mixed)
    const portable = {
      modelId,
      caller: ZeroAddress,
      requestId: ZeroHash,
      prover: ZeroAddress,
      inputs: [PIXELS, [77n], []],
      outputs: [LOGITS],
    }
    const s = await verifier.encode(portable)
    expect(s.signals).to.deep.equal([...pack(LOGITS, output), ...pack(PIXELS, input), 77n, 1n, 0n])
    await verifier.accept(portable)
    await verifier.checkInferencePortable(modelId, s.inputCommitment, s.output, s.proof)
    await expect(verifier.encode({ ...portable, inputs: [PIXELS, [77n], [1n]] }))
      .to.be.revertedWithCustomError(verifier, 'WrongShape')
      .withArgs(0, 1)
    await expect(verifier.encode({ ...portable, outputs: [] }))
      .to.be.revertedWithCustomError(verifier, 'WrongShape')
      .withArgs(1, 0)
    await expect(verifier.encode({ ...portable, outputs: [LOGITS.slice(1)] })).to.be.reverted
  })

  it('adds as many models with one schema as a test wants', async () => {
    const { verifier } = await loadFixture(mocks)
    expect(await add(verifier, CLASSIFIER)).not.to.equal(await add(verifier, CLASSIFIER))
  })
})

describe('mocks on a public chain', () => {
  it('are not deployed', async () => {
    const signer = await otherChain(1)
    const store = new MockKeyStore__factory(signer)
    await expect(store.deploy()).to.be.revertedWithCustomError(store, 'MockOnPublicChain').withArgs(1)
    const proofs = new MockProofVerifier__factory(signer)
    await expect(proofs.deploy(ZeroAddress)).to.be.revertedWithCustomError(proofs, 'DevKeyOnPublicChain').withArgs(1)
    const realStore = await new VerifyingKeyStore__factory(signer).deploy()
    const registry = await new ModelRegistry__factory(signer).deploy(realStore, true)
    const verifier = new MockInferenceVerifier__factory(signer)
    await expect(verifier.deploy(registry)).to.be.revertedWithCustomError(proofs, 'DevKeyOnPublicChain').withArgs(1)
  })

  it('say nothing even if their code gets there', async () => {
    const signer = await otherChain(10)
    const { proofs, store } = await loadFixture(mocks)
    for (const mock of [proofs, store]) {
      const code = await ethers.provider.getCode(mock)
      await (signer.provider as JsonRpcApiProvider).send('hardhat_setCode', [await mock.getAddress(), code])
    }
    const [there, storeThere] = [proofs.connect(signer), store.connect(signer)]
    await there.setAcceptsAll(true)
    // One after the other: a refusal that nobody awaits yet ends the run.
    const calls = [() => there.verify(id('key'), [1n], PROOF), () => there.verifyBatch(id('key'), [1n], PROOF)]
    for (const call of calls) {
      await expect(call()).to.be.revertedWithCustomError(proofs, 'DevKeyOnPublicChain').withArgs(10)
    }
    await expect(storeThere.store(`0x${'11'.repeat(576)}`))
      .to.be.revertedWithCustomError(store, 'MockOnPublicChain')
      .withArgs(10)
  })
})
