// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, setCode, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { ioSchemaHash, PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import {
  HostileVerifier__factory,
  TrapdoorVerifier__factory,
  ZkmlLens__factory,
  type ZkmlLens,
} from '../../typechain-types'
import { CLASSIFIER, createWorld, describeModel, modelParts } from '../support/world'

async function deploy() {
  const world = await createWorld()
  const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
  const sharedId = await world.register()
  const generatedId = await world.register({ verifier: await generated.getAddress() })
  const devId = await world.register({ setupHash: ZeroHash })
  const factory = new ZkmlLens__factory(world.deployer)
  const lens = await factory.deploy(world.verifier)
  const routedLens = await factory.deploy(world.routed)
  /** Appends a version and returns its id. */
  const append = async (to: bigint, name: string): Promise<bigint> => {
    const { manifest, commitment } = await describeModel(modelParts(world.key.vk, { modelHash: id(name) }))
    const registry = world.registry.connect(world.publisher)
    await registry.publishManifest(manifest, ZeroAddress)
    await registry.updateModel(to, commitment)
    return registry.modelIdOf(world.publisher, commitment)
  }
  return { ...world, generated, sharedId, generatedId, devId, lens, routedLens, append }
}

async function one(lens: ZkmlLens, modelId: bigint) {
  const [model] = await lens.modelsOf([modelId])
  if (model === undefined) throw new Error('no entry')
  return model
}

describe('ZkmlLens', () => {
  it('reads many models at once; a missing one is an empty entry', async () => {
    const w = await loadFixture(deploy)
    const { lens, sharedId, generatedId, devId, shared, generated, publisher, key } = w
    const models = await lens.modelsOf([sharedId, 5n, generatedId, devId, sharedId])
    expect(models.map((m) => [m.modelId, m.exists])).to.deep.equal([
      [sharedId, true],
      [5n, false],
      [generatedId, true],
      [devId, true],
      [sharedId, true],
    ])
    const [first, missing, own, dev] = models
    if (!first || !missing || !own || !dev) throw new Error('entries are missing')
    expect(first.owner).to.equal(publisher.address)
    expect(first.pendingOwner).to.equal(ZeroAddress)
    expect([first.lineageId, first.version, first.activatesAt]).to.deep.equal([sharedId, 1n, 0n])
    expect([first.verifier, first.ownVerifier]).to.deep.equal([await shared.getAddress(), false])
    expect([first.signals, first.verifierGasCap]).to.deep.equal([4n, 340_000n])
    expect([first.setup, first.transcriptHash]).to.deep.equal([1n, id('ceremony')])
    expect(first.ioSchemaHash).to.equal(ioSchemaHash(CLASSIFIER))
    expect(first.ioSchema.outputs[0]?.name).to.equal('logits')
    expect(first.commitment.vkHash).to.equal(vkHash(key.vk))
    expect(first.commitment.proofSystemId).to.equal(PROOF_SYSTEM_GROTH16)
    expect([first.deprecated, first.stopped]).to.deep.equal([false, false])
    expect([own.verifier, own.ownVerifier, own.verifierIntact]).to.deep.equal([
      await generated.getAddress(),
      true,
      true,
    ])
    expect([dev.setup, dev.transcriptHash]).to.deep.equal([0n, ZeroHash])
    expect([missing.owner, missing.version, missing.verifier]).to.deep.equal([ZeroAddress, 0n, ZeroAddress])
    expect(missing.ioSchema.outputs).to.have.length(0)
    expect(await lens.modelsOf([])).to.have.length(0)
  })

  it('follows versions, activation, deprecation, ownership and changed code', async () => {
    const w = await loadFixture(deploy)
    const { lens, registry, publisher, stranger, sharedId, generatedId, generated, append } = w
    const second = await append(sharedId, 'second')
    const third = await append(second, 'third')
    const waiting = await one(lens, sharedId)
    expect([waiting.latestVersion, waiting.latestModelId]).to.deep.equal([3n, third])
    expect([waiting.activeVersion, waiting.activeModelId]).to.deep.equal([1n, sharedId])
    const { activatesAt, version } = await one(lens, second)
    expect(version).to.equal(2)
    await time.increaseTo(activatesAt)
    expect((await one(lens, third)).activeModelId).to.equal(second)
    expect(await lens.versionsOf(sharedId, 1, 10)).to.deep.equal([sharedId, second, third])
    expect(await lens.versionsOf(sharedId, 2, 1)).to.deep.equal([second])
    expect(await lens.versionsOf(sharedId, 4, 3)).to.deep.equal([])
    expect(await lens.versionsOf(123n, 1, 3)).to.deep.equal([])
    await registry.connect(publisher).deprecateModel(second)
    await registry.connect(publisher).transferModelOwnership(second, stranger)
    expect((await one(lens, second)).deprecated).to.equal(true)
    const offered = await one(lens, sharedId)
    expect([offered.deprecated, offered.pendingOwner]).to.deep.equal([false, stranger.address])
    await setCode(await generated.getAddress(), '0x600160005260206000f3')
    expect((await one(lens, generatedId)).verifierIntact).to.equal(false)
  })

  it('says who serves a routed model, and whether it is stopped', async () => {
    const { routedLens, lens, stop, guardian, routed, sharedId } = await loadFixture(deploy)
    const live = await one(routedLens, sharedId)
    expect([live.verifier, live.stopped]).to.deep.equal([await stop.getAddress(), false])
    expect(live.verifierGasCap).to.equal(await routed.verifierGasCap(sharedId))
    await stop.connect(guardian).stop()
    expect((await one(routedLens, sharedId)).stopped).to.equal(true)
    expect((await one(lens, sharedId)).stopped).to.equal(false)
    expect(await routedLens.inferenceVerifier()).to.equal(await routed.getAddress())
  })

  it('shows models that nobody checks', async () => {
    const { lens, routedLens, registry, publisher, deployer, key } = await loadFixture(deploy)
    const own = await new HostileVerifier__factory(deployer).deploy(0, '0xdeadbeef')
    const address = await own.getAddress()
    for (const [verifier, cap] of [
      [ZeroAddress, 0n],
      [address, 490_000n],
    ] as const) {
      const { manifest, commitment } = await describeModel(modelParts(key.vk, { verifier }))
      const unserved = { ...commitment, proofSystemId: '0xdeadbeef' }
      await registry.connect(publisher).publishManifest(manifest, verifier)
      await registry.connect(publisher).registerModel(unserved)
      const modelId = await registry.modelIdOf(publisher, unserved)
      const [direct, routed] = [await one(lens, modelId), await one(routedLens, modelId)]
      expect([direct.verifier, direct.verifierGasCap]).to.deep.equal([verifier, cap])
      expect([routed.verifier, routed.verifierGasCap]).to.deep.equal([verifier, 0n])
    }
  })

  it('reads keys; a missing one is an empty entry', async () => {
    const { lens, keyStore, key } = await loadFixture(deploy)
    const hash = vkHash(key.vk)
    const [stored, missing] = await lens.keysOf([hash, id('no key')])
    expect(stored).to.deep.equal([hash, 4n, await keyStore.pointerOf(hash), canonicalKeyHex(key.vk)])
    expect(missing).to.deep.equal([id('no key'), 0n, await keyStore.pointerOf(id('no key')), '0x'])
  })

  it('too little gas never reads as a missing model', async () => {
    const { lens, sharedId } = await loadFixture(deploy)
    const data = lens.interface.encodeFunctionData('modelsOf', [[sharedId]])
    let answered = 0
    for (let gasLimit = 30_000; gasLimit < 260_000; gasLimit += 5_000) {
      const answer = await ethers.provider.call({ to: lens, data, gasLimit }).catch(() => undefined)
      if (answer === undefined || answer === '0x') continue
      answered += 1
      const [[model]] = lens.interface.decodeFunctionResult('modelsOf', answer) as unknown as [[{ exists: boolean }]]
      expect(model.exists, `${gasLimit} gas`).to.equal(true)
    }
    expect(answered).to.be.greaterThan(0)
  })

  it('deploys only onto an inference verifier', async () => {
    const { deployer, lens, registry } = await loadFixture(deploy)
    await expect(new ZkmlLens__factory(deployer).deploy(registry))
      .to.be.revertedWithCustomError(lens, 'NotAnInferenceVerifier')
      .withArgs(await registry.getAddress())
  })
})
