// SPDX-License-Identifier: GPL-3.0-or-later

import {
  Groth16Verifier__factory,
  InferenceVerifier__factory,
  ModelRegistry__factory,
  VerifyingKeyStore__factory,
} from '@zkml/contracts/typechain'
import VERIFIER_ABI from '@zkml/contracts/abi/InferenceVerifier.json'
import { expect } from 'chai'
import { ZeroAddress } from 'ethers'
import { ethers } from 'hardhat'
import model from './model.json'

/** model.json has a model with its key, and a proof of one inference bound to the sixth contract of the first account. */
describe('Badge, against the real verifier', () => {
  it('takes a real proof, and no other output with it', async () => {
    const [owner] = await ethers.getSigners()
    await ethers.provider.send('hardhat_reset', [])
    const store = await new VerifyingKeyStore__factory(owner).deploy()
    const shared = await new Groth16Verifier__factory(owner).deploy(store)
    const registry = await new ModelRegistry__factory(owner).deploy(store, false)
    const verifier = await new InferenceVerifier__factory(owner).deploy(registry, shared)
    const { modelHash, proofSystemId, uri, key, manifest, statement } = model
    await registry.publishModel(modelHash, proofSystemId, uri, key, manifest, ZeroAddress)
    const badge = await ethers.deployContract('Badge', [verifier, model.modelId])
    expect(await badge.getAddress()).to.equal(model.caller)

    const { inputCommitment, output, proof } = statement
    const wrong = output.slice(0, -1) + (output.endsWith('0') ? '1' : '0')
    const viaAbi = new ethers.Contract(await verifier.getAddress(), VERIFIER_ABI, owner)
    await expect(badge.submit(inputCommitment, wrong, proof)).to.be.revertedWithCustomError(viaAbi, 'InvalidProof')
    await badge.submit(inputCommitment, output, proof)
    expect(await badge.classOf(owner!)).to.equal(3)
  })
})
