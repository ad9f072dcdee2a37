// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id } from 'ethers'
import { TrapdoorVerifier__factory } from '../../typechain-types'
import { createWorld } from '../support/world'

async function twoModels() {
  const world = await createWorld()
  const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
  const sharedId = await world.register()
  const generatedId = await world.register({ verifier: await generated.getAddress() })
  return { ...world, generated, sharedId, generatedId }
}

describe('InferenceVerifier', () => {
  for (const kind of ['shared', 'generated'] as const) {
    describe(`with the ${kind} verifier`, () => {
      async function setUp() {
        const world = await loadFixture(twoModels)
        const modelId = kind === 'shared' ? world.sharedId : world.generatedId
        const statement = world.prove({ modelId, caller: world.prover.address })
        return { ...world, modelId, statement }
      }

      it('accepts a proof and emits', async () => {
        const { verifier, prover, modelId, statement } = await setUp()
        const tx = verifier
          .connect(prover)
          .verifyInference(modelId, statement.inputCommitment, statement.output, statement.proof)
        await expect(tx)
          .to.emit(verifier, 'InferenceVerified')
          .withArgs(modelId, statement.inputCommitment, statement.output, prover.address)
        const receipt = await (await tx).wait()
        console.log(kind, receipt?.gasUsed)
        void id
      })
    })
  }
})
