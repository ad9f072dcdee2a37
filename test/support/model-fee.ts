// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, parseEther, ZeroAddress, ZeroHash } from 'ethers'
import type { ProofContext } from '../../prover/encodings'
import type { InferenceCoordinator, ModelFee } from '../../typechain-types'
import type { Answer, TrapdoorModel } from './consumer-models'
import { openedRequest } from './consumers'
import { forge, malleate } from './malleate'
import type { World } from './world'

/** What tests of consumers with a proposed fee (`ModelFee`) share. */
export const FALLBACK = 3_000n
export const TTL = 6n * 3600n
export const PERIOD = 3600n
export const PRICE = parseEther('0.01')
export const TERMS = {
  token: ZeroAddress,
  minPrice: PRICE / 10n,
  maxPrice: PRICE,
  rampSeconds: 600n,
  lockSeconds: 300n,
  lifetime: 1800n,
  bond: PRICE,
  callbackGas: 100_000n,
}

/** A consumer, seen as what its fee comes from. */
export type FeeConsumer = {
  readonly fees: ModelFee
  readonly coordinator: InferenceCoordinator
  readonly keeper: HardhatEthersSigner
  closedHours(): Promise<readonly bigint[]>
}

export type FeeScene = World & FeeConsumer & { readonly modelId: bigint; readonly model: TrapdoorModel }

/** Asks for a fee, and pays what that takes. */
export async function update({ fees, keeper }: FeeConsumer) {
  return fees.connect(keeper).updateFee({ value: await fees.updateCost() })
}

/** A proof of some fee for the newest request. */
export async function answerTo(
  { coordinator, model, prover, closedHours }: FeeScene,
  fee: bigint,
  changes: Partial<ProofContext> & { inputs?: readonly bigint[] } = {},
) {
  const { request, id: requestId } = await openedRequest(coordinator)
  const { inputs = await closedHours(), ...other } = changes
  const caller = await coordinator.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: prover.address, ...other }
  return { request, requestId, ...model.prove(inputs, [fee], context) }
}

export async function setFee(scene: FeeScene, fee: bigint) {
  await update(scene)
  const { request, output, proof } = await answerTo(scene, fee)
  await scene.coordinator.connect(scene.prover).lock(request)
  return scene.coordinator.connect(scene.prover).fulfill(request, output, proof)
}

/** What every such consumer takes, once, and what it refuses. The fixture has enough closed hours to ask. */
export function itTakesOneAnswerOfItsOwnHours(deployReady: () => Promise<FeeScene>): void {
  it('takes one answer a snapshot, and one answered snapshot a period', async () => {
    const scene = await loadFixture(deployReady)
    const { fees, coordinator, prover, keeper } = scene
    await update(scene)
    const { takenAt, deadline } = await fees.newestSnapshot()
    await expect(fees.connect(keeper).updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(fees, 'SnapshotTooEarly')
      .withArgs(deadline + 1n)
    const first = await answerTo(scene, 1234n)
    await coordinator.connect(prover).lock(first.request)
    await coordinator.fulfill(first.request, first.output, first.proof)
    const other = await answerTo(scene, 4321n)
    for (const [output, proof] of [
      [first.output, first.proof],
      [first.output, malleate(first.proof)],
      [other.output, other.proof],
    ] as const) {
      await expect(coordinator.fulfill(first.request, output, proof))
        .to.be.revertedWithCustomError(coordinator, 'WrongState')
        .withArgs(first.requestId, 5)
    }
    await expect(fees.connect(keeper).updateFee({ value: PRICE }))
      .to.be.revertedWithCustomError(fees, 'SnapshotTooEarly')
      .withArgs(takenAt + PERIOD)
    expect(await fees.currentFee()).to.equal(1234)
    await time.increaseTo(takenAt + PERIOD)
    await update(scene)
  })

  it('takes no proof that is wrong, stale, of other hours, or made for anything else', async () => {
    const scene = await loadFixture(deployReady)
    const { fees, coordinator, prover, stranger, routed } = scene
    await update(scene)
    const stale = await answerTo(scene, 1111n)
    await time.increaseTo(stale.request.deadline + 1n)
    await coordinator.refund(stale.request)
    await update(scene)
    const late = coordinator.connect(prover).fulfill(stale.request, stale.output, stale.proof)
    await expect(late).to.be.revertedWithCustomError(coordinator, 'WrongState').withArgs(stale.requestId, 7)
    const good = await answerTo(scene, 1234n)
    await coordinator.connect(prover).lock(good.request)
    const refused = async (answer: Answer, error: string) =>
      expect(coordinator.fulfill(good.request, answer.output, answer.proof)).to.be.revertedWithCustomError(
        error === 'InvalidProof' ? routed : coordinator,
        error,
      )
    await expect(coordinator.fulfill(good.request, good.output, forge(good.proof))).to.be.reverted
    await refused({ ...good, output: (await answerTo(scene, 1235n)).output }, 'InvalidProof')
    for (const digit of [0, 2]) {
      const shaped = [...(await scene.closedHours())]
      shaped[digit] = shaped[digit]! + 1n
      const other = await answerTo(scene, 1234n, { inputs: shaped })
      await expect(coordinator.fulfill(good.request, good.output, other.proof)).to.be.reverted
    }
    await refused(await answerTo(scene, 1234n, { chainId: 1n }), 'InvalidProof')
    await refused(await answerTo(scene, 1234n, { caller: await fees.getAddress() }), 'InvalidProof')
    await refused(await answerTo(scene, 1234n, { modelId: 7n }), 'InvalidProof')
    await refused(await answerTo(scene, 1234n, { requestId: id('other') }), 'WrongRequest')
    await refused(await answerTo(scene, 1234n, { prover: stranger.address }), 'NotTheLocker')
    expect(await fees.currentFee()).to.equal(FALLBACK)
    for (const sender of [prover, stranger]) {
      await expect(fees.connect(sender).fulfillInference(good.requestId, scene.modelId, ZeroHash, good.output))
        .to.be.revertedWithCustomError(fees, 'NotTheCoordinator')
        .withArgs(sender.address)
    }
    await coordinator.fulfill(good.request, good.output, good.proof)
    expect(await fees.currentFee()).to.equal(1234)
  })
}
