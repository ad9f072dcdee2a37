// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { concat, Contract, ContractFactory, getBytes, id, keccak256, toBeHex, ZeroAddress, ZeroHash } from 'ethers'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { ethers } from 'hardhat'

import { SCALAR_FIELD } from '../../prover/binfile'
import { circuitHash, decodeProofBlob, encodeProofBlob, modelId, toSolidityIoSchema } from '../../prover/encodings'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import {
  artefactPaths,
  inferenceCall,
  loadModel,
  openProver,
  type InferenceCall,
  type LoadedModel,
  type ModelProver,
} from '../../prover/pipeline'
import {
  generateUniversalVerifier,
  proofSystemId,
  UNIVERSAL_SYSTEMS,
  type UniversalProof,
  type UniversalSystem,
} from '../../prover/universal'
import {
  IProofVerifier__factory,
  type IProofVerifier,
  type InferenceVerifier,
  type ModelRegistry,
  VerifyingKeyStore__factory,
} from '../../typechain-types'
import { describeUninstrumented } from '../support/coverage'
import { otherChain } from '../support/public-chain'
import { deployCore } from '../support/world'
import { compileVerifier } from './compile-verifier'
import { INPUTS, universalModel, type UniversalModel } from './fixture'

const REQUEST = id('request')
const NAME = 'ArgmaxVerifier'

const bytesOf = (words: readonly bigint[]): string => concat(words.map((word) => toBeHex(word, 32)))

describeUninstrumented('universal: on chain', function () {
  this.timeout(60_000)
  let lease: SnarkjsLease
  let model: UniversalModel
  let owner: HardhatEthersSigner
  let stranger: HardhatEthersSigner
  let registry: ModelRegistry
  let inference: InferenceVerifier

  before(async () => {
    lease = await leaseSnarkjs()
    model = await universalModel()
    ;[owner, stranger] = (await ethers.getSigners()) as [HardhatEthersSigner, HardhatEthersSigner]
    const core = await deployCore(owner)
    registry = core.registry
    inference = core.verifier
  })
  after(() => lease.release())

  const generate = (system: UniversalSystem, dev = true): Promise<string> =>
    generateUniversalVerifier({
      contractName: NAME,
      modelName: 'argmax',
      zkey: artefactPaths(model.of(system)).zkey,
      dev,
    })

  async function deploy(source: string, signer = owner): Promise<IProofVerifier> {
    const { bytecode } = compileVerifier(source, NAME)
    const contract = await new ContractFactory(IProofVerifier__factory.abi, bytecode, signer).deploy()
    return IProofVerifier__factory.connect(await contract.getAddress(), signer)
  }

  for (const system of UNIVERSAL_SYSTEMS) {
    describe(system, () => {
      let loaded: LoadedModel
      let prover: ModelProver
      let source: string
      let verifier: IProofVerifier
      let words: readonly bigint[]
      let signals: bigint[]
      let vkHash: string

      before(async () => {
        loaded = await loadModel(model.of(system))
        prover = await openProver(loaded)
        source = await generate(system)
        verifier = await deploy(source)
        const proven = await prover.prove({ inputs: INPUTS, context: null })
        words = (proven.proof as UniversalProof).words
        signals = [...proven.publicSignals]
        vkHash = proven.vkHash
      })

      const replaced = (index: number, value: bigint): string =>
        bytesOf(words.map((word, at) => (at === index ? value : word)))

      it('answers as IProofVerifier, and accepts a real proof', async () => {
        expect(await verifier.proofSystemId()).to.equal(proofSystemId(system))
        const interfaceId = ['verify', 'proofSystemId'].reduce(
          (sum, name) => sum ^ BigInt(verifier.interface.getFunction(name as 'verify').selector),
          0n,
        )
        for (const known of [toBeHex(interfaceId, 4), '0x01ffc9a7'])
          expect(await verifier.supportsInterface(known)).to.equal(true)
        expect(await verifier.supportsInterface('0xffffffff')).to.equal(false)
        expect(await verifier.verify(vkHash, signals, bytesOf(words))).to.equal(true)
      })

      it('rejects other statements and changed proofs', async () => {
        for (const index of signals.keys()) {
          const changed = signals.map((value, at) => (at === index ? (value + 1n) % SCALAR_FIELD : value))
          expect(await verifier.verify(vkHash, changed, bytesOf(words)), `signal ${index}`).to.equal(false)
        }
        for (const [index, word] of words.entries()) {
          for (const value of [word + 1n, word + SCALAR_FIELD, 0n, (1n << 256n) - 1n])
            expect(await verifier.verify(vkHash, signals, replaced(index, value)), `word ${index}`).to.equal(false)
        }
        expect(await verifier.verify(vkHash, signals, bytesOf(words.map(() => 0n)))).to.equal(false)
      })

      it('refuses aliases, another key, and wrong lengths', async () => {
        const bytes = bytesOf(words)
        for (const index of signals.keys()) {
          const value = signals[index]! + SCALAR_FIELD
          const aliased = signals.map((signal, at) => (at === index ? value : signal))
          await expect(verifier.verify(vkHash, aliased, bytes))
            .to.be.revertedWithCustomError(verifier, 'SignalNotInField')
            .withArgs(index, value)
        }
        await expect(verifier.verify(id('other'), signals, bytes))
          .to.be.revertedWithCustomError(verifier, 'UnknownVerifyingKey')
          .withArgs(id('other'))
        for (const wrong of [[], signals.slice(1), [...signals, 0n]])
          await expect(verifier.verify(vkHash, wrong, bytes)).to.be.revertedWithCustomError(
            verifier,
            'WrongSignalCount',
          )
        for (const wrong of ['0x', bytes.slice(0, -2), `${bytes}00`, bytes.slice(0, 2 + 512)])
          await expect(verifier.verify(vkHash, signals, wrong)).to.be.revertedWithCustomError(
            verifier,
            'WrongProofLength',
          )
      })

      it('never says false for lack of gas, and costs what the adapter allows', async () => {
        const { data } = await verifier.verify.populateTransaction(vkHash, signals, bytesOf(words))
        const to = await verifier.getAddress()
        const answers = new Set<string>()
        for (let gasLimit = 40_000; gasLimit < 600_000; gasLimit += 20_000) {
          const answer = await ethers.provider.call({ to, data, gasLimit }).catch(() => 'reverted')
          answers.add(answer)
        }
        expect([...answers].sort()).to.deep.equal([toBeHex(1, 32), 'reverted'])
        const receipt = await (await owner.sendTransaction({ to, data, gasLimit: 5_000_000 })).wait()
        const allowed = Number(/CHECK_GAS = (\d+);/.exec(source)![1])
        const spent = Number(receipt!.gasUsed) - 21_000 - dataGas(data)
        expect(spent * 1.35, `${spent} of ${allowed}`).to.be.below(allowed)
        expect(spent * 1.75, `${spent} of ${allowed}`).to.be.above(allowed)
      })

      // Precompiles cannot be taken away from Hardhat, so the calls are pointed at accounts without code.
      if (system === 'plonk') {
        for (const precompile of [6, 7, 8]) {
          it(`verifies nothing on a chain without precompile ${precompile}`, async () => {
            const without = source.replaceAll(`, ${precompile}, `, `, 0xf${precompile}, `)
            expect(without.split(`0xf${precompile}`).length).to.be.greaterThan(2)
            const lacking = await deploy(without)
            await expect(lacking.verify(vkHash, signals, bytesOf(words))).to.be.revertedWithCustomError(
              lacking,
              'InsufficientGas',
            )
          })
        }
      }

      it('lets nobody ask the template by itself', async () => {
        const signature = `verifyProof(${system === 'plonk' ? 'uint256' : 'bytes32'}[24],uint256[${signals.length}])`
        const data = concat([id(signature).slice(0, 10), bytesOf(words), bytesOf(signals)])
        const core = new Contract(await verifier.getAddress(), ['error OnlyItself(address caller)'], owner)
        await expect(owner.call({ to: await verifier.getAddress(), data }))
          .to.be.revertedWithCustomError(core, 'OnlyItself')
          .withArgs(owner.address)
      })

      it('of powers of tau of unknown origin reverts on a public chain', async () => {
        const dev = await deploy(source, await otherChain(5))
        await expect(dev.verify(vkHash, signals, bytesOf(words)))
          .to.be.revertedWithCustomError(dev, 'DevKeyOnPublicChain')
          .withArgs(5)
        expect(await generate(system, false)).not.to.include('DevKeyOnPublicChain')
      })

      it('serves a registered model: verifyInference accepts a bound proof and nothing else', async () => {
        const address = await verifier.getAddress()
        const { file } = loaded
        const manifest = {
          r1csHash: file.r1csHash,
          recipeHash: file.recipeHash,
          setupHash: ZeroHash,
          weightsCommitment: 0n,
          verifierCodeHash: keccak256(await ethers.provider.getCode(address)),
        }
        const commitment = {
          modelHash: file.modelHash,
          circuitHash: circuitHash({ ...manifest, ioSchemaHash: file.ioSchemaHash }),
          vkHash,
          proofSystemId: proofSystemId(system),
          uri: '',
        }
        await registry.publishManifest({ ...manifest, ioSchema: toSolidityIoSchema(file.schema) }, address)
        await registry.registerModel(commitment)
        const shared = { ...manifest, verifierCodeHash: ZeroHash }
        await registry.publishManifest({ ...shared, ioSchema: toSolidityIoSchema(file.schema) }, ZeroAddress)
        const keyless = { ...commitment, circuitHash: circuitHash({ ...shared, ioSchemaHash: file.ioSchemaHash }) }
        const noKey = VerifyingKeyStore__factory.connect(ZeroAddress)
        await expect(registry.registerModel(keyless)).to.be.revertedWithCustomError(noKey, 'VerifyingKeyNotFound')
        const theModel = modelId({ ...commitment, publisher: owner.address })
        const signalsGas = 10_000n * BigInt(signals.length)
        expect(await inference.verifierGasCap(theModel)).to.equal(450_000n + signalsGas)

        const context = {
          chainId: 31337n,
          caller: owner.address,
          requestId: REQUEST,
          modelId: theModel,
          prover: stranger.address,
        }
        const call = inferenceCall(file.schema, await prover.prove({ inputs: INPUTS, context }))
        const verify = ({ inputCommitment, output, proof }: InferenceCall, by = owner) =>
          inference.connect(by).verifyInference(theModel, inputCommitment, output, proof)
        await expect(verify(call))
          .to.emit(inference, 'InferenceVerified')
          .withArgs(theModel, call.inputCommitment, call.output, owner.address)

        const blob = decodeProofBlob(call.proof)
        const other = { ...blob, points: blob.points.map((word, i) => (i === 20 ? word + 1n : word)) }
        const forgeries: [InferenceCall, HardhatEthersSigner][] = [
          [call, stranger],
          [{ ...call, output: toBeHex(BigInt(call.output) ^ 1n, 32) }, owner],
          [{ ...call, proof: encodeProofBlob(other) }, owner],
          [{ ...call, proof: encodeProofBlob({ ...blob, prover: owner.address }) }, owner],
          [{ ...call, proof: encodeProofBlob({ ...blob, points: blob.points.slice(0, 8) }) }, owner],
        ]
        for (const [forged, by] of forgeries)
          await expect(verify(forged, by)).to.be.revertedWithCustomError(inference, 'InvalidProof')
        await expect(inference.verifyInferenceBatch(theModel, [call])).to.be.revertedWithCustomError(
          inference,
          'BatchNotSupported',
        )
        const portable = inferenceCall(file.schema, await prover.prove({ inputs: INPUTS, context: null }))
        expect(decodeProofBlob(portable.proof).prover).to.equal(ZeroAddress)
        await inference.checkInferencePortable(theModel, portable.inputCommitment, portable.output, portable.proof)
      })
    })
  }
})

/** What calldata costs before anything runs. */
function dataGas(data: string): number {
  return getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0)
}
