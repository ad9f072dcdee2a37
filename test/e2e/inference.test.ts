// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hre, { ethers } from 'hardhat'
import * as snarkjs from 'snarkjs'
import { SCALAR_FIELD } from '../../prover/binfile'
import { encodeOutput, type ProofContext } from '../../prover/encodings'
import { leaseSnarkjs, toSnarkjsProof, type Groth16Proof, type SnarkjsLease } from '../../prover/groth16'
import { inferenceCall, loadModel, proveInference, type LoadedModel, type ProvedInference } from '../../prover/pipeline'
import { argmax, parseSamples, type SampleSet } from '../../prover/quantize'
import { buildBundled, buildFolder, compileBundled } from '../../scripts/bundle'
import { BUNDLED } from '../../scripts/bundled'
import { deployAll } from '../../scripts/deploy/deploy-all'
import { readRegistrations } from '../../scripts/deploy/registration'
import { ClassGate__factory, InferenceVerifier__factory } from '../../typechain-types'

const GAS_BAR = 280_000n
const REQUEST = `0x${'5a'.repeat(32)}`

/** Deploys everything and a consumer for each model, as `npx hardhat deploy` does. */
async function deployed() {
  const directory = mkdtempSync(join(tmpdir(), 'zkml-e2e-'))
  const models = await readRegistrations(join(__dirname, '..', '..', 'models'))
  const { record } = await deployAll(hre, { models, directory, reset: true })
  rmSync(directory, { recursive: true, force: true })
  const [publisher, stranger] = await ethers.getSigners()
  const verifier = InferenceVerifier__factory.connect(record.contracts.InferenceVerifier.address, publisher)
  const modelIds = new Map(Object.entries(record.models).map(([name, { modelId }]) => [name, BigInt(modelId)]))
  const gate = async (name: string) =>
    new ClassGate__factory(publisher!).deploy(await verifier.getAddress(), modelIds.get(name)!, 0, 0)
  const gates = { 'breast-cancer': await gate('breast-cancer'), 'mnist-cnn': await gate('mnist-cnn') }
  return { verifier, modelIds, gates, publisher: publisher!, stranger: stranger! }
}

for (const name of ['breast-cancer', 'mnist-cnn'] as const) {
  describe(`${name}, from an ONNX file to a verified inference on chain`, () => {
    const bundled = BUNDLED.find((candidate) => candidate.name === name)!
    let model: LoadedModel
    let heldOut: SampleSet
    let lease: SnarkjsLease

    before(async () => {
      lease = await leaseSnarkjs()
      if (!existsSync(join(buildFolder(name), 'key.json'))) await buildBundled(bundled, await compileBundled(bundled))
      model = await loadModel(buildFolder(name))
      heldOut = parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut)
    })

    after(() => lease.release())

    async function prove(sample: number, context: ProofContext | null): Promise<ProvedInference> {
      return proveInference(model, { sample: heldOut.samples[sample]!, context })
    }

    it('verifies for the bound caller, within the gas bar, and for nobody and nothing else', async () => {
      const { verifier, modelIds, publisher, stranger } = await loadFixture(deployed)
      const modelId = modelIds.get(name)!
      const prover = publisher.address
      const proved = await prove(0, { chainId: 31337n, caller: prover, requestId: REQUEST, modelId, prover })
      const { inputCommitment, output, proof } = inferenceCall(model.circuit.schema, proved)

      const transaction = await verifier.verifyInference(modelId, inputCommitment, output, proof)
      await expect(transaction)
        .to.emit(verifier, 'InferenceVerified')
        .withArgs(modelId, inputCommitment, output, prover)
      expect((await transaction.wait())!.gasUsed).to.be.at.most(GAS_BAR)
      await verifier.checkInference(modelId, inputCommitment, output, proof, prover)

      const refused = (call: Promise<unknown>) => expect(call).to.be.reverted
      await refused(verifier.connect(stranger).verifyInference(modelId, inputCommitment, output, proof))
      await refused(verifier.checkInference(modelId, inputCommitment, output, proof, stranger.address))
      await refused(verifier.verifyInferencePortable(modelId, inputCommitment, output, proof))
      const other = modelIds.get(name === 'mnist-cnn' ? 'breast-cancer' : 'mnist-cnn')!
      await refused(verifier.verifyInference(other, inputCommitment, output, proof))
      const flipped = `0x${(BigInt(inputCommitment) ^ 1n).toString(16).padStart(64, '0')}`
      await refused(verifier.verifyInference(modelId, flipped, output, proof))
      const [first, ...rest] = proved.publicSignals.slice(0, model.circuit.r1cs.nPubOut)
      await refused(verifier.verifyInference(modelId, inputCommitment, encodeOutput([first! + 1n, ...rest]), proof))
      const alias = encodeOutput([first! + SCALAR_FIELD, ...rest])
      await refused(verifier.verifyInference(modelId, inputCommitment, alias, proof))
      for (const changed of [
        { ...proved.context!, prover: stranger.address },
        { ...proved.context!, requestId: `0x${'5b'.repeat(32)}` },
      ]) {
        const forged = inferenceCall(model.circuit.schema, { ...proved, context: changed })
        await refused(verifier.verifyInference(modelId, inputCommitment, output, forged.proof))
      }
    })

    it('changes the state of a consumer once', async () => {
      const { verifier, modelIds, gates, publisher } = await loadFixture(deployed)
      const gate = gates[name]
      const prover = publisher.address
      const caller = await gate.getAddress()
      const proved = await prove(1, {
        chainId: 31337n,
        caller,
        requestId: REQUEST,
        modelId: modelIds.get(name)!,
        prover,
      })
      const { inputCommitment, output, proof } = inferenceCall(model.circuit.schema, proved)
      const expected = argmax(proved.outputs[0]!.values!)

      await expect(gate.classify(inputCommitment, output, proof))
        .to.emit(gate, 'Classified')
        .withArgs(prover, expected, REQUEST, inputCommitment)
      expect((await gate.classificationOf(prover)).class_).to.equal(BigInt(expected))
      await expect(gate.classify(inputCommitment, output, proof)).to.be.revertedWithCustomError(gate, 'RequestUsed')
      await expect(verifier.verifyInference(modelIds.get(name)!, inputCommitment, output, proof)).to.be.reverted
    })

    it('makes a portable proof that snarkjs and the chain accept, as portable only', async () => {
      const { verifier, modelIds } = await loadFixture(deployed)
      const proved = await prove(2, null)
      const key: unknown = JSON.parse(readFileSync(model.paths.verificationKey, 'utf8'))
      const signals = proved.publicSignals.map(String)
      expect(
        await snarkjs.groth16.verify(key as never, signals, toSnarkjsProof(proved.proof as Groth16Proof)),
      ).to.equal(true)

      const { inputCommitment, output, proof } = inferenceCall(model.circuit.schema, proved)
      const modelId = modelIds.get(name)!
      await verifier.verifyInferencePortable(modelId, inputCommitment, output, proof)
      await expect(verifier.verifyInference(modelId, inputCommitment, output, proof)).to.be.reverted
    })
  })
}
