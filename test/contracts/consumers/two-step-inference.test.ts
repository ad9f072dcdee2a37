// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, toBeHex } from 'ethers'
import {
  contextSignal,
  encodeOutput,
  encodeProofBlob,
  inputCommitment,
  pack,
  type IoSchema,
  type ProofContext,
  type TensorSpec,
} from '../../../prover/encodings'
import { canonicalKeyHex } from '../../../prover/groth16/vkey'
import {
  chainInput,
  inferenceCall,
  openCommitment,
  proveInference,
  readVerifyingKey,
  type LoadedModel,
  type ProvedInference,
} from '../../../prover/pipeline'
import { TensorOpening__factory, TwoStepInference__factory } from '../../../typechain-types'
import { makeChainedModels, type ChainedModels } from '../../support/chained-models'
import { trapdoorKey } from '../../support/trapdoor'
import { createWorld, type World } from '../../support/world'

const SAMPLE = [Float64Array.of(0.5, -0.25, 0.75, -0.5)]
const OTHER_SAMPLE = [Float64Array.of(-0.5, 0.25, 0.75, 0.5)]
const NONCE = 7n

describe('TwoStepInference, a chain of two proofs', () => {
  let models: ChainedModels

  before(async () => {
    models = await makeChainedModels()
  })
  after(() => models.remove())

  const register = async (world: World, { circuit, paths, hashes }: LoadedModel, salt = hashes.modelHash) => {
    const vk = readVerifyingKey(paths)
    await world.keyStore.store(canonicalKeyHex(vk))
    return world.register({ schema: circuit.schema, vk, modelHash: salt })
  }

  async function deploy() {
    const world = await createWorld()
    const encoderId = await register(world, models.encoder)
    const scorerId = await register(world, models.scorer)
    const factory = new TwoStepInference__factory(world.deployer)
    const pipeline = (await factory.deploy(world.verifier, encoderId, 0, scorerId, 0)).connect(world.prover)
    const caller = await pipeline.getAddress()
    /** What a proof is bound to: a request of the prover's, unless told otherwise. */
    const contextOf = async (modelId: bigint, nonce = NONCE, account = world.prover): Promise<ProofContext> => {
      const requestId = await pipeline.requestIdOf(account, nonce)
      return { chainId: 31337n, caller, requestId, modelId, prover: world.prover.address }
    }
    const encode = (context: ProofContext | null, sample = SAMPLE) =>
      proveInference(models.encoder, { sample, context })
    const score = (first: ProvedInference, context: ProofContext | null) => {
      const opening = openCommitment(models.encoder.circuit.schema, first)
      const chained = chainInput(models.scorer.circuit.schema, new Map([['embedding', opening]]))
      return proveInference(models.scorer, { ...chained, context })
    }
    return { ...world, encoderId, scorerId, factory, pipeline, caller, contextOf, encode, score }
  }

  const encoded = (proved: ProvedInference) => inferenceCall(models.encoder.circuit.schema, proved)
  const scored = (proved: ProvedInference) => inferenceCall(models.scorer.circuit.schema, proved)

  it('records what the second model made of what the first one made, once', async () => {
    const { pipeline, verifier, encoderId, scorerId, prover, contextOf, encode, score, ...world } =
      await loadFixture(deploy)
    const first = await encode(await contextOf(encoderId))
    const second = await score(first, await contextOf(scorerId))
    expect(first.outputs[0]!.values).to.equal(null)
    expect(second.publicSignals[1]).to.equal(first.publicSignals[0])
    const { exponent } = models.scorer.circuit.schema.outputs[0]!
    const value = second.outputs[0]!.values![0]! * 2 ** exponent
    const input = encoded(first).inputCommitment
    const link = toBeHex(first.publicSignals[0]!, 32)
    const submitted = pipeline.submit(NONCE, encoded(first), scored(second))
    await expect(submitted).to.emit(pipeline, 'Chained').withArgs(prover, NONCE, value, input, link)
    await expect(submitted).to.emit(verifier, 'InferenceVerified')
    expect((await pipeline.resultOf(prover)).value).to.equal(value)

    await expect(pipeline.submit(NONCE, encoded(first), scored(second)))
      .to.be.revertedWithCustomError(pipeline, 'NonceUsed')
      .withArgs(prover, NONCE)
    await expect(pipeline.submit(NONCE + 1n, encoded(first), scored(second))).to.be.revertedWithCustomError(
      pipeline,
      'WrongRequest',
    )

    // Whoever was told the salt may still show what was between.
    const opening = await new TensorOpening__factory(world.deployer).deploy(world.registry)
    const secret = openCommitment(models.encoder.circuit.schema, first)
    const words = pack(secret.integers, secret)
    expect(await opening.openTensor(encoderId, false, 0, link, words, secret.salt)).to.deep.equal(secret.integers)
  })

  it('refuses a second step on another tensor, or on the same one under another salt', async () => {
    const { pipeline, encoderId, scorerId, contextOf, encode, score } = await loadFixture(deploy)
    const context = await contextOf(encoderId)
    const first = await encode(context)
    for (const other of [await encode(context, OTHER_SAMPLE), await encode(context)]) {
      const second = await score(other, await contextOf(scorerId))
      const [expected, actual] = [first, other].map(({ publicSignals }) => toBeHex(publicSignals[0]!, 32))
      await expect(pipeline.submit(NONCE, encoded(first), scored(second)))
        .to.be.revertedWithCustomError(pipeline, 'LinkBroken')
        .withArgs(expected, actual)
    }
  })

  it('refuses proofs of other models, the wrong way round, and twice the same', async () => {
    const world = await loadFixture(deploy)
    const { pipeline, verifier, encoderId, scorerId, contextOf, encode, score } = world
    const foreignId = await register(world, models.encoder, id('foreign'))
    const foreign = await encode(await contextOf(foreignId))
    const first = await encode(await contextOf(encoderId))
    const second = await score(first, await contextOf(scorerId))
    const onForeign = await score(foreign, await contextOf(scorerId))
    const [a, b] = [encoded(first), scored(second)]
    await expect(pipeline.submit(NONCE, encoded(foreign), scored(onForeign))).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    for (const [one, two] of [
      [b, a],
      [a, a],
      [b, b],
    ] as const)
      await expect(pipeline.submit(NONCE, one, two)).to.be.reverted
    expect(await pipeline.isUsed(world.prover, NONCE)).to.equal(false)
    await pipeline.submit(NONCE, a, b)
  })

  it('refuses proofs for other requests, accounts and contracts, and portable ones', async () => {
    const world = await loadFixture(deploy)
    const { pipeline, verifier, factory, encoderId, scorerId, prover, stranger, contextOf, encode, score } = world
    const first = await encode(await contextOf(encoderId))
    const second = await score(first, await contextOf(scorerId))
    const refusesRequest = async (submitted: Promise<unknown>) =>
      expect(submitted).to.be.revertedWithCustomError(pipeline, 'WrongRequest')
    await refusesRequest(pipeline.connect(stranger).submit(NONCE, encoded(first), scored(second)))
    const late = await score(first, await contextOf(scorerId, NONCE + 1n))
    await refusesRequest(pipeline.submit(NONCE, encoded(first), scored(late)))
    const early = await encode(await contextOf(encoderId, NONCE - 1n))
    await refusesRequest(pipeline.submit(NONCE, encoded(early), scored(await score(early, await contextOf(scorerId)))))
    const portable = await encode(null)
    await refusesRequest(pipeline.submit(NONCE, encoded(portable), scored(await score(portable, null))))
    const twin = (await factory.deploy(verifier, encoderId, 0, scorerId, 0)).connect(prover)
    await expect(twin.submit(NONCE, encoded(first), scored(second))).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
  })

  it('is only for models whose tensors can be linked', async () => {
    const world = await loadFixture(deploy)
    const { pipeline, factory, verifier, encoderId, scorerId, registry } = world
    const refuses = async (models: readonly [bigint, number, bigint, number], error: string, ...args: unknown[]) =>
      expect(factory.deploy(verifier, ...models))
        .to.be.revertedWithCustomError(pipeline, error)
        .withArgs(...args)
    const [from] = models.encoder.circuit.schema.outputs
    const { outputs, inputs } = models.scorer.circuit.schema
    const vk = readVerifyingKey(models.scorer.paths)
    const variant = (change: Partial<TensorSpec>): Promise<bigint> =>
      world.register({ schema: { outputs, inputs: [{ ...inputs[0]!, ...change }], weightsCommitted: false }, vk })
    // As many elements of as many bits in another shape are the same list.
    await factory.deploy(verifier, encoderId, 0, await variant({ shape: [3, 1] }), 0)
    for (const change of [
      { lo: from!.lo - 1n },
      { bits: from!.bits + 1 },
      { exponent: from!.exponent + 1 },
      { shape: [1, 4] },
    ])
      await refuses([encoderId, 0, await variant(change), 0], 'LinkFormatsDiffer', 0, 0)
    await refuses([encoderId, 0, await variant({ visibility: 'public' }), 0], 'LinkNotHashed', true, 0)
    await refuses([encoderId, 1, scorerId, 0], 'LinkMissing', false, 1)
    await refuses([encoderId, 0, scorerId, 1], 'LinkMissing', true, 1)
    await refuses([scorerId, 0, scorerId, 0], 'LinkNotHashed', false, 0)
    await refuses([scorerId, 0, encoderId, 0], 'OutputNotPublic', encoderId)
    await expect(factory.deploy(verifier, 5n, 0, scorerId, 0)).to.be.revertedWithCustomError(registry, 'ModelNotFound')
  })

  it('finds the commitments behind other tensors', async () => {
    const world = await loadFixture(deploy)
    const { factory, verifier, prover, stranger } = world
    const shown: TensorSpec = { name: 's', shape: [2], lo: 0n, bits: 200, exponent: 0, visibility: 'public' }
    const hidden: TensorSpec = { ...shown, name: 'h', visibility: 'hashed' }
    const schema: IoSchema = {
      outputs: [shown, hidden],
      inputs: [{ ...shown, visibility: 'private' }, shown, hidden, hidden],
      weightsCommitted: false,
    }
    const key = trapdoorKey(8)
    await world.keyStore.store(canonicalKeyHex(key.vk))
    const modelId = await world.register({ schema, vk: key.vk })
    const pipeline = (await factory.deploy(verifier, modelId, 1, modelId, 3)).connect(prover)
    const step = async (signals: readonly bigint[]) => {
      const requestId = await pipeline.requestIdOf(prover, NONCE)
      const caller = await pipeline.getAddress()
      const signal = contextSignal({ chainId: 31337n, caller, requestId, modelId, prover: stranger.address })
      const inputWords = signals.slice(3)
      const points = key.prove([...signals, signal])
      return {
        inputCommitment: inputCommitment(schema, inputWords),
        output: encodeOutput(signals.slice(0, 3)),
        proof: encodeProofBlob({ points, inputWords, requestId, prover: stranger.address }),
      }
    }
    const first = await step([1n, 2n, 300n, 4n, 5n, 6n, 7n])
    await expect(
      pipeline.submit(NONCE, first, await step([9n, 9n, 9n, 4n, 5n, 300n, 7n])),
    ).to.be.revertedWithCustomError(pipeline, 'LinkBroken')
    await pipeline.submit(NONCE, first, await step([9n, 8n, 7n, 4n, 5n, 6n, 300n]))
    expect((await pipeline.resultOf(prover)).value).to.equal(9n)
  })
})
