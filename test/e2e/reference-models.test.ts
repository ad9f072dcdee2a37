// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hre, { ethers } from 'hardhat'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import { modelFolder } from '../../scripts/bundled'
import { deployAll } from '../../scripts/deploy/deploy-all'
import { InferenceVerifier__factory } from '../../typechain-types'
import { bundledRegistration, proveBundled, type ReferenceModelName } from '../support/reference-models'

const NAMES = ['fee-mlp', 'sprite-decoder', 'reputation-score'] as const satisfies readonly ReferenceModelName[]
const REQUEST = `0x${'7e'.repeat(32)}`

async function deployed() {
  const directory = mkdtempSync(join(tmpdir(), 'zkml-reference-'))
  const { record } = await deployAll(hre, { models: NAMES.map(bundledRegistration), directory, reset: true })
  rmSync(directory, { recursive: true, force: true })
  const [caller, stranger] = await ethers.getSigners()
  const verifier = InferenceVerifier__factory.connect(record.contracts.InferenceVerifier.address, caller)
  const modelIds = new Map(Object.entries(record.models).map(([name, { modelId }]) => [name, BigInt(modelId)]))
  return { verifier, modelIds, caller: caller!, stranger: stranger! }
}

/** Inputs packed, and outputs unpacked, as the models' cards say it, without the library. */
const CARDS: Readonly<
  Record<
    (typeof NAMES)[number],
    { word: (inputs: readonly number[]) => bigint; values: (words: readonly bigint[]) => number[] }
  >
> = {
  'fee-mlp': {
    word: (inputs) => inputs.reduce((word, value, i) => word + (BigInt(value + 1024) << BigInt(11 * i)), 0n),
    values: (words) => words.map(Number),
  },
  'sprite-decoder': {
    word: (inputs) => inputs.reduce((word, value, i) => word + (BigInt(value) << BigInt(4 * i)), 0n),
    values: (words) =>
      Array.from({ length: 256 }, (_, p) => Number((words[Math.floor(p / 63)]! >> BigInt(4 * (p % 63))) & 15n)),
  },
  'reputation-score': {
    word: (inputs) => inputs.reduce((word, value, i) => word + (BigInt(value) << BigInt(10 * i)), 0n),
    values: (words) => words.map(Number),
  },
}

for (const name of NAMES) {
  describe(`${name}, proved for the shared verifier`, () => {
    let lease: SnarkjsLease
    before(async () => {
      lease = await leaseSnarkjs()
    })
    after(() => lease.release())

    it('verifies for the bound caller only, in the encoding of its card', async () => {
      const { verifier, modelIds, caller, stranger } = await loadFixture(deployed)
      const modelId = modelIds.get(name)!
      const text = readFileSync(join(modelFolder(name), 'samples.json'), 'utf8')
      const inputs = (JSON.parse(text) as { input_data: number[][] }).input_data[0]!
      const context = { chainId: 31337n, caller: caller.address, requestId: REQUEST, modelId, prover: caller.address }
      const proved = await proveBundled(name, inputs, context)
      expect(proved.inputWords).to.deep.equal([CARDS[name].word(inputs)])
      expect(CARDS[name].values(proved.outputWords)).to.deep.equal(proved.values)

      const { inputCommitment, output, proof } = proved
      await expect(verifier.verifyInference(modelId, inputCommitment, output, proof))
        .to.emit(verifier, 'InferenceVerified')
        .withArgs(modelId, inputCommitment, output, caller.address)
      await expect(verifier.connect(stranger).verifyInference(modelId, inputCommitment, output, proof)).to.be.reverted
      const other = modelIds.get(NAMES[(NAMES.indexOf(name) + 1) % NAMES.length]!)!
      await expect(verifier.verifyInference(other, inputCommitment, output, proof)).to.be.reverted
      const forged = output.slice(0, -1) + (output.endsWith('0') ? '1' : '0')
      await expect(verifier.verifyInference(modelId, inputCommitment, forged, proof)).to.be.reverted
    })
  })
}
