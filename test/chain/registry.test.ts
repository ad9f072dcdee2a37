// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import {
  ChainDataError,
  checkInference,
  ContractRevertError,
  deprecateModelCall,
  ModelNotRegisteredError,
  publishManifestCall,
  publishModelCall,
  readRegisteredModel,
  registerModelCall,
  registryOf,
  updateModelCall,
  verifyInferenceCall,
} from '../../prover/chain'
import { ioSchemaHash, PROOF_SYSTEM_GROTH16, type IoSchema } from '../../prover/encodings'
import { canonicalKeyHex } from '../../prover/groth16'
import { TrapdoorVerifier__factory } from '../../typechain-types'
import { rejection } from '../support/rejection'
import { CLASSIFIER, createWorld, describeModel, modelParts } from '../support/world'

const fixture = async () => {
  const world = await createWorld()
  const addresses = {
    verifier: await world.verifier.getAddress(),
    routed: await world.routed.getAddress(),
    registry: await world.registry.getAddress(),
  }
  return { world, ...addresses }
}

describe('the registry, read', () => {
  it('says everything of a model', async () => {
    const { world, verifier, registry } = await loadFixture(fixture)
    const modelId = await world.register()
    const { manifest, commitment } = await describeModel(modelParts(world.key.vk))
    const { r1csHash, recipeHash, setupHash, weightsCommitment } = manifest
    expect(await registryOf(ethers.provider, verifier)).to.equal(registry)
    expect(await readRegisteredModel(ethers.provider, verifier, modelId)).to.deep.equal({
      modelId,
      owner: world.publisher.address,
      ...commitment,
      ...{ r1csHash, recipeHash, setupHash, weightsCommitment },
      verifier: ZeroAddress,
      verifierCodeHash: ZeroHash,
      ioSchema: CLASSIFIER,
      ioSchemaHash: ioSchemaHash(CLASSIFIER),
      deprecated: false,
      stopped: false,
      activatesAt: 0,
    })
  })

  it('says everything of scalars, hashed and private tensors, private weights and a verifier of its own', async () => {
    const { world, verifier } = await loadFixture(fixture)
    const own = await (await new TrapdoorVerifier__factory(world.deployer).deploy()).getAddress()
    const ioSchema: IoSchema = {
      outputs: [{ name: 'вывод', shape: [], lo: -1n, bits: 252, exponent: -3, visibility: 'public' }],
      inputs: [
        { name: 'x', shape: [3], lo: -(1n << 200n), bits: 8, exponent: 200, visibility: 'private' },
        { name: '', shape: [2, 2], lo: 0n, bits: 1, exponent: 0, visibility: 'hashed' },
      ],
      weightsCommitted: true,
    }
    const parts = { schema: ioSchema, weightsCommitment: 7n, verifier: own, uri: '' }
    const modelId = await world.register(parts)
    const model = await readRegisteredModel(ethers.provider, verifier, modelId)
    expect(model).to.deep.include({ ioSchema, weightsCommitment: 7n, verifier: own, uri: '' })
    expect(model.verifierCodeHash).to.equal(ethers.keccak256(await ethers.provider.getCode(own)))
  })

  it('says where a model stands', async () => {
    const { world, verifier, routed, registry } = await loadFixture(fixture)
    const modelId = await world.register()
    const { manifest, commitment } = await describeModel(modelParts(world.key.vk, { modelHash: id('second') }))
    await world.publisher.sendTransaction(updateModelCall(registry, modelId, commitment))
    await world.publisher.sendTransaction(deprecateModelCall(registry, modelId))
    await world.stop.connect(world.guardian).stop()
    expect(await readRegisteredModel(ethers.provider, verifier, modelId)).to.include({
      deprecated: true,
      stopped: false,
    })
    const newer = await world.registry.modelAt(modelId, 2)
    const model = await readRegisteredModel(ethers.provider, routed, newer)
    expect(model).to.include({ deprecated: false, stopped: true, r1csHash: manifest.r1csHash })
    expect(BigInt(model.activatesAt)).to.equal(await world.registry.activationOf(newer))
    expect(model.activatesAt).to.be.above(0)
  })

  it('knows no model that is not registered, and no registry where there is none', async () => {
    const { world, verifier, registry } = await loadFixture(fixture)
    const unknown = await rejection(readRegisteredModel(ethers.provider, verifier, 5n))
    expect(unknown).to.be.instanceOf(ModelNotRegisteredError)
    expect(unknown.message).to.include(registry)
    for (const address of [world.stranger.address, registry])
      expect(await rejection(readRegisteredModel(ethers.provider, address, 5n))).to.satisfy(
        (error: Error) => error instanceof ChainDataError || error instanceof ContractRevertError,
      )
  })

  it('that contradicts itself is not believed', async () => {
    const { world, verifier } = await loadFixture(fixture)
    const modelId = await world.register()
    const hash = id('r1cs').slice(2)
    const liar = new Proxy(ethers.provider, {
      get: (target, name) =>
        name === 'call'
          ? async (...args: Parameters<typeof target.call>) =>
              (await target.call(...args)).replace(hash, id('other').slice(2))
          : (Reflect.get(target, name) as unknown),
    })
    expect(await rejection(readRegisteredModel(liar, verifier, modelId))).to.be.instanceOf(ChainDataError)
  })
})

describe('the registry, written', () => {
  it('takes a model in one call or in steps, with one id', async () => {
    const { world, registry, verifier } = await loadFixture(fixture)
    const parts = modelParts(world.key.vk)
    const { manifest, commitment } = await describeModel(parts)
    const publication = {
      modelHash: parts.modelHash,
      uri: parts.uri,
      key: canonicalKeyHex(world.key.vk),
      circuit: manifest,
      ioSchema: CLASSIFIER,
      verifier: ZeroAddress,
    }
    const modelId = await world.registry.modelIdOf(world.publisher, commitment)
    await world.publisher.sendTransaction(publishModelCall(registry, publication))
    expect(await readRegisteredModel(ethers.provider, verifier, modelId)).to.include({
      owner: world.publisher.address,
      proofSystemId: PROOF_SYSTEM_GROTH16,
    })
    await world.stranger.sendTransaction(publishManifestCall(registry, publication))
    await world.stranger.sendTransaction(registerModelCall(registry, commitment))
    const others = await world.registry.modelIdOf(world.stranger, commitment)
    expect((await readRegisteredModel(ethers.provider, verifier, others)).owner).to.equal(world.stranger.address)
  })
})

describe('verifyInference, called', () => {
  it('verifies a proof, or says by name why not', async () => {
    const { world, verifier } = await loadFixture(fixture)
    const modelId = await world.register()
    const caller = world.prover.address
    const proof = world.prove({ modelId, caller })
    await checkInference(ethers.provider, verifier, modelId, proof, caller)
    await expect(world.prover.sendTransaction(verifyInferenceCall(verifier, modelId, proof))).to.emit(
      world.verifier,
      'InferenceVerified',
    )
    const error = await rejection(checkInference(ethers.provider, verifier, modelId, proof, world.stranger.address))
    expect(error).to.be.instanceOf(ContractRevertError)
    expect((error as ContractRevertError).revert.name).to.equal('InvalidProof')
    expect(error.message).to.include('"checkInference"').and.to.include('InvalidProof()')
  })
})
