// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { expect } from 'chai'
import { id, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import {
  circuitHash,
  FIELD_R,
  ioSchemaHash,
  modelId,
  PROOF_SYSTEM_GROTH16,
  toSolidityIoSchema,
} from '../../prover/encodings'
import { canonicalKeyHex } from '../../prover/groth16/vkey'
import {
  HostileVerifier__factory,
  ModelRegistry__factory,
  TrapdoorVerifier__factory,
  VerifyingKeyStore__factory,
  Wallet1271__factory,
} from '../../typechain-types'
import { IS_COVERAGE } from '../support/coverage'
import { otherChain } from '../support/public-chain'
import { trapdoorKey } from '../support/trapdoor'
import { CLASSIFIER, createWorld, describeModel, modelParts, type ModelParts, type World } from '../support/world'

const DAY = 86_400n

async function describeFor(world: World, parts: Partial<ModelParts> = {}, by: HardhatEthersSigner = world.publisher) {
  const described = await describeModel(modelParts(world.key.vk, parts))
  return { ...described, modelId: modelId({ ...described.commitment, publisher: by.address }) }
}

async function published(parts: Partial<ModelParts> = {}) {
  const world = await loadFixture(createWorld)
  const model = await describeFor(world, parts)
  await world.registry.connect(world.publisher).publishManifest(model.manifest, parts.verifier ?? ZeroAddress)
  return { ...world, ...model, registry: world.registry.connect(world.publisher) }
}

describe('ModelRegistry', () => {
  describe('registration', () => {
    it('gives the content address and stores everything', async () => {
      const { registry, publisher, manifest, commitment, modelId } = await published()
      expect(await registry.registerModel.staticCall(commitment)).to.equal(modelId)
      await expect(registry.registerModel(commitment))
        .to.emit(registry, 'ModelRegistered')
        .withArgs(modelId, publisher.address, Object.values(commitment))
        .and.to.emit(registry, 'VersionAppended')
        .withArgs(modelId, modelId, 1, 0)
      expect(await registry.getModel(modelId)).to.deep.equal([Object.values(commitment), false, publisher.address])
      expect(await registry.modelIdOf(publisher, commitment)).to.equal(modelId)
      expect(await registry.versionOf(modelId)).to.deep.equal([modelId, 1n, 1n])
      expect(await registry.modelAt(modelId, 1)).to.equal(modelId)
      const [output] = (await registry.ioSchemaOf(modelId)).outputs
      expect(output?.name).to.equal('logits')
      expect(output?.lo).to.equal(-(1n << 20n))
      const stored = await registry.getManifest(commitment.circuitHash)
      expect(stored.r1csHash).to.equal(manifest.r1csHash)
      expect(stored.recipeHash).to.equal(manifest.recipeHash)
      expect(stored.setupHash).to.equal(manifest.setupHash)
      expect(stored.ioSchema.inputs.length).to.equal(1)
    })

    it('a manifest is published once, by anyone', async () => {
      const { registry, stranger, manifest, commitment } = await published()
      expect(await registry.isPublished(commitment.circuitHash)).to.equal(true)
      await expect(registry.connect(stranger).publishManifest(manifest, ZeroAddress)).not.to.emit(
        registry,
        'ManifestPublished',
      )
      await registry.registerModel(commitment)
    })

    it('refuses the same model twice, an unknown manifest, key or proof system', async () => {
      const { registry, commitment, modelId } = await published()
      await registry.registerModel(commitment)
      await expect(registry.registerModel({ ...commitment, uri: 'other' }))
        .to.be.revertedWithCustomError(registry, 'ModelAlreadyRegistered')
        .withArgs(modelId)
      await expect(registry.registerModel({ ...commitment, circuitHash: id('x') }))
        .to.be.revertedWithCustomError(registry, 'ManifestNotFound')
        .withArgs(id('x'))
      await expect(registry.registerModel({ ...commitment, vkHash: id('x') }))
        .to.be.revertedWithCustomError(VerifyingKeyStore__factory.connect(ZeroAddress), 'VerifyingKeyNotFound')
        .withArgs(id('x'))
      await expect(registry.registerModel({ ...commitment, proofSystemId: '0x00000000' }))
        .to.be.revertedWithCustomError(registry, 'UnknownProofSystem')
        .withArgs('0x00000000')
      await expect(registry.registerModel({ ...commitment, modelHash: id('x'), uri: 'x'.repeat(1025) }))
        .to.be.revertedWithCustomError(registry, 'UriTooLong')
        .withArgs(1025)
    })

    it('takes key, manifest and model in one call, with the same id and at little gas', async () => {
      const world = await loadFixture(createWorld)
      const { registry, keyStore, publisher, stranger } = world
      const key = trapdoorKey(4, 77n)
      const { manifest, commitment } = await describeModel(modelParts(key.vk))
      const { modelHash, proofSystemId, uri } = commitment
      const bytes = canonicalKeyHex(key.vk)
      const expected = modelId({ ...commitment, publisher: publisher.address })
      const publish = registry
        .connect(publisher)
        .publishModel(modelHash, proofSystemId, uri, bytes, manifest, ZeroAddress)
      await expect(publish)
        .to.emit(registry, 'ModelRegistered')
        .withArgs(expected, publisher.address, Object.values(commitment))
        .and.to.emit(registry, 'ManifestPublished')
        .and.to.emit(keyStore, 'VerifyingKeyStored')
      if (!IS_COVERAGE) expect((await (await publish).wait())!.gasUsed).to.be.lessThan(700_000)
      expect(await registry.getModel(expected)).to.deep.equal([Object.values(commitment), false, publisher.address])
      expect(await registry.versionOf(expected)).to.deep.equal([expected, 1n, 1n])
      await expect(
        registry.connect(publisher).publishModel(modelHash, proofSystemId, uri, bytes, manifest, ZeroAddress),
      )
        .to.be.revertedWithCustomError(registry, 'ModelAlreadyRegistered')
        .withArgs(expected)
      const theirs = modelId({ ...commitment, publisher: stranger.address })
      const second = registry
        .connect(stranger)
        .publishModel(modelHash, proofSystemId, uri, bytes, manifest, ZeroAddress)
      await expect(second).to.emit(registry, 'ModelRegistered').and.not.to.emit(keyStore, 'VerifyingKeyStored')
      expect((await registry.getModel(theirs)).owner).to.equal(stranger.address)
      const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
      const own = await describeModel(modelParts(world.key.vk, { verifier: await generated.getAddress() }))
      const worldKey = canonicalKeyHex(world.key.vk)
      await registry.publishModel(modelHash, proofSystemId, uri, worldKey, own.manifest, generated)
      const ownId = modelId({ ...own.commitment, publisher: world.deployer.address })
      expect((await registry.verificationData(ownId)).verifier).to.equal(await generated.getAddress())
    })

    it('refuses a key with another number of signals', async () => {
      const { registry, keyStore, commitment } = await published()
      const { vk } = trapdoorKey(5)
      await keyStore.store(canonicalKeyHex(vk))
      const vkHash = ethers.keccak256(canonicalKeyHex(vk))
      await expect(registry.registerModel({ ...commitment, vkHash }))
        .to.be.revertedWithCustomError(registry, 'SignalCountMismatch')
        .withArgs(4, 5)
    })

    it('refuses manifests whose weights commitment does not fit the schema', async () => {
      const { registry, manifest } = await published()
      const committed = { ...manifest, ioSchema: toSolidityIoSchema({ ...CLASSIFIER, weightsCommitted: true }) }
      for (const bad of [
        { ...manifest, weightsCommitment: 1n },
        { ...committed, weightsCommitment: 0n },
        { ...committed, weightsCommitment: FIELD_R },
      ]) {
        await expect(registry.publishManifest(bad, ZeroAddress))
          .to.be.revertedWithCustomError(registry, 'BadWeightsCommitment')
          .withArgs(bad.weightsCommitment)
      }
      await registry.publishManifest({ ...committed, weightsCommitment: 1n }, ZeroAddress)
    })

    it('refuses a verifier without the code the manifest names', async () => {
      const world = await loadFixture(createWorld)
      const registry = world.registry.connect(world.publisher)
      const verifier = await new TrapdoorVerifier__factory(world.deployer).deploy()
      const { manifest, commitment } = await describeFor(world, { verifier: await verifier.getAddress() })
      for (const wrong of [ZeroAddress, world.publisher.address, await world.shared.getAddress()]) {
        await expect(registry.publishManifest(manifest, wrong)).to.be.revertedWithCustomError(
          registry,
          'VerifierCodeMismatch',
        )
      }
      const noCode = { ...manifest, verifierCodeHash: ethers.keccak256('0x') }
      await expect(registry.publishManifest(noCode, world.publisher)).to.be.revertedWithCustomError(
        registry,
        'VerifierCodeMismatch',
      )
      const { manifest: sharedManifest } = await describeFor(world)
      await expect(registry.publishManifest(sharedManifest, verifier)).to.be.revertedWithCustomError(
        registry,
        'VerifierCodeMismatch',
      )
      const notVerifier = {
        ...manifest,
        verifierCodeHash: ethers.keccak256(await ethers.provider.getCode(world.keyStore)),
      }
      await expect(registry.publishManifest(notVerifier, world.keyStore)).to.be.revertedWithCustomError(
        registry,
        'NotAProofVerifier',
      )
      const otherSystem = await new HostileVerifier__factory(world.deployer).deploy(0, '0xdeadbeef')
      const other = { ...manifest, verifierCodeHash: ethers.keccak256(await ethers.provider.getCode(otherSystem)) }
      await registry.publishManifest(other, otherSystem)
      const ioSchema = ioSchemaHash(CLASSIFIER)
      const elsewhere = { ...commitment, circuitHash: circuitHash({ ...other, ioSchemaHash: ioSchema }) }
      await expect(registry.registerModel(elsewhere))
        .to.be.revertedWithCustomError(registry, 'NotAProofVerifier')
        .withArgs(await otherSystem.getAddress())
      // A stranger's publication names the stranger's verifier, so the publisher has to name one.
      await registry.connect(world.stranger).publishManifest(manifest, verifier)
      await expect(registry.registerModel(commitment)).to.be.revertedWithCustomError(registry, 'VerifierCodeMismatch')
      await registry.publishManifest(manifest, verifier)
      await registry.registerModel(commitment)
    })

    it("a stranger's entry for someone else's model is another model", async () => {
      const { registry, stranger, publisher, commitment, modelId } = await published()
      const foreign = await registry.connect(stranger).registerModel.staticCall(commitment)
      await registry.connect(stranger).registerModel(commitment)
      expect(foreign).not.to.equal(modelId)
      await expect(registry.getModel(modelId)).to.be.revertedWithCustomError(registry, 'ModelNotFound')
      await registry.registerModel(commitment)
      expect((await registry.getModel(modelId)).owner).to.equal(publisher.address)
      expect((await registry.getModel(foreign)).owner).to.equal(stranger.address)
      await expect(registry.connect(stranger).deprecateModel(modelId))
        .to.be.revertedWithCustomError(registry, 'NotModelOwner')
        .withArgs(modelId, stranger.address)
    })

    it('refuses a key store that is none', async () => {
      const { registry, deployer } = await loadFixture(createWorld)
      await expect(new ModelRegistry__factory(deployer).deploy(deployer, false)).to.be.revertedWithCustomError(
        registry,
        'NotAKeyStore',
      )
    })
  })

  describe('setups by one party', () => {
    it('are accepted on development chains', async () => {
      const { registry, commitment } = await published({ setupHash: ZeroHash })
      await registry.registerModel(commitment)
    })

    it('are refused elsewhere, unless the registry was deployed for them', async () => {
      const { vk } = trapdoorKey(4)
      for (const allowDev of [false, true]) {
        const signer = await otherChain(10)
        const keyStore = await new VerifyingKeyStore__factory(signer).deploy()
        await keyStore.store(canonicalKeyHex(vk))
        const registry = await new ModelRegistry__factory(signer).deploy(keyStore, allowDev)
        const dev = await describeModel(modelParts(vk, { setupHash: ZeroHash }))
        const ceremony = await describeModel(modelParts(vk))
        await registry.publishManifest(dev.manifest, ZeroAddress)
        await registry.publishManifest(ceremony.manifest, ZeroAddress)
        await registry.registerModel(ceremony.commitment)
        const registration = registry.registerModel.staticCall(dev.commitment)
        if (allowDev) await registration
        else await expect(registration).to.be.revertedWithCustomError(registry, 'DevSetupRefused').withArgs(10)
      }
    })
  })

  describe('registration by signature', () => {
    const types = {
      Registration: [
        { name: 'publisher', type: 'address' },
        { name: 'modelHash', type: 'bytes32' },
        { name: 'circuitHash', type: 'bytes32' },
        { name: 'vkHash', type: 'bytes32' },
        { name: 'proofSystemId', type: 'bytes4' },
        { name: 'uri', type: 'string' },
        { name: 'verifier', type: 'address' },
        { name: 'deadline', type: 'uint256' },
      ],
    }

    async function signed(publisherAddress?: string, parts: Partial<ModelParts> = {}) {
      const set = await published(parts)
      const deadline = (await time.latest()) + 1000
      const domain = {
        name: 'zkml ModelRegistry',
        version: '1',
        chainId: 31337,
        verifyingContract: await set.registry.getAddress(),
      }
      const publisher = publisherAddress ?? set.publisher.address
      const verifier = parts.verifier ?? ZeroAddress
      const message = { publisher, ...set.commitment, verifier, deadline }
      const signature = await set.publisher.signTypedData(domain, types, message)
      return { ...set, registry: set.registry.connect(set.stranger), deadline, signature }
    }

    it('gives the same id as registerModel, owned by the publisher', async () => {
      const { registry, publisher, commitment, deadline, signature, modelId } = await signed()
      await registry.registerFor(publisher, commitment, ZeroAddress, deadline, signature)
      expect((await registry.getModel(modelId)).owner).to.equal(publisher.address)
      await expect(
        registry.registerFor(publisher, commitment, ZeroAddress, deadline, signature),
      ).to.be.revertedWithCustomError(registry, 'ModelAlreadyRegistered')
    })

    it('holds for nothing else', async () => {
      const { registry, publisher, stranger, commitment, deadline, signature, keyStore } = await signed()
      const register = registry.registerFor
      for (const attempt of [
        () => register(stranger, commitment, ZeroAddress, deadline, signature),
        () => register(publisher, { ...commitment, uri: 'ipfs://evil' }, ZeroAddress, deadline, signature),
        () => register(publisher, { ...commitment, modelHash: id('x') }, ZeroAddress, deadline, signature),
        () => register(publisher, { ...commitment, circuitHash: id('x') }, ZeroAddress, deadline, signature),
        () => register(publisher, { ...commitment, vkHash: id('x') }, ZeroAddress, deadline, signature),
        () => register(publisher, { ...commitment, proofSystemId: '0x00000000' }, ZeroAddress, deadline, signature),
        () => register(publisher, commitment, keyStore, deadline, signature),
        () => register(publisher, commitment, ZeroAddress, deadline + 1, signature),
        () => register(publisher, commitment, ZeroAddress, deadline, '0x'),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(registry, 'InvalidSignature')
      }
      await time.increase(2000)
      await expect(register(publisher, commitment, ZeroAddress, deadline, signature))
        .to.be.revertedWithCustomError(registry, 'SignatureExpired')
        .withArgs(deadline)
    })

    it('takes a generated verifier from the signature', async () => {
      const verifier = await new TrapdoorVerifier__factory(await ethers.provider.getSigner(0)).deploy()
      const world = await createWorld()
      const address = await verifier.getAddress()
      const { manifest, commitment } = await describeFor(world, { verifier: address })
      const registry = world.registry.connect(world.stranger)
      await registry.publishManifest(manifest, verifier)
      const deadline = (await time.latest()) + 1000
      const verifyingContract = await registry.getAddress()
      const domain = { name: 'zkml ModelRegistry', version: '1', chainId: 31337, verifyingContract }
      const message = { publisher: world.publisher.address, ...commitment, verifier: address, deadline }
      const signature = await world.publisher.signTypedData(domain, types, message)
      await registry.registerFor(world.publisher, commitment, verifier, deadline, signature)
    })

    it('works for contract accounts (ERC-1271)', async () => {
      const { publisher: signer } = await loadFixture(createWorld)
      const wallet = await new Wallet1271__factory(signer).deploy(signer)
      const world = await createWorld()
      const { manifest, commitment } = await describeFor(world)
      await world.registry.publishManifest(manifest, ZeroAddress)
      const deadline = (await time.latest()) + 1000
      const verifyingContract = await world.registry.getAddress()
      const domain = { name: 'zkml ModelRegistry', version: '1', chainId: 31337, verifyingContract }
      const message = { publisher: await wallet.getAddress(), ...commitment, verifier: ZeroAddress, deadline }
      const signature = await signer.signTypedData(domain, types, message)
      await world.registry.registerFor(wallet, commitment, ZeroAddress, deadline, signature)
      const registered = modelId({ ...commitment, publisher: await wallet.getAddress() })
      expect((await world.registry.getModel(registered)).owner).to.equal(await wallet.getAddress())
    })
  })

  describe('versions', () => {
    async function twoVersions() {
      const set = await published()
      await set.registry.registerModel(set.commitment)
      const next = { ...set.commitment, modelHash: id('model v2'), uri: 'ipfs://v2' }
      const nextId = modelId({ ...next, publisher: set.publisher.address })
      return { ...set, next, nextId }
    }

    it('append under the lineage and leave the old id as it was', async () => {
      const { registry, publisher, commitment, modelId, next, nextId } = await twoVersions()
      await expect(registry.updateModel(modelId, next))
        .to.emit(registry, 'ModelUpdated')
        .withArgs(modelId, Object.values(commitment), Object.values(next))
        .and.to.emit(registry, 'VersionAppended')
        .withArgs(modelId, nextId, 2, (at: bigint) => at > 2n * DAY)
        .and.to.emit(registry, 'ModelRegistered')
        .withArgs(nextId, publisher.address, Object.values(next))
      expect(await registry.getModel(modelId)).to.deep.equal([Object.values(commitment), false, publisher.address])
      expect(await registry.getModel(nextId)).to.deep.equal([Object.values(next), false, publisher.address])
      expect(await registry.versionOf(nextId)).to.deep.equal([modelId, 2n, 2n])
      expect(await registry.versionOf(modelId)).to.deep.equal([modelId, 1n, 2n])
      expect(await registry.modelAt(modelId, 2)).to.equal(nextId)
      expect(await registry.modelAt(modelId, 3)).to.equal(0)
      expect(await registry.modelAt(nextId, 1)).to.equal(0)
    })

    it('append to the newest only, by the owner only, and never twice', async () => {
      const { registry, stranger, modelId, next, nextId } = await twoVersions()
      await expect(registry.connect(stranger).updateModel(modelId, next)).to.be.revertedWithCustomError(
        registry,
        'NotModelOwner',
      )
      await registry.updateModel(modelId, next)
      await expect(registry.updateModel(modelId, { ...next, modelHash: id('v3') }))
        .to.be.revertedWithCustomError(registry, 'NotLatestVersion')
        .withArgs(modelId, nextId)
      await expect(registry.updateModel(nextId, next)).to.be.revertedWithCustomError(registry, 'ModelAlreadyRegistered')
      await expect(registry.updateModel(1, next)).to.be.revertedWithCustomError(registry, 'ModelNotFound')
    })

    it('deprecate one by one and for good', async () => {
      const { registry, modelId, next, nextId } = await twoVersions()
      await registry.updateModel(modelId, next)
      await expect(registry.deprecateModel(modelId)).to.emit(registry, 'ModelDeprecated').withArgs(modelId)
      expect((await registry.getModel(modelId)).deprecated).to.equal(true)
      expect((await registry.getModel(nextId)).deprecated).to.equal(false)
      await expect(registry.deprecateModel(modelId))
        .to.be.revertedWithCustomError(registry, 'ModelIsDeprecated')
        .withArgs(modelId)
      await registry.updateModel(nextId, { ...next, modelHash: id('v3') })
    })

    it('become active two days after they are appended, the first at once', async () => {
      const { registry, modelId, next, nextId } = await twoVersions()
      expect(await registry.activationDelay()).to.equal(2n * DAY)
      expect(await registry.activationOf(modelId)).to.equal(0)
      await registry.updateModel(modelId, next)
      const second = BigInt(await time.latest()) + 2n * DAY
      expect(await registry.activationOf(nextId)).to.equal(second)
      expect((await registry.verificationData(nextId)).activatesAt).to.equal(second)
      await time.increase(DAY)
      const third = { ...next, modelHash: id('v3') }
      await registry.updateModel(nextId, third)
      const thirdId = await registry.modelAt(modelId, 3)
      expect(await registry.activeVersionOf(modelId)).to.deep.equal([1n, modelId])
      await time.increaseTo(second - 1n)
      expect(await registry.activeVersionOf(modelId)).to.deep.equal([1n, modelId])
      await time.increaseTo(second)
      expect(await registry.activeVersionOf(modelId)).to.deep.equal([2n, nextId])
      await time.increase(DAY + 1n)
      expect(await registry.activeVersionOf(modelId)).to.deep.equal([3n, thirdId])
      // Whoever follows a lineage onto a deprecated version is refused there, and not led back.
      await registry.deprecateModel(thirdId)
      expect(await registry.activeVersionOf(modelId)).to.deep.equal([3n, thirdId])
      await expect(registry.activeVersionOf(nextId))
        .to.be.revertedWithCustomError(registry, 'ModelNotFound')
        .withArgs(nextId)
      await expect(registry.activationOf(1)).to.be.revertedWithCustomError(registry, 'ModelNotFound').withArgs(1)
    })

    it('say how their key came about', async () => {
      const { registry, publisher, modelId, manifest, commitment } = await twoVersions()
      expect(await registry.setupOf(modelId)).to.deep.equal([1n, manifest.setupHash])
      const dev = { ...manifest, setupHash: ZeroHash }
      await registry.publishManifest(dev, ZeroAddress)
      const devCircuit = circuitHash({ ...dev, ioSchemaHash: ioSchemaHash(CLASSIFIER) })
      await registry.registerModel({ ...commitment, circuitHash: devCircuit })
      const devId = await registry.modelIdOf(publisher, {
        ...commitment,
        circuitHash: devCircuit,
      })
      expect(await registry.setupOf(devId)).to.deep.equal([0n, ZeroHash])
      await expect(registry.setupOf(1)).to.be.revertedWithCustomError(registry, 'ModelNotFound').withArgs(1)
    })

    it('change hands in two steps, all at once', async () => {
      const { registry, publisher, stranger, prover, modelId, next, nextId } = await twoVersions()
      await registry.updateModel(modelId, next)
      await expect(registry.connect(stranger).transferModelOwnership(nextId, stranger)).to.be.revertedWithCustomError(
        registry,
        'NotModelOwner',
      )
      await expect(registry.transferModelOwnership(nextId, stranger))
        .to.emit(registry, 'ModelOwnershipTransferStarted')
        .withArgs(modelId, publisher.address, stranger.address)
      expect(await registry.pendingOwnerOf(modelId)).to.equal(stranger.address)
      expect((await registry.getModel(modelId)).owner).to.equal(publisher.address)
      await expect(registry.connect(prover).acceptModelOwnership(modelId))
        .to.be.revertedWithCustomError(registry, 'NotPendingOwner')
        .withArgs(modelId, prover.address)
      await expect(registry.connect(stranger).acceptModelOwnership(modelId))
        .to.emit(registry, 'ModelOwnershipTransferred')
        .withArgs(modelId, publisher.address, stranger.address)
      expect((await registry.getModel(nextId)).owner).to.equal(stranger.address)
      expect(await registry.pendingOwnerOf(modelId)).to.equal(ZeroAddress)
      await expect(registry.deprecateModel(modelId)).to.be.revertedWithCustomError(registry, 'NotModelOwner')
      // The new owner's versions carry the new owner's name.
      const third = { ...next, modelHash: id('v3') }
      await registry.connect(stranger).updateModel(nextId, third)
      expect(await registry.modelAt(modelId, 3)).to.equal(modelIdFor(third, stranger.address))
    })

    it('an offer can be withdrawn', async () => {
      const { registry, stranger, modelId } = await twoVersions()
      await registry.transferModelOwnership(modelId, stranger)
      await registry.transferModelOwnership(modelId, ZeroAddress)
      await expect(registry.connect(stranger).acceptModelOwnership(modelId)).to.be.revertedWithCustomError(
        registry,
        'NotPendingOwner',
      )
    })
  })

  it('knows nothing of unknown ids', async () => {
    const { registry } = await loadFixture(createWorld)
    for (const call of [
      () => registry.getModel(1),
      () => registry.verificationData(1),
      () => registry.ioSchemaOf(1),
      () => registry.versionOf(1),
      () => registry.pendingOwnerOf(1),
      () => registry.deprecateModel(1),
      () => registry.acceptModelOwnership(1),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(registry, 'ModelNotFound').withArgs(1)
    }
    await expect(registry.getManifest(ZeroHash)).to.be.revertedWithCustomError(registry, 'ManifestNotFound')
    expect(await registry.modelAt(1, 1)).to.equal(0)
  })

  it('ERC-165', async () => {
    const { registry } = await loadFixture(createWorld)
    expect(await registry.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await registry.supportsInterface('0xd28519b1')).to.equal(true)
    expect(await registry.supportsInterface('0xffffffff')).to.equal(false)
    expect(PROOF_SYSTEM_GROTH16).to.match(/^0x[0-9a-f]{8}$/)
  })

  it('registers a model of four signals for little', async () => {
    const { registry, commitment, manifest } = await published()
    const tx = await registry.registerModel(commitment)
    expect((await tx.wait())?.gasUsed).to.be.lessThan(240_000)
    const again = await registry.publishManifest({ ...manifest, r1csHash: id('other') }, ZeroAddress)
    expect((await again.wait())?.gasUsed).to.be.lessThan(190_000)
  })
})

function modelIdFor(commitment: Awaited<ReturnType<typeof describeModel>>['commitment'], publisher: string): bigint {
  return modelId({ ...commitment, publisher })
}
