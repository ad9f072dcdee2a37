// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, mine, setNextBlockBaseFeePerGas, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, id, toBeHex, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { inputCommitment, pack, type IoSchema } from '../../../prover/encodings'
import {
  ClosedValueHarness__factory,
  LastClass__factory,
  SnapshotAsker__factory,
  type InferenceConsumer,
} from '../../../typechain-types'
import {
  at,
  BOND,
  createMarket,
  LIFETIME,
  LOCK_SECONDS,
  MAX_PRICE,
  MIN_PRICE,
  newestRequest,
  state,
  type Market,
  type Request,
} from '../../support/market'
import { CLASSIFIER, LOGITS, PIXELS } from '../../support/world'

const TERMS = {
  token: ZeroAddress,
  minPrice: MIN_PRICE,
  maxPrice: MAX_PRICE,
  rampSeconds: 1000n,
  lockSeconds: LOCK_SECONDS,
  lifetime: LIFETIME,
  bond: BOND,
  callbackGas: 200_000n,
}
const PERIOD = 10_000n

async function deploy() {
  const market = await createMarket()
  const consumer = await new LastClass__factory(market.deployer).deploy(market.coordinator, market.modelId)
  return { ...market, consumer, terms: { ...TERMS, token: await market.token.getAddress() } }
}

async function deploySnapshots() {
  const market = await createMarket()
  const asker = await new SnapshotAsker__factory(market.deployer).deploy(market.coordinator, market.modelId, PERIOD)
  await asker.setLevel(7n)
  await mine(1)
  return { ...market, asker }
}

/** Locks and proves a request. */
async function serve(market: Market, request: Request, inputs: readonly bigint[] = PIXELS) {
  await market.coordinator.connect(market.prover).lock(request)
  const { output, proof } = await market.answer(request, market.prover, { inputs })
  return market.coordinator.fulfill(request, output, proof)
}

describe('a contract that asks the market', () => {
  it('asks in one call and gets the class back', async () => {
    const scene = await loadFixture(deploy)
    const { coordinator, consumer, modelId, balance } = scene
    const requestId = await consumer.ask.staticCall([...PIXELS], TERMS, { value: MAX_PRICE })
    await consumer.ask([...PIXELS], TERMS, { value: MAX_PRICE })
    const now = BigInt(await time.latest())
    const { request, input } = await newestRequest(scene.coordinator)
    const { callbackGas, lifetime, ...offered } = TERMS
    const address = await consumer.getAddress()
    expect(request).to.deep.equal({
      ...offered,
      requester: address,
      nonce: 1n,
      modelId,
      inputCommitment: inputCommitment(CLASSIFIER, pack(PIXELS, CLASSIFIER.inputs[0]!)),
      rampStart: now,
      deadline: now + lifetime,
      callback: address,
      callbackGas,
    })
    expect(input).to.equal(concat(pack(PIXELS, CLASSIFIER.inputs[0]!).map((word) => toBeHex(word, 32))))
    expect(await coordinator.requestIdOf(request)).to.not.equal(requestId) // Another block, another ramp.
    const opened = await coordinator.requestIdOf(request)
    expect(await consumer.isPending(opened)).to.equal(true)
    await expect(serve(scene, request)).to.emit(consumer, 'Told').withArgs(opened, modelId, request.inputCommitment, 3)
    expect([await consumer.class_(), await consumer.isPending(opened)]).to.deep.equal([3n, false])
    await balance([request], [consumer])
  })

  it('pays in tokens, and takes what it has at the coordinator first', async () => {
    const scene = await loadFixture(deploy)
    const { coordinator, consumer, token, requester, terms, balance } = scene
    await token.connect(requester).transfer(consumer, MAX_PRICE)
    await coordinator.connect(requester).depositFor(token, MAX_PRICE / 4n, consumer)
    await consumer.ask([...PIXELS], terms)
    expect(await token.balanceOf(consumer)).to.equal(MAX_PRICE / 4n)
    expect(await coordinator.balanceOf(token, consumer)).to.equal(0)
    expect(await token.allowance(consumer, coordinator)).to.equal(0)
    const { request } = await newestRequest(scene.coordinator)
    await serve(scene, request)
    const refund = await coordinator.balanceOf(token, consumer)
    expect(refund).to.be.greaterThan(MAX_PRICE / 2n)
    await token.connect(requester).transfer(consumer, MAX_PRICE)
    await consumer.ask([...PIXELS], terms)
    expect(await token.balanceOf(consumer)).to.equal(MAX_PRICE / 4n + refund)
    await balance([request, (await newestRequest(scene.coordinator)).request], [consumer])
  })

  it('cannot ask for more than it has', async () => {
    const { consumer, coordinator, token, terms } = await loadFixture(deploy)
    await expect(consumer.ask([...PIXELS], TERMS)).to.be.revertedWithoutReason()
    await expect(consumer.ask([...PIXELS], terms)).to.be.revertedWithCustomError(token, 'ERC20InsufficientBalance')
    expect(await coordinator.queryFilter(coordinator.filters.RequestOpened())).to.deep.equal([])
  })

  it('listens to the coordinator alone, about requests of its own alone', async () => {
    const scene = await loadFixture(deploy)
    const { coordinator, consumer, requester, modelId, prover, ask, answer } = scene
    await expect(consumer.fulfillInference(id('any'), modelId, ZeroHash, '0x'))
      .to.be.revertedWithCustomError(consumer, 'NotTheCoordinator')
      .withArgs(scene.deployer.address)
    const address = await consumer.getAddress()
    const forced = ask({ callback: address, callbackGas: 200_000n })
    await coordinator.connect(requester).requestInference(forced, '0x')
    const outputs = [900n, ...LOGITS.slice(1)]
    await coordinator.connect(prover).lock(forced)
    const s = await answer(forced, prover, { outputs })
    await expect(coordinator.fulfill(forced, s.output, s.proof))
      .to.emit(coordinator, 'CallbackFailed')
      .withArgs(await coordinator.requestIdOf(forced), address)
    expect(await consumer.class_()).to.equal(0)
    const coordinatorItself = await ethers.getImpersonatedSigner(await coordinator.getAddress())
    await setNextBlockBaseFeePerGas(0)
    const told = consumer
      .connect(coordinatorItself)
      .fulfillInference(await coordinator.requestIdOf(forced), modelId, ZeroHash, s.output, { gasPrice: 0 })
    await expect(told)
      .to.be.revertedWithCustomError(consumer, 'UnknownRequest')
      .withArgs(await coordinator.requestIdOf(forced))
  })

  it('can cancel, and get its money out', async () => {
    const scene = await loadFixture(deploy)
    const { coordinator, consumer, stranger, balance } = scene
    await consumer.ask([...PIXELS], TERMS, { value: MAX_PRICE })
    const { request } = await newestRequest(scene.coordinator)
    await consumer.withdraw(request)
    expect(await consumer.isPending(await coordinator.requestIdOf(request))).to.equal(false)
    expect(await coordinator.stateOf(request)).to.equal(state('CANCELLED'))
    await expect(consumer.payOut(ZeroAddress, MAX_PRICE, stranger)).to.changeEtherBalance(stranger, MAX_PRICE)
    await balance([request], [consumer])
  })

  it('cancels what it has asked, not what it may ask', async () => {
    const scene = await loadFixture(deploy)
    const { coordinator, consumer } = scene
    await consumer.ask([...PIXELS], TERMS, { value: MAX_PRICE })
    const { request } = await newestRequest(coordinator)
    // The next request, of which everything can be known but the second it will come in.
    const moment = BigInt(await time.latest()) + 100n
    const deadline = request.deadline - request.rampStart + moment
    const next = { ...request, nonce: request.nonce + 1n, rampStart: moment, deadline }
    await expect(consumer.withdraw(next))
      .to.be.revertedWithCustomError(consumer, 'UnknownRequest')
      .withArgs(await coordinator.requestIdOf(next))
    await at(moment)
    await consumer.ask([...PIXELS], TERMS, { value: MAX_PRICE })
    expect(await coordinator.stateOf(next)).to.equal(state('OPEN'))
    await consumer.withdraw(next)
    await expect(consumer.withdraw(next)).to.be.revertedWithCustomError(consumer, 'UnknownRequest')
  })

  it('asks about inputs it cannot build by their commitment', async () => {
    const scene = await loadFixture(deploy)
    const { deployer, coordinator, register } = scene
    const [[logits], [pixels]] = [CLASSIFIER.outputs, CLASSIFIER.inputs]
    // Four signals each: two words of output and one hashed input; one word of output and two inputs of one.
    const hashed: IoSchema = {
      ...CLASSIFIER,
      outputs: [{ ...logits!, shape: [1, 20] }],
      inputs: [{ ...pixels!, visibility: 'hashed' }],
    }
    const half = { ...pixels!, shape: [1, 20] }
    const two: IoSchema = { ...CLASSIFIER, inputs: [half, { ...half, name: 'more' }] }
    for (const schema of [hashed, two]) {
      const modelId = await register({ schema })
      const consumer = await new LastClass__factory(deployer).deploy(coordinator, modelId)
      await expect(consumer.ask([...PIXELS], TERMS, { value: MAX_PRICE }))
        .to.be.revertedWithCustomError(consumer, 'InputNotPublic')
        .withArgs(modelId)
      await consumer.askAbout(id('commitment'), '0x', TERMS, { value: MAX_PRICE })
      expect((await newestRequest(scene.coordinator)).request.inputCommitment).to.equal(id('commitment'))
    }
  })

  it('refuses values outside of the model’s range', async () => {
    const { consumer } = await loadFixture(deploy)
    const asking = consumer.ask([256n, ...PIXELS.slice(1)], TERMS, { value: MAX_PRICE })
    await expect(asking).to.be.revertedWithCustomError(consumer, 'ValueOutOfRange').withArgs(0, 256)
  })

  it('pins the coordinator’s own verifier', async () => {
    const { consumer, coordinator, routed, modelId } = await loadFixture(deploy)
    const pinned: InferenceConsumer = consumer
    expect([await pinned.coordinator(), await pinned.inferenceVerifier(), await pinned.modelId()]).to.deep.equal([
      await coordinator.getAddress(),
      await routed.getAddress(),
      modelId,
    ])
  })
})

describe('snapshots of a contract’s own state', () => {
  const SEVENS = PIXELS.map(() => 7n)

  it('fix the input, and no proof of another input passes', async () => {
    const scene = await loadFixture(deploySnapshots)
    const { coordinator, asker, prover, answer, verifier, balance } = scene
    expect(await asker.snapshotAge()).to.equal(2n ** 256n - 1n)
    await expect(asker.ask(TERMS, { value: MAX_PRICE })).to.emit(asker, 'SnapshotTaken')
    const [takenAt, takenIn] = [BigInt(await time.latest()), BigInt(await time.latestBlock())]
    const { request } = await newestRequest(scene.coordinator)
    const requestId = await coordinator.requestIdOf(request)
    expect(request.inputCommitment).to.equal(inputCommitment(CLASSIFIER, pack(SEVENS, CLASSIFIER.inputs[0]!)))
    expect(await asker.newestSnapshot()).to.deep.equal([requestId, takenIn, takenAt, takenAt + LIFETIME])
    await coordinator.connect(prover).lock(request)
    const lie = await answer(request, prover)
    await expect(coordinator.fulfill(request, lie.output, lie.proof)).to.be.revertedWithCustomError(
      verifier,
      'InputCommitmentMismatch',
    )
    const { output, proof } = await answer(request, prover, { inputs: SEVENS })
    await at(takenAt + 500n)
    await expect(coordinator.fulfill(request, output, proof))
      .to.emit(asker, 'Answered')
      .withArgs(requestId, takenIn, 3)
    expect(await asker.answeredSnapshot()).to.deep.equal(await asker.newestSnapshot())
    // Age counts from the snapshot, not from the answer.
    expect(await asker.snapshotAge()).to.equal(500)
    await balance([request], [asker])
  })

  it('are of values closed before the block: what a transaction sets, it cannot ask about', async () => {
    const scene = await loadFixture(deploySnapshots)
    const { asker } = scene
    await asker.setAndAsk(200n, TERMS, { value: MAX_PRICE })
    const { request } = await newestRequest(scene.coordinator)
    expect(request.inputCommitment).to.equal(inputCommitment(CLASSIFIER, pack(SEVENS, CLASSIFIER.inputs[0]!)))
    await mine(1)
    expect(await asker.level()).to.equal(200)
  })

  it('are open one at a time, and answered once a period', async () => {
    const scene = await loadFixture(deploySnapshots)
    const { asker } = scene
    await asker.ask(TERMS, { value: MAX_PRICE })
    const takenAt = BigInt(await time.latest())
    const refused = async (earliest: bigint) =>
      expect(asker.ask(TERMS, { value: MAX_PRICE }))
        .to.be.revertedWithCustomError(asker, 'SnapshotTooEarly')
        .withArgs(earliest)
    await refused(takenAt + LIFETIME + 1n)
    const { request } = await newestRequest(scene.coordinator)
    await serve(scene, request, SEVENS)
    await refused(takenAt + PERIOD)
    await at(takenAt + PERIOD - 1n)
    await refused(takenAt + PERIOD)
    await at(takenAt + PERIOD)
    await asker.ask(TERMS, { value: MAX_PRICE })
  })

  it('that expired unanswered are replaced, and never answered', async () => {
    const scene = await loadFixture(deploySnapshots)
    const { coordinator, asker, prover, answer, balance } = scene
    await asker.ask(TERMS, { value: MAX_PRICE })
    const { request: old } = await newestRequest(scene.coordinator)
    await coordinator.connect(prover).lock(old)
    await at(old.deadline)
    await expect(asker.ask(TERMS, { value: MAX_PRICE })).to.be.revertedWithCustomError(asker, 'SnapshotTooEarly')
    await at(old.deadline + 1n)
    await asker.ask(TERMS, { value: MAX_PRICE })
    expect(await asker.isPending(await coordinator.requestIdOf(old))).to.equal(false)
    const late = await answer(old, prover, { inputs: SEVENS })
    await expect(coordinator.fulfill(old, late.output, late.proof))
      .to.be.revertedWithCustomError(coordinator, 'WrongState')
      .withArgs(await coordinator.requestIdOf(old), state('EXPIRED'))
    await coordinator.refund(old)
    const { request } = await newestRequest(scene.coordinator)
    await expect(serve(scene, request, SEVENS)).to.emit(asker, 'Answered')
    await balance([old, request], [asker])
  })

  it('that were cancelled have had their period', async () => {
    const scene = await loadFixture(deploySnapshots)
    const { asker } = scene
    await asker.ask(TERMS, { value: MAX_PRICE })
    const takenAt = BigInt(await time.latest())
    const { request } = await newestRequest(scene.coordinator)
    await asker.withdraw(request)
    expect(await asker.nextSnapshotAt()).to.equal(takenAt + PERIOD)
  })

  it('are all such a contract takes results of', async () => {
    const scene = await loadFixture(deploySnapshots)
    const { coordinator, asker } = scene
    await asker.askAnything(inputCommitment(CLASSIFIER, pack(PIXELS, CLASSIFIER.inputs[0]!)), TERMS, {
      value: MAX_PRICE,
    })
    const { request } = await newestRequest(scene.coordinator)
    await expect(serve(scene, request)).to.emit(coordinator, 'CallbackFailed')
    expect((await asker.answeredSnapshot()).requestId).to.equal(ZeroHash)
  })
})

describe('a closed value', () => {
  const harness = async () => new ClosedValueHarness__factory((await ethers.getSigners())[0]!).deploy()
  const most = 2n ** 103n - 1n

  it('is what stood at the end of an earlier block, however often it is written', async () => {
    const value = await loadFixture(harness)
    await expect(value.get()).to.be.revertedWithCustomError(value, 'NotClosed')
    await expect(value.setAndGet([1n])).to.be.revertedWithCustomError(value, 'NotClosed')
    await expect(value.setAndGet([1n, 2n])).to.be.revertedWithCustomError(value, 'NotClosed')
    await value.set(1n)
    await mine(1)
    expect(await value.get()).to.equal(1)
    expect(await value.setAndGet.staticCall([5n, 6n, 7n])).to.equal(1)
    await value.setAndGet([5n, 6n, 7n])
    await mine(1)
    expect(await value.get()).to.equal(7)
    expect(await value.setAndGet.staticCall([-1n])).to.equal(7)
  })

  it('takes 104 bits, less the least value', async () => {
    const value = await loadFixture(harness)
    for (const bound of [most, -most]) {
      await value.set(bound)
      await mine(1)
      expect(await value.get()).to.equal(bound)
    }
    for (const beyond of [most + 1n, -most - 1n, -most - 2n]) {
      await expect(value.set(beyond))
        .to.be.revertedWithCustomError(value, 'SafeCastOverflowedIntDowncast')
        .withArgs(104, beyond)
    }
  })
})
