// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, id, keccak256 } from 'ethers'
import {
  ERC8004ValidationAdapter__factory,
  TestIdentityRegistry__factory,
  TestValidationRegistry__factory,
} from '../../typechain-types'
import { IS_COVERAGE } from '../support/coverage'
import { forge, malleate } from '../support/malleate'
import { createWorld, LOGITS, PIXELS, type StatementOptions } from '../support/world'

async function deploy() {
  const world = await createWorld()
  const modelId = await world.register()
  const otherId = await world.register({ modelHash: id('other model') })
  const identities = await new TestIdentityRegistry__factory(world.deployer).deploy()
  const validations = await new TestValidationRegistry__factory(world.deployer).deploy(identities)
  const adapter = (
    await new ERC8004ValidationAdapter__factory(world.deployer).deploy(world.verifier, validations)
  ).connect(world.stranger)
  const address = await adapter.getAddress()
  const agent = world.prover
  await identities.connect(agent).register()
  await identities.connect(world.stranger).register()
  const { inputCommitment, output } = world.prove({ modelId, caller: address })
  const claim = { agentId: 1n, modelId, inputCommitment, salt: id('salt') }
  const requestHash = keccak256(await adapter.requestOf(claim, output))
  const request = (hash: string, agentId = 1n, by = agent) =>
    validations.connect(by).validationRequest(address, agentId, 'ipfs://request', hash)
  const proofFor = (hash: string, more: Partial<StatementOptions> = {}): string =>
    world.prove({ modelId, caller: address, requestId: hash, prover: world.publisher.address, ...more }).proof
  return {
    ...world,
    modelId,
    otherId,
    validations,
    adapter,
    address,
    agent,
    claim,
    output,
    requestHash,
    request,
    proofFor,
  }
}

describe('ERC8004ValidationAdapter', () => {
  it('the request says all that is claimed, where, and by whom', async () => {
    const { adapter, address, validations, claim, output } = await loadFixture(deploy)
    const expected = AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'uint256', 'address', 'address', 'uint256', 'uint256', 'bytes32', 'bytes32', 'bytes32'],
      [
        id('zkml.erc8004.request.v1'),
        31337,
        address,
        await validations.getAddress(),
        claim.agentId,
        claim.modelId,
        claim.inputCommitment,
        claim.salt,
        keccak256(output),
      ],
    )
    expect(await adapter.requestOf(claim, output)).to.equal(expected)
    expect(await adapter.validationRegistry()).to.equal(await validations.getAddress())
  })

  it('answers a proven claim with 100, once', async () => {
    const w = await loadFixture(deploy)
    const { adapter, address, validations, publisher, claim, output, requestHash, request, proofFor } = w
    await request(requestHash)
    expect(await adapter.isAnswered(requestHash)).to.equal(false)
    const proof = proofFor(requestHash)
    await expect(adapter.validate(claim, output, malleate(proof)))
      .to.emit(validations, 'ValidationResponse')
      .withArgs(address, 1, requestHash, 100, '', keccak256(output), 'zkml')
      .and.to.emit(adapter, 'InferenceValidated')
      .withArgs(requestHash, 1, claim.modelId, claim.inputCommitment, output, publisher.address)
    expect((await validations.getValidationStatus(requestHash)).slice(0, 5)).to.deep.equal([
      address,
      1n,
      100n,
      keccak256(output),
      'zkml',
    ])
    expect(await adapter.isAnswered(requestHash)).to.equal(true)
    for (const again of [proof, malleate(proof), proofFor(requestHash, { randomness: 9n })]) {
      await expect(adapter.validate(claim, output, again))
        .to.be.revertedWithCustomError(adapter, 'AlreadyAnswered')
        .withArgs(requestHash)
    }
  })

  it('answers only what was asked of it, by that agent', async () => {
    const w = await loadFixture(deploy)
    const { adapter, validations, stranger, agent, claim, output, requestHash, request, proofFor } = w
    const proof = proofFor(requestHash)
    await expect(adapter.validate(claim, output, proof))
      .to.be.revertedWithCustomError(validations, 'UnknownRequest')
      .withArgs(requestHash)
    // Another agent files the same request hash: it gets no answer for itself.
    await request(requestHash, 2n, stranger)
    await expect(adapter.validate(claim, output, proof))
      .to.be.revertedWithCustomError(adapter, 'NotRequested')
      .withArgs(requestHash, await adapter.getAddress(), 2)
    // Another validator was asked.
    const fresh = { ...claim, salt: id('fresh') }
    const hash = keccak256(await adapter.requestOf(fresh, output))
    await validations.connect(agent).validationRequest(stranger, 1, '', hash)
    await expect(adapter.validate(fresh, output, proofFor(hash)))
      .to.be.revertedWithCustomError(adapter, 'NotRequested')
      .withArgs(hash, stranger.address, 1)
    // The agent with a new salt is answered.
    const next = { ...claim, salt: id('next') }
    const nextHash = keccak256(await adapter.requestOf(next, output))
    await request(nextHash)
    await adapter.validate(next, output, proofFor(nextHash))
  })

  it('refuses proofs of anything else, and stays silent: nothing is answered with 0', async () => {
    const w = await loadFixture(deploy)
    const { adapter, verifier, validations, stranger, claim, output, requestHash, request, proofFor, otherId, prove } =
      w
    await request(requestHash)
    await expect(adapter.validate(claim, output, proofFor(id('another'))))
      .to.be.revertedWithCustomError(adapter, 'WrongRequest')
      .withArgs(requestHash, id('another'))
    for (const more of [
      { modelId: otherId },
      { caller: stranger.address },
      { chainId: 1n },
      { outputs: LOGITS.map((v) => v + 1n) },
    ]) {
      await expect(adapter.validate(claim, output, proofFor(requestHash, more))).to.be.revertedWithCustomError(
        verifier,
        'InvalidProof',
      )
    }
    await expect(adapter.validate(claim, output, forge(proofFor(requestHash)))).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    await expect(
      adapter.validate(claim, output, proofFor(requestHash, { inputs: PIXELS.map((v) => v ^ 1n) })),
    ).to.be.revertedWithCustomError(verifier, 'InputCommitmentMismatch')
    // Another output, agent or model is another claim, with another hash.
    const other = prove({ modelId: claim.modelId, caller: stranger.address, outputs: LOGITS.map((v) => v + 1n) })
    for (const [changed, out] of [
      [claim, other.output],
      [{ ...claim, agentId: 2n }, output],
      [{ ...claim, modelId: otherId }, output],
    ] as const) {
      await expect(adapter.validate(changed, out, proofFor(requestHash)))
        .to.be.revertedWithCustomError(adapter, 'WrongRequest')
        .withArgs(keccak256(await adapter.requestOf(changed, out)), requestHash)
    }
    const status = await validations.getValidationStatus(requestHash)
    expect([status[2], status[4]]).to.deep.equal([0n, ''])
    expect(await adapter.isAnswered(requestHash)).to.equal(false)
  })

  it('a deprecated model answers nothing any more', async () => {
    const { adapter, verifier, registry, publisher, claim, output, requestHash, request, proofFor } =
      await loadFixture(deploy)
    await request(requestHash)
    await registry.connect(publisher).deprecateModel(claim.modelId)
    await expect(adapter.validate(claim, output, proofFor(requestHash)))
      .to.be.revertedWithCustomError(verifier, 'VerificationRefused_ModelDeprecated')
      .withArgs(claim.modelId)
  })

  it('deploys only onto an inference verifier; costs little', async () => {
    const { adapter, deployer, validations, claim, output, requestHash, request, proofFor } = await loadFixture(deploy)
    await expect(new ERC8004ValidationAdapter__factory(deployer).deploy(validations, validations))
      .to.be.revertedWithCustomError(adapter, 'NotAnInferenceVerifier')
      .withArgs(await validations.getAddress())
    await request(requestHash)
    const receipt = await (await adapter.validate(claim, output, proofFor(requestHash))).wait()
    if (!IS_COVERAGE) expect(receipt?.gasUsed).to.be.lessThan(390_000)
  })
})
