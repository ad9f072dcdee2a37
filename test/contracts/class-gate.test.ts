// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id } from 'ethers'
import { encodeProofBlob, type IoSchema } from '../../prover/encodings'
import { ClassGate__factory, LibraryHarness__factory } from '../../typechain-types'
import { malleate } from '../support/malleate'
import { CLASSIFIER, createWorld, LOGITS } from '../support/world'

const ARGMAX = 0
const THRESHOLD = 1
const INDEX = 2

async function deploy() {
  const world = await createWorld()
  const modelId = await world.register()
  const gate = (await new ClassGate__factory(world.deployer).deploy(world.verifier, modelId, ARGMAX, 0)).connect(
    world.prover,
  )
  return { ...world, modelId, gate, address: await gate.getAddress() }
}

describe('ClassGate, a consumer', () => {
  it('records the class of the prover who sends a proof', async () => {
    const { gate, address, modelId, prover, stranger, prove } = await loadFixture(deploy)
    const s = prove({ modelId, caller: address, prover: prover.address })
    await expect(gate.classify(s.inputCommitment, s.output, s.proof))
      .to.emit(gate, 'Classified')
      .withArgs(prover.address, 3, id('request'), s.inputCommitment)
    const [class_, , inputCommitment] = await gate.classificationOf(prover)
    expect([class_, inputCommitment]).to.deep.equal([3n, s.inputCommitment])
    expect((await gate.classificationOf(stranger))[1]).to.equal(0)
  })

  it('a stranger who names a victim is refused, and uses up nothing', async () => {
    const { gate, address, modelId, prover: victim, stranger, prove } = await loadFixture(deploy)
    const slander = [900n, ...LOGITS.slice(1)]
    const theirs = prove({ modelId, caller: address, prover: victim.address, outputs: slander })
    await expect(gate.connect(stranger).classify(theirs.inputCommitment, theirs.output, theirs.proof))
      .to.be.revertedWithCustomError(gate, 'NotTheProver')
      .withArgs(stranger.address, victim.address)
    expect((await gate.classificationOf(victim))[1]).to.equal(0)
    expect(await gate.isUsed(victim, id('request'))).to.equal(false)
    const own = prove({ modelId, caller: address, prover: victim.address })
    await gate.connect(victim).classify(own.inputCommitment, own.output, own.proof)
    expect((await gate.classificationOf(victim))[0]).to.equal(3)
  })

  it('a statement counts once, however its proof is written', async () => {
    const { gate, address, modelId, prover, prove } = await loadFixture(deploy)
    const s = prove({ modelId, caller: address, prover: prover.address })
    await gate.classify(s.inputCommitment, s.output, s.proof)
    const again = prove({ modelId, caller: address, prover: prover.address, randomness: 99n })
    for (const proof of [s.proof, malleate(s.proof), again.proof]) {
      await expect(gate.classify(s.inputCommitment, s.output, proof))
        .to.be.revertedWithCustomError(gate, 'RequestUsed')
        .withArgs(prover.address, id('request'))
    }
    const next = prove({ modelId, caller: address, prover: prover.address, requestId: id('next') })
    await gate.classify(next.inputCommitment, next.output, next.proof)
  })

  it('a malleated proof that is first changes state once, as its original would have', async () => {
    const { gate, address, modelId, prover, prove } = await loadFixture(deploy)
    const s = prove({ modelId, caller: address, prover: prover.address })
    const twin = malleate(s.proof)
    await gate.classify(s.inputCommitment, s.output, twin)
    expect((await gate.classificationOf(prover))[0]).to.equal(3)
    await expect(gate.classify(s.inputCommitment, s.output, s.proof)).to.be.revertedWithCustomError(gate, 'RequestUsed')
  })

  it('a copied proof cannot be redirected, nor an id used up by others', async () => {
    const { gate, verifier, address, modelId, prover, stranger, prove } = await loadFixture(deploy)
    const s = prove({ modelId, caller: address, prover: prover.address })
    const { points } = s
    const stolen = encodeProofBlob({
      points,
      inputWords: s.signals.slice(1, 3),
      requestId: id('request'),
      prover: stranger.address,
    })
    await expect(gate.connect(stranger).classify(s.inputCommitment, s.output, stolen)).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    const theirs = prove({ modelId, caller: address, prover: stranger.address })
    await gate.connect(stranger).classify(theirs.inputCommitment, theirs.output, theirs.proof)
    await gate.classify(s.inputCommitment, s.output, s.proof)
  })

  it('refuses proofs for other callers and models', async () => {
    const { gate, verifier, deployer, register, address, modelId, prover, stranger, prove } = await loadFixture(deploy)
    const otherId = await register({ modelHash: id('other') })
    const otherGate = await new ClassGate__factory(deployer).deploy(verifier, modelId, ARGMAX, 0)
    for (const s of [
      prove({ modelId, caller: prover.address, prover: prover.address }),
      prove({ modelId, caller: await otherGate.getAddress(), prover: prover.address }),
      prove({ modelId: otherId, caller: address, prover: prover.address }),
      prove({ modelId, caller: address, portable: true }),
    ]) {
      await expect(gate.connect(stranger).classify(s.inputCommitment, s.output, s.proof)).to.be.revertedWithCustomError(
        verifier,
        'InvalidProof',
      )
    }
  })

  it('stops with its model, and does not follow updates', async () => {
    const { gate, registry, verifier, publisher, address, modelId, prover, prove } = await loadFixture(deploy)
    const { commitment } = await registry.getModel(modelId)
    const { circuitHash, vkHash, proofSystemId, uri } = commitment
    const next = { modelHash: id('v2'), circuitHash, vkHash, proofSystemId, uri }
    await registry.connect(publisher).updateModel(modelId, next)
    const s = prove({ modelId, caller: address, prover: prover.address })
    await gate.classify(s.inputCommitment, s.output, s.proof)
    const newId = await registry.modelAt(modelId, 2)
    const t = prove({ modelId: newId, caller: address, prover: prover.address, requestId: id('new') })
    await expect(gate.classify(t.inputCommitment, t.output, t.proof)).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    await registry.connect(publisher).deprecateModel(modelId)
    const u = prove({ modelId, caller: address, prover: prover.address, requestId: id('late') })
    await expect(gate.classify(u.inputCommitment, u.output, u.proof)).to.be.revertedWithCustomError(
      verifier,
      'VerificationRefused_ModelDeprecated',
    )
  })

  it('reads scores against a threshold, and indices', async () => {
    const { verifier, deployer, modelId, prover, prove } = await loadFixture(deploy)
    const factory = new ClassGate__factory(deployer)
    for (const [decision, threshold, first, expected] of [
      [THRESHOLD, 5n, 5n, 1n],
      [THRESHOLD, 5n, 4n, 0n],
      [THRESHOLD, -5n, -6n, 0n],
      [INDEX, 0n, 7n, 7n],
      [INDEX, 0n, -1n, undefined],
    ] as const) {
      const gate = await factory.deploy(verifier, modelId, decision, threshold)
      const outputs = [first, ...LOGITS.slice(1)]
      const s = prove({ modelId, caller: await gate.getAddress(), prover: prover.address, outputs })
      const classify = gate.connect(prover).classify(s.inputCommitment, s.output, s.proof)
      if (expected === undefined) {
        await expect(classify).to.be.revertedWithCustomError(gate, 'NotAClass').withArgs(first)
      } else {
        await classify
        expect((await gate.classificationOf(prover))[0]).to.equal(expected)
      }
    }
  })

  it('refuses words that no tensor packs into, even when proven', async () => {
    const { gate, address, modelId, prover, prove } = await loadFixture(deploy)
    const bad = 1n << 210n
    const s = prove({ modelId, caller: address, prover: prover.address, tamper: (signals) => (signals[0] = bad) })
    const output = '0x' + bad.toString(16).padStart(64, '0')
    const harness = LibraryHarness__factory.connect(address)
    await expect(gate.classify(s.inputCommitment, output, s.proof)).to.be.revertedWithCustomError(
      harness,
      'UnusedBitsSet',
    )
  })

  it('is only for models with a public output', async () => {
    const { gate, verifier, deployer, register } = await loadFixture(deploy)
    const [logits] = CLASSIFIER.outputs
    if (logits === undefined) throw new Error('no output')
    const schema: IoSchema = { ...CLASSIFIER, outputs: [{ ...logits, visibility: 'hashed' }] }
    const hashed = await register({ schema })
    await expect(new ClassGate__factory(deployer).deploy(verifier, hashed, ARGMAX, 0))
      .to.be.revertedWithCustomError(gate, 'OutputNotPublic')
      .withArgs(hashed)
  })
})
