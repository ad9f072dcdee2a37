// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, setCode } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import {
  contextSignal,
  encodeProofBlob,
  FIELD_R,
  inputCommitment,
  PROOF_SYSTEM_GROTH16,
  type IoSchema,
  type ProofPoints,
} from '../../prover/encodings'
import { canonicalKeyHex } from '../../prover/groth16/vkey'
import {
  Groth16Verifier__factory,
  HostileVerifier__factory,
  InferenceVerifier__factory,
  TrapdoorDevVerifier__factory,
  TrapdoorVerifier__factory,
  VerifyingKeyStore__factory,
  type InferenceVerifier,
} from '../../typechain-types'
import { IS_COVERAGE, itUninstrumented } from '../support/coverage'
import { malleate } from '../support/malleate'
import { otherChain } from '../support/public-chain'
import { trapdoorKey } from '../support/trapdoor'
import { CLASSIFIER, createWorld, LOGITS, PIXELS, type Statement, type World } from '../support/world'

async function twoModels() {
  const world = await createWorld()
  const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
  const sharedId = await world.register()
  const generatedId = await world.register({ verifier: await generated.getAddress() })
  return { ...world, verifier: world.verifier.connect(world.prover), generated, sharedId, generatedId }
}

type Call = readonly [modelId: bigint, inputCommitment: string, output: string, proof: string]

const callOf = (modelId: bigint, s: Statement): Call => [modelId, s.inputCommitment, s.output, s.proof]

/** Requires both forms to refuse a call with the same error; the arguments of an error are checked where given. */
async function refuses(world: World, call: Call, error: string, args?: readonly unknown[]): Promise<void> {
  const verifier = world.verifier.connect(world.prover)
  for (const attempt of [
    () => verifier.verifyInference(...call),
    () => verifier.checkInference(...call, world.prover),
  ]) {
    const refusal = expect(attempt()).to.be.revertedWithCustomError(withEveryError(verifier), error)
    await (args === undefined ? refusal : refusal.withArgs(...args))
  }
}

function withEveryError(verifier: InferenceVerifier) {
  const abi = [
    ...InferenceVerifier__factory.abi,
    'error SignalNotInField(uint256 index, uint256 value)',
    'error MalformedProof(uint256 length)',
    'error ModelNotFound(uint256 modelId)',
  ]
  const names = new Set<string>()
  const unique = abi.filter((item) => {
    const name = typeof item === 'string' ? /error (\w+)/.exec(item)?.[1] : 'name' in item ? item.name : undefined
    if (name === undefined || !names.has(name)) {
      if (name !== undefined) names.add(name)
      return true
    }
    return false
  })
  return new ethers.Contract(verifier.target, unique, ethers.provider)
}

describe('InferenceVerifier', () => {
  for (const kind of ['shared', 'generated'] as const) {
    describe(`with the ${kind} verifier`, () => {
      async function setUp() {
        const world = await loadFixture(twoModels)
        const modelId = kind === 'shared' ? world.sharedId : world.generatedId
        const otherId = kind === 'shared' ? world.generatedId : world.sharedId
        const statement = world.prove({ modelId, caller: world.prover.address })
        return { ...world, modelId, otherId, statement, call: callOf(modelId, statement) }
      }

      it('accepts a proof and emits; the view twin agrees', async () => {
        const { verifier, prover, modelId, statement, call } = await setUp()
        await verifier.checkInference(...call, prover)
        await expect(verifier.verifyInference(...call))
          .to.emit(verifier, 'InferenceVerified')
          .withArgs(modelId, statement.inputCommitment, statement.output, prover.address)
      })

      itUninstrumented('costs little gas for three words and the context', async () => {
        const { verifier, call } = await setUp()
        const receipt = await (await verifier.verifyInference(...call)).wait()
        expect(receipt?.gasUsed).to.be.lessThan(kind === 'shared' ? 275_000 : 265_000)
      })

      it('refuses another model', async () => {
        const world = await setUp()
        const { statement, modelId, otherId } = world
        await refuses(world, callOf(otherId, statement), 'InvalidProof')
        await refuses(world, callOf(modelId + 1n, statement), 'ModelNotFound', [modelId + 1n])
      })

      it('refuses another caller, request, prover and chain', async () => {
        const world = await setUp()
        const { verifier, modelId, prover, stranger, call } = world
        await expect(verifier.connect(stranger).verifyInference(...call)).to.be.revertedWithCustomError(
          verifier,
          'InvalidProof',
        )
        await expect(verifier.checkInference(...call, stranger)).to.be.revertedWithCustomError(verifier, 'InvalidProof')
        const { points } = world.statement
        const inputWords = world.statement.signals.slice(1, 3)
        const blob = { points, inputWords, requestId: id('request'), prover: prover.address }
        for (const change of [
          { requestId: id('another') },
          { requestId: ZeroHash },
          { prover: stranger.address },
          { prover: ZeroAddress },
        ]) {
          const proof = encodeProofBlob({ ...blob, ...change })
          await refuses(world, [modelId, call[1], call[2], proof], 'InvalidProof')
        }
        const elsewhere = world.prove({ modelId, caller: prover.address, chainId: 1n })
        await refuses(world, callOf(modelId, elsewhere), 'InvalidProof')
      })

      it('refuses another input and output', async () => {
        const world = await setUp()
        const { modelId, prover, statement } = world
        const other = world.prove({ modelId, caller: prover.address, inputs: PIXELS.map((pixel) => pixel ^ 1n) })
        await refuses(
          world,
          [modelId, other.inputCommitment, statement.output, statement.proof],
          'InputCommitmentMismatch',
        )
        await refuses(
          world,
          [modelId, statement.inputCommitment, statement.output, other.proof],
          'InputCommitmentMismatch',
        )
        await refuses(world, [modelId, ZeroHash, statement.output, statement.proof], 'InputCommitmentMismatch')
        const blob = { points: statement.points, requestId: id('request'), prover: prover.address }
        const proof = encodeProofBlob({ ...blob, inputWords: other.signals.slice(1, 3) })
        await refuses(world, [modelId, other.inputCommitment, statement.output, proof], 'InvalidProof')
        const output = world.prove({ modelId, caller: prover.address, outputs: LOGITS.map((v) => v + 1n) }).output
        await refuses(world, [modelId, statement.inputCommitment, output, statement.proof], 'InvalidProof')
        for (const wrong of ['0x', statement.output.slice(0, -2), statement.output + '00'.repeat(32)]) {
          await refuses(world, [modelId, statement.inputCommitment, wrong, statement.proof], 'OutputMismatch')
        }
      })

      it('refuses x + r in every position it is given', async () => {
        const world = await setUp()
        const { modelId, prover, statement } = world
        const [output = 0n, ...rest] = statement.signals
        const alias = ethers.toBeHex(output + FIELD_R, 32)
        await refuses(world, [modelId, statement.inputCommitment, alias, statement.proof], 'SignalNotInField', [
          0,
          output + FIELD_R,
        ])
        const inputWords = rest.slice(0, 2)
        for (const [index, word] of inputWords.entries()) {
          const aliased = inputWords.map((value, at) => (at === index ? word + FIELD_R : value))
          const blob = { points: statement.points, requestId: id('request'), prover: prover.address }
          const proof = encodeProofBlob({ ...blob, inputWords: aliased })
          await refuses(world, [modelId, statement.inputCommitment, statement.output, proof], 'SignalNotInField', [
            1 + index,
            word + FIELD_R,
          ])
        }
      })

      it('refuses malformed proofs', async () => {
        const world = await setUp()
        const { modelId, prover, statement, call } = world
        const blob = { points: statement.points, requestId: id('request'), prover: prover.address }
        const inputWords = statement.signals.slice(1, 3)
        for (const words of [[], inputWords.slice(1), [...inputWords, 0n]]) {
          const proof = encodeProofBlob({ ...blob, inputWords: words })
          await refuses(world, [modelId, call[1], call[2], proof], 'ModelMismatch')
        }
        for (const proof of ['0x', statement.proof.slice(0, -2), statement.proof + '00']) {
          await refuses(world, [modelId, call[1], call[2], proof], 'MalformedProof')
        }
        for (const at of [0, 5, 7]) {
          const points = statement.points.map((word, index) => (index === at ? 1n : word)) as unknown as ProofPoints
          const proof = encodeProofBlob({ ...blob, points, inputWords })
          await refuses(world, [modelId, call[1], call[2], proof], 'InvalidProof')
        }
      })

      it('accepts a malleated proof, which is the same statement', async () => {
        const { verifier, modelId, statement } = await setUp()
        const proof = malleate(statement.proof)
        await verifier.verifyInference(modelId, statement.inputCommitment, statement.output, proof)
      })

      it('refuses a deprecated model', async () => {
        const world = await setUp()
        await world.registry.connect(world.publisher).deprecateModel(world.modelId)
        await refuses(world, world.call, 'VerificationRefused_ModelDeprecated', [world.modelId])
      })

      it('starved gas never reads as an invalid proof', async () => {
        const { verifier, prover, call } = await setUp()
        const data = verifier.interface.encodeFunctionData('checkInference', [...call, prover.address])
        const invalid = verifier.interface.getError('InvalidProof')?.selector
        let starved = 0
        for (let gasLimit = 60_000; gasLimit < 480_000; gasLimit += 7_000) {
          const answer: unknown = await ethers.provider
            .call({ to: verifier, data, gasLimit })
            .catch((error: { data?: unknown }) => error.data ?? 'out of gas')
          expect(answer, `${gasLimit} gas`).not.to.equal(invalid)
          if (answer !== '0x') starved += 1
        }
        expect(starved).to.be.greaterThan(30).and.lessThan(60)
      })

      it('keeps portable and bound proofs apart', async () => {
        const world = await setUp()
        const { verifier, modelId, stranger, statement } = world
        const portable = world.prove({ modelId, caller: ZeroAddress, portable: true })
        const call = callOf(modelId, portable)
        await verifier.checkInferencePortable(...call)
        for (const sender of [world.prover, stranger]) {
          await expect(verifier.connect(sender).verifyInferencePortable(...call))
            .to.emit(verifier, 'PortableInferenceVerified')
            .withArgs(modelId, portable.inputCommitment, portable.output, sender.address)
            .and.not.to.emit(verifier, 'InferenceVerified')
        }
        await refuses(world, call, 'InvalidProof')
        await expect(verifier.verifyInferencePortable(...callOf(modelId, statement)))
          .to.be.revertedWithCustomError(verifier, 'NotPortable')
          .withArgs(id('request'), world.prover.address)
        const { points } = statement
        const unbound = { points, inputWords: statement.signals.slice(1, 3), requestId: ZeroHash, prover: ZeroAddress }
        await expect(
          verifier.verifyInferencePortable(
            modelId,
            statement.inputCommitment,
            statement.output,
            encodeProofBlob(unbound),
          ),
        ).to.be.revertedWithCustomError(verifier, 'InvalidProof')
      })
    })
  }

  describe('models with several, hashed and private inputs, and private weights', () => {
    it('take the weights commitment from the registry', async () => {
      const world = await loadFixture(createWorld)
      const key = trapdoorKey(5)
      await world.keyStore.store(canonicalKeyHex(key.vk))
      const schema: IoSchema = { ...CLASSIFIER, weightsCommitted: true }
      const modelId = await world.register({ schema, vk: key.vk, weightsCommitment: 777n })
      for (const [weights, error] of [
        [777n, undefined],
        [778n, 'InvalidProof'],
      ] as const) {
        const { signals, ...rest } = world.prove({ modelId, caller: world.prover.address, schema })
        const points = key.prove([...signals.slice(0, 3), weights, signals[3] ?? 0n])
        const blob = { points, inputWords: signals.slice(1, 3), requestId: id('request'), prover: world.prover.address }
        const call: Call = [modelId, rest.inputCommitment, rest.output, encodeProofBlob(blob)]
        if (error === undefined) await world.verifier.connect(world.prover).verifyInference(...call)
        else await refuses(world, call, error)
      }
    })

    it('bind every input to the commitment', async () => {
      const world = await loadFixture(createWorld)
      const [pixels] = CLASSIFIER.inputs
      if (pixels === undefined) throw new Error('no input')
      const inputs = [
        { ...pixels, name: 'hashed', visibility: 'hashed' as const },
        { ...pixels, name: 'private', visibility: 'private' as const },
        { ...pixels, name: 'public', shape: [3] },
      ]
      const schema: IoSchema = { ...CLASSIFIER, inputs }
      const modelId = await world.register({ schema })
      const caller = world.prover.address
      const context = contextSignal({ chainId: 31337n, caller, requestId: id('request'), modelId, prover: caller })
      const words = [123456789n, 0x030201n]
      const points = world.key.prove([5n, ...words, context])
      const blob = { points, inputWords: words, requestId: id('request'), prover: caller }
      const output = ethers.toBeHex(5, 32)
      const commitment = inputCommitment(schema, words)
      await world.verifier.connect(world.prover).verifyInference(modelId, commitment, output, encodeProofBlob(blob))
      const swapped = inputCommitment(schema, [...words].reverse())
      await refuses(world, [modelId, swapped, output, encodeProofBlob(blob)], 'InputCommitmentMismatch')
    })
  })

  describe('verifiers that misbehave', () => {
    const habits = ['YES', 'TWO', 'LONG_YES', 'NOTHING', 'BOMB', 'REVERT_BOMB', 'BURN'] as const

    for (const [habit, name] of habits.entries()) {
      it(`${name}: only true is evidence, and only for that verifier's own model`, async () => {
        const world = await loadFixture(twoModels)
        const hostile = await new HostileVerifier__factory(world.stranger).deploy(habit, PROOF_SYSTEM_GROTH16)
        const hostileId = await world.register({ verifier: await hostile.getAddress() }, world.stranger)
        expect(hostileId).not.to.be.oneOf([world.sharedId, world.generatedId])
        const nonsense = world.prove({ modelId: hostileId, caller: world.prover.address, tamper: (s) => s.fill(1n) })
        const call = callOf(hostileId, nonsense)
        if (name === 'YES') {
          await world.verifier.verifyInference(...call)
          // The same nonsense under any other model's id is nothing.
          await refuses(world, callOf(world.sharedId, nonsense), 'InvalidProof')
          await refuses(world, callOf(world.generatedId, nonsense), 'InvalidProof')
        } else {
          await refuses(world, call, 'InvalidProof')
          const data = world.verifier.interface.encodeFunctionData('checkInference', [...call, world.prover.address])
          const gas = world.stranger.sendTransaction({ to: world.verifier, data, gasLimit: 5_000_000 })
          await expect(gas).to.be.reverted
          const block = await ethers.provider.getBlock('latest')
          if (!IS_COVERAGE) expect(block?.gasUsed).to.be.lessThan(400_000)
        }
      })
    }

    it('an always-yes verifier under the publisher’s own manifest still has another id', async () => {
      const world = await loadFixture(twoModels)
      const hostile = await new HostileVerifier__factory(world.stranger).deploy(0, PROOF_SYSTEM_GROTH16)
      const hostileId = await world.register({ verifier: await hostile.getAddress() })
      expect(hostileId).not.to.be.oneOf([world.sharedId, world.generatedId])
    })

    it('a verifier whose code changed is refused', async () => {
      const world = await loadFixture(twoModels)
      const statement = world.prove({ modelId: world.generatedId, caller: world.prover.address })
      const address = await world.generated.getAddress()
      const pinned = ethers.keccak256(await ethers.provider.getCode(address))
      await setCode(address, '0x600160005260206000f3')
      await refuses(world, callOf(world.generatedId, statement), 'VerifierCodeChanged', [
        address,
        pinned,
        ethers.keccak256('0x600160005260206000f3'),
      ])
      await setCode(address, '0x')
      await refuses(world, callOf(world.generatedId, statement), 'VerifierCodeChanged')
    })
  })

  it('a generated dev verifier refuses public chains', async () => {
    const signer = await otherChain(1)
    const dev = await new TrapdoorDevVerifier__factory(signer).deploy()
    const open = await new TrapdoorVerifier__factory(signer).deploy()
    const key = trapdoorKey(4)
    const signals = [1n, 2n, 3n, 4n]
    const proof = ethers.concat(key.prove(signals).map((word) => ethers.toBeHex(word, 32)))
    const hash = ethers.keccak256(canonicalKeyHex(key.vk))
    await expect(dev.verify(hash, signals, proof))
      .to.be.revertedWithCustomError(dev, 'DevKeyOnPublicChain')
      .withArgs(1)
    expect(await open.verify(hash, signals, proof)).to.equal(true)
  })

  it('a proof of another chain is none, whatever else agrees', async () => {
    const world = await loadFixture(createWorld)
    const modelId = await world.register()
    const statement = world.prove({ modelId, caller: world.prover.address, chainId: 1337n })
    await refuses(world, callOf(modelId, statement), 'InvalidProof')
  })

  it('deploys only onto a registry and a verifier', async () => {
    const { registry, shared, verifier, deployer, generated } = await loadFixture(twoModels)
    const factory = new InferenceVerifier__factory(deployer)
    await expect(factory.deploy(shared, shared)).to.be.revertedWithCustomError(verifier, 'NotARegistry')
    await expect(factory.deploy(registry, registry)).to.be.revertedWithCustomError(verifier, 'NotAProofVerifier')
    await expect(factory.deploy(registry, generated)).to.be.revertedWithCustomError(verifier, 'NotAProofVerifier')
    const store = await new VerifyingKeyStore__factory(deployer).deploy()
    const elsewhere = await new Groth16Verifier__factory(deployer).deploy(store)
    await expect(factory.deploy(registry, elsewhere))
      .to.be.revertedWithCustomError(verifier, 'KeyStoreMismatch')
      .withArgs(await registry.keyStore(), await store.getAddress())
    await expect(new Groth16Verifier__factory(deployer).deploy(registry))
      .to.be.revertedWithCustomError(shared, 'NotAKeyStore')
      .withArgs(await registry.getAddress())
    expect(await verifier.registry()).to.equal(await registry.getAddress())
    expect(await verifier.sharedVerifier()).to.equal(await shared.getAddress())
  })

  it('ERC-165, proof system, context and gas cap', async () => {
    const world = await loadFixture(twoModels)
    const { verifier, prover, sharedId } = world
    expect(await verifier.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await verifier.supportsInterface('0x5df65472')).to.equal(true)
    expect(await verifier.supportsInterface('0x29c6ba89')).to.equal(false)
    expect(await verifier.supportsInterface('0xffffffff')).to.equal(false)
    expect(await verifier.proofSystemOf(sharedId)).to.equal(PROOF_SYSTEM_GROTH16)
    expect(await verifier.verifierGasCap(sharedId)).to.equal(340_000)
    const parts = {
      chainId: 31337n,
      caller: prover.address,
      requestId: id('r'),
      modelId: sharedId,
      prover: prover.address,
    }
    expect(await verifier.contextOf(prover, id('r'), sharedId, prover)).to.equal(contextSignal(parts))
  })
})
