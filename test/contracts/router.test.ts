// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, id, toBeHex, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { FIELD_R, PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import {
  HostileStop__factory,
  InferenceVerifier__factory,
  TrapdoorVerifier__factory,
  VerifierEmergencyStop__factory,
  VerifierRouter__factory,
} from '../../typechain-types'
import { itUninstrumented } from '../support/coverage'
import { trapdoorKey } from '../support/trapdoor'
import { createWorld, describeModel, modelParts, routeTo, type Statement, type World } from '../support/world'

const SYSTEM_2 = '0x00000002'

async function models() {
  const world = await createWorld()
  const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
  const sharedId = await world.register()
  const generatedId = await world.register({ verifier: await generated.getAddress() })
  return { ...world, routed: world.routed.connect(world.prover), sharedId, generatedId }
}

const proofBytes = (points: readonly bigint[]): string => concat(points.map((value) => toBeHex(value, 32)))

const callOf = (modelId: bigint, s: Statement) => [modelId, s.inputCommitment, s.output, s.proof] as const

/** A statement whose first word is r − 1, with a proof made by whoever knows the key's logarithms. */
function impossible(key: World['key'], first = FIELD_R - 1n) {
  const signals = [first, 1n, 2n, 3n]
  return { hash: vkHash(key.vk), signals, proof: proofBytes(key.prove(signals)) }
}

describe('VerifierRouter', () => {
  it('routes a proof to the stoppable verifier of its proof system', async () => {
    const world = await loadFixture(models)
    const { routed, router, stop, prover, sharedId, generatedId } = world
    for (const modelId of [sharedId, generatedId]) {
      const statement = world.prove({ modelId, caller: prover.address })
      await expect(routed.verifyInference(...callOf(modelId, statement))).to.emit(routed, 'InferenceVerified')
      const wrong = world.prove({ modelId, caller: world.stranger.address })
      await expect(routed.verifyInference(...callOf(modelId, wrong))).to.be.revertedWithCustomError(
        routed,
        'InvalidProof',
      )
    }
    expect(await router.routeOf(PROOF_SYSTEM_GROTH16)).to.deep.equal([
      [await stop.getAddress(), 320_000n, 10_000n],
      false,
    ])
    expect(await router.gasCapOf(PROOF_SYSTEM_GROTH16, 4)).to.equal(360_000)
    expect(await routed.verifierGasCap(sharedId)).to.equal(360_000)
    expect(await routed.verifierGasCap(generatedId)).to.equal(340_000)
    expect(await routed.router()).to.equal(await router.getAddress())
    expect(await routed.sharedVerifier()).to.equal(ZeroAddress)
    expect(await world.verifier.router()).to.equal(ZeroAddress)
    expect(await router.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await router.supportsInterface('0xffffffff')).to.equal(false)
  })

  it('only its owner adds a route, and only for a selector that never had one', async () => {
    const { router, stop, shared, deployer, stranger } = await loadFixture(models)
    const other = await new VerifierEmergencyStop__factory(deployer).deploy(shared, deployer)
    const route = routeTo(await other.getAddress())
    await expect(router.connect(stranger).addRoute(route))
      .to.be.revertedWithCustomError(router, 'OwnableUnauthorizedAccount')
      .withArgs(stranger.address)
    await expect(router.addRoute(route))
      .to.be.revertedWithCustomError(router, 'RouteExists')
      .withArgs(PROOF_SYSTEM_GROTH16)
    await expect(router.connect(stranger).tombstone(PROOF_SYSTEM_GROTH16)).to.be.revertedWithCustomError(
      router,
      'OwnableUnauthorizedAccount',
    )
    await expect(router.tombstone(PROOF_SYSTEM_GROTH16))
      .to.emit(router, 'RouteTombstoned')
      .withArgs(PROOF_SYSTEM_GROTH16, await stop.getAddress())
    await expect(router.addRoute(route)).to.be.revertedWithCustomError(router, 'RouteExists')
    await expect(router.tombstone(PROOF_SYSTEM_GROTH16))
      .to.be.revertedWithCustomError(router, 'RouteStopped')
      .withArgs(PROOF_SYSTEM_GROTH16, ZeroHash)
    await expect(router.tombstone(SYSTEM_2)).to.be.revertedWithCustomError(router, 'RouteNotFound').withArgs(SYSTEM_2)
    await expect(router.gasCapOf(SYSTEM_2, 1)).to.be.revertedWithCustomError(router, 'RouteNotFound')
  })

  it('a route leads to a stoppable verifier and leaves it gas', async () => {
    const { router, shared, deployer } = await loadFixture(models)
    const plain = await shared.getAddress()
    await expect(router.addRoute(routeTo(plain)))
      .to.be.revertedWithCustomError(router, 'NotStoppable')
      .withArgs(plain)
    await expect(router.addRoute(routeTo(deployer.address))).to.be.revertedWithCustomError(router, 'NotStoppable')
    const second = await new HostileStop__factory(deployer).deploy(SYSTEM_2, 0)
    const address = await second.getAddress()
    for (const [baseGas, signalGas] of [
      [299_999n, 10_000n],
      [300_000n, 9_999n],
      [1n << 40n, 10_000n],
      [300_000n, 1n << 40n],
    ] as const) {
      await expect(router.addRoute({ verifier: address, baseGas, signalGas }))
        .to.be.revertedWithCustomError(router, 'GasCapOutOfRange')
        .withArgs(baseGas, signalGas)
    }
    await expect(router.addRoute(routeTo(address)))
      .to.emit(router, 'RouteAdded')
      .withArgs(SYSTEM_2, address, 320_000, 10_000)
  })

  it('serves proof systems that are added later', async () => {
    const world = await loadFixture(models)
    const { router, routed, verifier, registry, publisher, prover, deployer } = world
    const { commitment } = await describeModel(modelParts(world.key.vk))
    const parts = { ...commitment, proofSystemId: SYSTEM_2 }
    await registry.connect(publisher).registerModel(parts)
    const modelId = await registry.modelIdOf(publisher, parts)
    const call = callOf(modelId, world.prove({ modelId, caller: prover.address }))
    await expect(verifier.connect(prover).verifyInference(...call))
      .to.be.revertedWithCustomError(verifier, 'UnsupportedProofSystem')
      .withArgs(SYSTEM_2)
    await expect(routed.verifyInference(...call))
      .to.be.revertedWithCustomError(router, 'RouteNotFound')
      .withArgs(SYSTEM_2)
    expect(await routed.isStopped(modelId)).to.equal(false)
    await router.addRoute(routeTo(await (await new HostileStop__factory(deployer).deploy(SYSTEM_2, 0)).getAddress()))
    await routed.verifyInference(...call)
  })

  itUninstrumented('a bad verifier costs no more than the cap of its route', async () => {
    const world = await loadFixture(models)
    const { router, deployer } = world
    const burner = await new HostileStop__factory(deployer).deploy(SYSTEM_2, 6)
    await router.addRoute({ verifier: burner, baseGas: 300_000, signalGas: 10_000 })
    const gas = await router.verify.estimateGas(SYSTEM_2, ZeroHash, [1, 2], '0x')
    expect(gas).to.be.lessThan(320_000 + 40_000)
    expect(await router.verify(SYSTEM_2, ZeroHash, [1, 2], '0x')).to.equal(false)
    expect(await router.verifyBatch(SYSTEM_2, ZeroHash, [1, 2], `0x${'00'.repeat(512)}`)).to.equal(false)
    await expect(router.verifyBatch(SYSTEM_2, ZeroHash, [1, 2], '0x'))
      .to.be.revertedWithCustomError(world.shared, 'WrongProofLength')
      .withArgs(0)
    await expect(router.verify(SYSTEM_2, ZeroHash, [1, 2], '0x', { gasLimit: 300_000 })).to.be.revertedWithCustomError(
      world.routed,
      'InsufficientVerifierGas',
    )
  })

  it('ownership moves in two steps', async () => {
    const { router, stranger, deployer } = await loadFixture(models)
    await router.transferOwnership(stranger)
    expect(await router.owner()).to.equal(deployer.address)
    await router.connect(stranger).acceptOwnership()
    expect(await router.owner()).to.equal(stranger.address)
  })
})

describe('VerifierEmergencyStop', () => {
  it('answers as the verifier it stands before', async () => {
    const { stop, shared, keyStore, key } = await loadFixture(models)
    const signals = [1n, 2n, 3n, 4n]
    const proof = proofBytes(key.prove(signals))
    expect(await stop.verify(vkHash(key.vk), signals, proof)).to.equal(true)
    expect(await stop.verify(vkHash(key.vk), [1n, 2n, 3n, 5n], proof)).to.equal(false)
    expect(await stop.verifyBatch(vkHash(key.vk), signals, proof)).to.equal(true)
    expect(await stop.verifier()).to.equal(await shared.getAddress())
    expect(await stop.keyStore()).to.equal(await keyStore.getAddress())
    expect(await stop.proofSystemId()).to.equal(PROOF_SYSTEM_GROTH16)
    expect(await stop.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await stop.supportsInterface('0xffffffff')).to.equal(false)
  })

  it('stands before shared verifiers that check batches only', async () => {
    const { stop, keyStore, deployer } = await loadFixture(models)
    const factory = new VerifierEmergencyStop__factory(deployer)
    for (const verifier of [keyStore, deployer, await new TrapdoorVerifier__factory(deployer).deploy()]) {
      await expect(factory.deploy(verifier, deployer)).to.be.revertedWithCustomError(stop, 'NotASharedVerifier')
    }
    await expect(factory.deploy(await stop.getAddress(), ZeroAddress)).to.be.revertedWithCustomError(
      stop,
      'OwnableInvalidOwner',
    )
  })

  it('the guardian stops everything that is routed, for good, and nothing that is direct', async () => {
    const world = await loadFixture(models)
    const { stop, router, routed, verifier, guardian, prover, stranger, deployer, sharedId, generatedId } = world
    for (const other of [stranger, deployer]) {
      await expect(stop.connect(other).stop())
        .to.be.revertedWithCustomError(stop, 'OwnableUnauthorizedAccount')
        .withArgs(other.address)
    }
    expect(await routed.isStopped(sharedId)).to.equal(false)
    await expect(stop.connect(guardian).stop()).to.emit(stop, 'VerifierStopped').withArgs(guardian.address)
    for (const modelId of [sharedId, generatedId]) {
      expect(await routed.isStopped(modelId)).to.equal(true)
      expect(await verifier.isStopped(modelId)).to.equal(false)
      const statement = world.prove({ modelId, caller: prover.address })
      const hash = vkHash(world.key.vk)
      await expect(routed.verifyInference(...callOf(modelId, statement)))
        .to.be.revertedWithCustomError(router, 'RouteStopped')
        .withArgs(PROOF_SYSTEM_GROTH16, hash)
      await verifier.connect(prover).verifyInference(...callOf(modelId, statement))
      await expect(
        stop.verify(hash, [...statement.signals], proofBytes(statement.points)),
      ).to.be.revertedWithCustomError(stop, 'Stopped')
    }
    await expect(
      routed.verifyInferenceBatch(sharedId, [{ ...world.prove({ modelId: sharedId, caller: prover.address }) }]),
    ).to.be.revertedWithCustomError(router, 'RouteStopped')
    await expect(stop.connect(guardian).stop()).to.be.revertedWithCustomError(stop, 'Stopped')
  })

  it('a tombstone stops what is routed too', async () => {
    const world = await loadFixture(models)
    const { router, routed, prover, sharedId } = world
    await router.tombstone(PROOF_SYSTEM_GROTH16)
    expect(await routed.isStopped(sharedId)).to.equal(true)
    const call = callOf(sharedId, world.prove({ modelId: sharedId, caller: prover.address }))
    await expect(routed.verifyInference(...call)).to.be.revertedWithCustomError(router, 'RouteStopped')
  })

  it('a proof of the impossible statement stops its key only', async () => {
    const world = await loadFixture(models)
    const { stop, router, routed, keyStore, stranger, prover, key, sharedId, generatedId } = world
    const other = trapdoorKey(4, 2n)
    await keyStore.store(canonicalKeyHex(other.vk))
    // Anyone can craft a key for which it holds.
    const crafted = impossible(other)
    await expect(stop.connect(stranger).stopKey(crafted.hash, crafted.signals, crafted.proof))
      .to.emit(stop, 'KeyStopped')
      .withArgs(crafted.hash, stranger.address)
    expect(await stop.isStopped(crafted.hash)).to.equal(true)
    const own = vkHash(key.vk)
    expect(await stop.isStopped(own)).to.equal(false)
    const call = callOf(sharedId, world.prove({ modelId: sharedId, caller: prover.address }))
    await routed.verifyInference(...call)

    await expect(stop.stopKey(own, crafted.signals, crafted.proof))
      .to.be.revertedWithCustomError(stop, 'ImpossibleStatementNotProven')
      .withArgs(own)
    const { signals, proof } = impossible(key)
    await stop.stopKey(own, signals, proof)
    for (const modelId of [sharedId, generatedId]) {
      expect(await routed.isStopped(modelId)).to.equal(true)
      const again = callOf(modelId, world.prove({ modelId, caller: prover.address }))
      await expect(routed.verifyInference(...again))
        .to.be.revertedWithCustomError(router, 'RouteStopped')
        .withArgs(PROOF_SYSTEM_GROTH16, own)
    }
    await expect(stop.verify(own, signals, proof))
      .to.be.revertedWithCustomError(stop, 'KeyIsStopped')
      .withArgs(own)
    await expect(stop.stopKey(own, signals, proof))
      .to.be.revertedWithCustomError(stop, 'KeyIsStopped')
      .withArgs(own)
  })

  it('no other statement stops a key', async () => {
    const { stop, key } = await loadFixture(models)
    for (const first of [0n, 1n, FIELD_R - 2n, (1n << 252n) - 1n]) {
      const { hash, signals, proof } = impossible(key, first)
      await expect(stop.stopKey(hash, signals, proof)).to.be.revertedWithCustomError(stop, 'NotTheImpossibleStatement')
    }
    const { hash, signals, proof } = impossible(key)
    await expect(stop.stopKey(hash, [], proof)).to.be.revertedWithCustomError(stop, 'NotTheImpossibleStatement')
    await expect(stop.stopKey(hash, signals.with(0, 2n * FIELD_R - 1n), proof)).to.be.revertedWithCustomError(
      stop,
      'NotTheImpossibleStatement',
    )
    await expect(stop.stopKey(id('x'), signals, proof))
      .to.be.revertedWithCustomError(stop, 'UnknownVerifyingKey')
      .withArgs(id('x'))
  })
})

describe('InferenceVerifier, versions and settlements', () => {
  it('refuses a version until it is active', async () => {
    const world = await loadFixture(models)
    const { registry, publisher, verifier, prover, sharedId } = world
    const { commitment } = await describeModel(modelParts(world.key.vk))
    const next = { ...commitment, modelHash: id('v2') }
    await registry.connect(publisher).updateModel(sharedId, next)
    const modelId = await registry.modelIdOf(publisher, next)
    const activatesAt = await registry.activationOf(modelId)
    const statement = world.prove({ modelId, caller: prover.address })
    const call = callOf(modelId, statement)
    for (const attempt of [
      () => verifier.checkInference(...call, prover),
      () => verifier.checkPendingInference(...call, prover),
      () => verifier.checkInferenceBatch(modelId, [{ ...statement }], prover),
    ]) {
      await expect(attempt()).to.be.revertedWithCustomError(verifier, 'ModelNotActive').withArgs(modelId, activatesAt)
    }
    await time.increaseTo(activatesAt)
    await verifier.checkInference(...call, prover)
  })

  it('settles what is pending under a deprecated model, and starts nothing new', async () => {
    const world = await loadFixture(models)
    const { registry, publisher, verifier, prover, stranger, sharedId } = world
    await registry.connect(publisher).deprecateModel(sharedId)
    const call = callOf(sharedId, world.prove({ modelId: sharedId, caller: prover.address }))
    await verifier.checkPendingInference(...call, prover)
    await expect(verifier.checkPendingInference(...call, stranger)).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    await expect(verifier.checkInference(...call, prover))
      .to.be.revertedWithCustomError(verifier, 'VerificationRefused_ModelDeprecated')
      .withArgs(sharedId)
  })

  it('is built on a registry and a router, or a shared verifier', async () => {
    const { registry, router, stop, keyStore, deployer, verifier } = await loadFixture(models)
    const factory = new InferenceVerifier__factory(deployer)
    await expect(factory.deploy(keyStore, router)).to.be.revertedWithCustomError(verifier, 'NotARegistry')
    await expect(factory.deploy(registry, keyStore)).to.be.revertedWithCustomError(verifier, 'NotAProofVerifier')
    // A direct instance says that nobody can stop it.
    await expect(factory.deploy(registry, stop))
      .to.be.revertedWithCustomError(verifier, 'VerifierIsStoppable')
      .withArgs(await stop.getAddress())
    const router2 = await new VerifierRouter__factory(deployer).deploy(deployer, [])
    const empty = await factory.deploy(registry, router2)
    expect(await empty.router()).to.equal(await router2.getAddress())
    expect(await ethers.provider.getCode(empty)).not.to.equal('0x')
  })
})
