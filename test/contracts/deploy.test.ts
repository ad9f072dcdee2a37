// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadFixture, reset } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, keccak256, ZeroHash } from 'ethers'
import hre, { ethers } from 'hardhat'
import { deployAll } from '../../scripts/deploy/deploy-all'
import { DeploymentChangedError, DeploymentFileError, RegistrationError } from '../../scripts/deploy/errors'
import { PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
import { JsonReader, writeJson } from '../../scripts/deploy/json'
import { readDeployment } from '../../scripts/deploy/record'
import { formatRegistration, parseRegistration, readRegistrations } from '../../scripts/deploy/registration'
import type { ModelRegistration } from '../../scripts/deploy/registration'
import { InferenceVerifier__factory, ModelRegistry__factory } from '../../typechain-types'
import { otherEnvironment } from '../support/public-chain'
import { PUBLIC } from '../deploy/support'
import { trapdoorKey } from '../support/trapdoor'
import { CLASSIFIER, createWorld } from '../support/world'

const key = trapdoorKey(4)

const shared: ModelRegistration = {
  name: 'shared-model',
  modelHash: id('model'),
  r1csHash: id('r1cs'),
  recipeHash: id('recipe'),
  setupHash: ZeroHash,
  weightsCommitment: 0n,
  verifyingKey: key.vk,
  ioSchema: CLASSIFIER,
  uri: 'ipfs://card',
}

const generated: ModelRegistration = { ...shared, name: 'generated-model', verifierContract: 'TrapdoorVerifier' }

async function refuses(attempt: Promise<unknown>, error: new (...values: never[]) => Error): Promise<void> {
  const outcome: unknown = await attempt.then(
    () => 'done',
    (reason: unknown) => reason,
  )
  expect(outcome).to.be.instanceOf(error)
}

describe('Deployment', () => {
  let directory: string

  beforeEach(async () => {
    await reset()
    directory = await mkdtemp(join(tmpdir(), 'zkml-deploy-'))
  })

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  const contents = async (): Promise<string> => readFile(join(directory, '31337.json'), 'utf8')

  it('deploys, registers and records; a second run changes nothing', async () => {
    const { record, skipped } = await deployAll(hre, { models: [shared, generated], directory })
    expect(skipped).to.deep.equal([])
    const [text, block] = [await contents(), await ethers.provider.getBlockNumber()]
    expect(await readDeployment(directory, 31337)).to.deep.equal(record)
    for (const { address, codeHash, block: at } of Object.values({ ...record.contracts, ...record.verifiers })) {
      expect(keccak256(await ethers.provider.getCode(address))).to.equal(codeHash)
      expect(await ethers.provider.getCode(address, at - 1)).to.equal('0x')
      expect(await ethers.provider.getCode(address, at)).not.to.equal('0x')
    }
    const again = await deployAll(hre, { models: [shared, generated], directory })
    expect(again.record).to.deep.equal(record)
    expect(await contents()).to.equal(text)
    expect(await ethers.provider.getBlockNumber()).to.equal(block)
    expect(await readdir(directory)).to.deep.equal(['31337.json'])
  })

  it('what it deployed verifies proofs', async () => {
    const { record } = await deployAll(hre, { models: [shared, generated], directory })
    const signer = await ethers.provider.getSigner(0)
    const verifier = InferenceVerifier__factory.connect(record.contracts.InferenceVerifier.address, signer)
    const { prove } = await loadFixture(createWorld)
    for (const { modelId } of Object.values(record.models)) {
      const s = prove({ modelId: BigInt(modelId), caller: signer.address })
      await verifier.verifyInference(modelId, s.inputCommitment, s.output, s.proof)
    }
  })

  it('adds a model to an earlier deployment, and finishes one that stopped half way', async () => {
    const first = await deployAll(hre, { models: [shared], directory })
    const second = await deployAll(hre, { models: [shared, generated], directory })
    expect(second.record.contracts).to.deep.equal(first.record.contracts)
    expect(Object.keys(second.record.models)).to.deep.equal(['shared-model', 'generated-model'])
    const { record } = second
    await writeJson(join(directory, '31337.json'), { ...record, models: {} })
    const third = await deployAll(hre, { models: [shared, generated], directory })
    expect(third.record).to.deep.equal(record)
  })

  it('starts anew on a development chain that was started anew, or on request', async () => {
    const { record } = await deployAll(hre, { models: [shared], directory })
    await reset()
    const fresh = await deployAll(hre, { models: [shared], directory })
    expect(fresh.record).to.deep.equal(record)
    const config = { allowDev: true }
    const other = await deployAll(hre, { models: [shared], directory, config, reset: true })
    expect(other.record.contracts.ModelRegistry.address).not.to.equal(record.contracts.ModelRegistry.address)
    expect(other.record.contracts.VerifyingKeyStore).to.deep.equal(record.contracts.VerifyingKeyStore)
    expect(other.created).not.to.include('VerifyingKeyStore')
  })

  it('refuses a record that the chain or the sources contradict', async () => {
    const { record } = await deployAll(hre, { models: [], directory })
    const file = join(directory, '31337.json')
    for (const change of [{ codeHash: id('x') }, { initCodeHash: id('x') }]) {
      const ModelRegistry = { ...record.contracts.ModelRegistry, ...change }
      await writeJson(file, { ...record, contracts: { ...record.contracts, ModelRegistry } })
      await refuses(deployAll(hre, { models: [], directory }), DeploymentChangedError)
    }
    await writeJson(file, record)
    await refuses(deployAll(hre, { models: [], directory, config: { allowDev: true } }), DeploymentChangedError)
    await writeFile(file, '{')
    await refuses(deployAll(hre, { models: [], directory }), DeploymentFileError)
    await writeJson(file, { ...record, chainId: 5 })
    await refuses(deployAll(hre, { models: [], directory }), DeploymentFileError)
  })

  it('refuses a model whose key does not fit its schema', async () => {
    const models = [{ ...shared, verifyingKey: trapdoorKey(3).vk }]
    await refuses(deployAll(hre, { models, directory }), RegistrationError)
    expect(await ethers.provider.getBlockNumber(), 'refused before anything is paid').to.equal(0)
    expect(await readdir(directory)).to.deep.equal([])
  })

  it('keeps what a failed run did', async () => {
    // The chain finds fault with this one, after the others are registered.
    const broken = { ...shared, name: 'broken', uri: 'x'.repeat(2000), modelHash: id('broken') }
    const outcome = await deployAll(hre, { models: [generated, broken, shared], directory }).catch(String)
    expect(outcome).to.match(/UriTooLong/)
    const partial = await readDeployment(directory, 31337)
    expect(Object.keys(partial?.models ?? {})).to.deep.equal(['generated-model'])
    const { record } = await deployAll(hre, { models: [generated, shared], directory })
    expect(record.contracts).to.deep.equal(partial?.contracts)
    expect(record.verifiers).to.deep.equal(partial?.verifiers)
    expect(record.models['generated-model']).to.deep.equal(partial?.models['generated-model'])
  })

  it('recognises a model that was appended to another one', async () => {
    const { record } = await deployAll(hre, { models: [shared], directory })
    const first = record.models['shared-model']
    if (first === undefined) throw new Error('not registered')
    const { circuitHash, vkHash, uri } = first
    const next = { modelHash: id('v2'), circuitHash, vkHash, proofSystemId: PROOF_SYSTEM_GROTH16, uri }
    const signer = await ethers.provider.getSigner(0)
    const registry = ModelRegistry__factory.connect(record.contracts.ModelRegistry.address, signer)
    const receipt = await (await registry.updateModel(first.modelId, next)).wait()
    const second = await deployAll(hre, { models: [{ ...shared, name: 'v2', modelHash: id('v2') }], directory })
    expect(second.record.models['v2']?.modelId).to.equal((await registry.modelAt(first.modelId, 2)).toString())
    expect(second.record.models['v2']?.block).to.equal(receipt?.blockNumber)
    expect(await ethers.provider.getBlockNumber()).to.equal(receipt?.blockNumber)
  })

  it('does not replace the record of another publisher', async () => {
    const { record } = await deployAll(hre, { models: [shared], directory })
    const block = await ethers.provider.getBlockNumber()
    const signer = await ethers.provider.getSigner(1)
    await refuses(deployAll(hre, { models: [generated, shared], directory, signer }), RegistrationError)
    expect(await readDeployment(directory, 31337)).to.deep.equal(record)
    expect(await ethers.provider.getBlockNumber()).to.equal(block)
    const { record: both } = await deployAll(hre, { models: [generated], directory, signer })
    expect(both.models['shared-model']).to.deep.equal(record.models['shared-model'])
    expect(both.models['generated-model']?.publisher).to.equal(signer.address)
  })

  it('skips one-party setups on a public chain, or serves them by the shared verifier when they are allowed', async () => {
    const publicHre = await otherEnvironment(5)
    const ceremony = { ...generated, name: 'ceremony-model', setupHash: id('ceremony') }
    const models = [shared, { ...generated, verifierContract: 'TrapdoorDevVerifier' }, ceremony]
    const strict = await deployAll(publicHre, { models, directory, config: PUBLIC })
    expect(strict.skipped).to.deep.equal(['shared-model', 'generated-model'])
    expect(Object.keys(strict.record.models)).to.deep.equal(['ceremony-model'])

    const { record, skipped } = await deployAll(publicHre, {
      models,
      directory,
      config: { ...PUBLIC, allowDev: true },
      reset: true,
    })
    expect(skipped).to.deep.equal([])
    expect(Object.keys(record.verifiers)).to.deep.equal(['TrapdoorVerifier'])
    expect(record.models['generated-model']?.verifier).to.equal(record.contracts.Groth16Verifier.address)
    expect(record.models['ceremony-model']?.verifier).to.equal(record.verifiers['TrapdoorVerifier']?.address)
    const signer = await publicHre.ethers.provider.getSigner(0)
    const verifier = InferenceVerifier__factory.connect(record.contracts.InferenceVerifier.address, signer)
    const { prove } = await loadFixture(createWorld)
    for (const { modelId } of Object.values(record.models)) {
      const s = prove({ modelId: BigInt(modelId), caller: signer.address, chainId: 5n })
      await verifier.verifyInference(modelId, s.inputCommitment, s.output, s.proof)
    }
  })

  it('finishes what a stranger began', async () => {
    const { record } = await deployAll(hre, { models: [], directory })
    const stranger = await ethers.provider.getSigner(1)
    const elsewhere = await mkdtemp(join(tmpdir(), 'zkml-deploy-'))
    await writeJson(join(elsewhere, '31337.json'), record)
    const theirs = await deployAll(hre, { models: [shared, generated], directory: elsewhere, signer: stranger })
    const ours = await deployAll(hre, { models: [shared, generated], directory })
    await rm(elsewhere, { recursive: true })
    expect(ours.record.models['shared-model']?.modelId).not.to.equal(theirs.record.models['shared-model']?.modelId)
    const registry = ModelRegistry__factory.connect(record.contracts.ModelRegistry.address, ethers.provider)
    const { owner } = await registry.getModel(ours.record.models['generated-model']?.modelId ?? 0)
    expect(owner).to.equal((await ethers.provider.getSigner(0)).address)
  })

  it('the schema names what records hold', async () => {
    type Schema = { required: string[]; definitions: Record<string, { required: string[] }> }
    const text = await readFile(join(hre.config.paths.root, 'deployments', 'schema.json'), 'utf8')
    const schema = JSON.parse(text) as Schema
    const { record } = await deployAll(hre, { models: [generated], directory })
    expect(Object.keys(record)).to.have.members(schema.required)
    expect(Object.keys(record.contracts.ModelRegistry)).to.have.members(schema.definitions['contract']?.required ?? [])
    expect(Object.keys(record.models['generated-model'] ?? {})).to.have.members(
      schema.definitions['model']?.required ?? [],
    )
  })

  it('reads registrations and says what is wrong with them', async () => {
    await writeJson(join(directory, 'b', 'registration.json'), formatRegistration(generated))
    await writeJson(join(directory, 'a', 'registration.json'), formatRegistration(shared))
    await writeJson(join(directory, 'c', 'recipe.json'), {})
    expect(await readRegistrations(directory)).to.deep.equal([shared, generated])
    expect(await readRegistrations(join(directory, 'none'))).to.deep.equal([])
    const good = formatRegistration(shared) as Record<string, unknown>
    for (const change of [
      { name: 1 },
      { modelHash: '0x12' },
      { weightsCommitment: 'x' },
      { verifyingKey: '0x1' },
      { ioSchema: [] },
      { ioSchema: { outputs: {}, inputs: [], weightsCommitted: false } },
      {
        ioSchema: {
          outputs: [{ ...CLASSIFIER.outputs[0], lo: '0', visibility: 'x' }],
          inputs: [],
          weightsCommitted: false,
        },
      },
      { ioSchema: { outputs: [], inputs: [], weightsCommitted: 1 } },
      {
        ioSchema: {
          outputs: [{ ...CLASSIFIER.outputs[0], lo: '0', shape: [0.5] }],
          inputs: [],
          weightsCommitted: false,
        },
      },
    ]) {
      expect(() => parseRegistration(new JsonReader('x.json', { ...good, ...change }))).to.throw(DeploymentFileError)
    }
  })
})
