// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hre, { ethers } from 'hardhat'
import { DEV_SETUP_HASH } from '../../prover/encodings'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import {
  artefactPaths,
  commitWeightSet,
  compileModel,
  compileReport,
  inferenceCall,
  loadModel,
  proveInference,
  readModelFile,
  readVerifyingKey,
  saveModel,
  setupModel,
} from '../../prover/pipeline'
import { deployAll } from '../../scripts/deploy/deploy-all'
import type { ModelRegistration } from '../../scripts/deploy/registration'
import { InferenceVerifier__factory, type InferenceVerifier } from '../../typechain-types'
import { tinyModel } from '../cli/fixture'
import { buildModel } from '../support/onnx-builder'

const SAMPLE = [Float64Array.of(0.5, -0.25, 0.75, -0.5)]
const NAMES = ['first', 'second'] as const
const RANGE = { range: [-1, 1] } as const

/** What is registered of a folder. */
function registrationOf(folder: string): ModelRegistration {
  const paths = artefactPaths(folder)
  const { name, modelHash, r1csHash, recipeHash, schema, weightsCommitment } = readModelFile(paths)
  return {
    ...{ name, modelHash, r1csHash, recipeHash, setupHash: DEV_SETUP_HASH, ioSchema: schema, uri: '' },
    weightsCommitment: BigInt(weightsCommitment!),
    verifyingKey: readVerifyingKey(paths),
  }
}

describe('two sets of private weights, one setup, on chain', function () {
  this.timeout(120_000)
  let root: string
  let lease: SnarkjsLease
  let verifier: InferenceVerifier
  let prover: string
  let ids: Readonly<Record<string, bigint>>
  let keys: readonly string[]

  before(async () => {
    lease = await leaseSnarkjs()
    root = mkdtempSync(join(tmpdir(), 'zkml-e2e-weights-'))
    const [first, second] = NAMES.map((name) => join(root, name)) as [string, string]
    const inputs = { x: { ...RANGE, bits: 8 }, w1: RANGE, b1: RANGE, w2: RANGE, b2: RANGE }
    const model = await compileModel(buildModel(tinyModel(1)), { inputs, weights: 'private' })
    await saveModel(first, 'first', model, compileReport(model))
    await setupModel(first, { dev: true })
    await commitWeightSet(first, buildModel(tinyModel(20)), second, 'second')

    const models = [first, second].map(registrationOf)
    const { record } = await deployAll(hre, { models, directory: join(root, 'deployments'), reset: true })
    const [publisher] = await ethers.getSigners()
    prover = publisher!.address
    verifier = InferenceVerifier__factory.connect(record.contracts.InferenceVerifier.address, publisher)
    ids = Object.fromEntries(NAMES.map((name) => [name, BigInt(record.models[name]!.modelId)]))
    keys = NAMES.map((name) => record.models[name]!.vkHash)
  })
  after(async () => {
    await lease.release()
    rmSync(root, { recursive: true, force: true })
  })

  it('are two entries of the registry under one key', () => {
    expect(ids.first).to.not.equal(ids.second)
    expect(keys[0]).to.equal(keys[1])
  })

  it('are verified each with its own weights, and never in the name of the other', async () => {
    for (const [name, other] of [NAMES, [...NAMES].reverse()] as [string, string][]) {
      const model = await loadModel(join(root, name))
      const call = async (modelId: bigint) => {
        const context = { chainId: 31337n, caller: prover, requestId: `0x${'5a'.repeat(32)}`, modelId, prover }
        return inferenceCall(model.circuit.schema, await proveInference(model, { sample: SAMPLE, context }))
      }
      const own = await call(ids[name]!)
      await expect(verifier.verifyInference(ids[name]!, own.inputCommitment, own.output, own.proof)).to.emit(
        verifier,
        'InferenceVerified',
      )
      // Not as it is, and not when it was made for the other model: the chain puts that one's commitment in.
      const posing = await call(ids[other]!)
      for (const { inputCommitment, output, proof } of [own, posing])
        await expect(
          verifier.verifyInference(ids[other]!, inputCommitment, output, proof),
        ).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    }
  })
})
