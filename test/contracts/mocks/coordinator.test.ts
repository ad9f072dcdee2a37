// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { ZeroAddress, ZeroHash, type JsonRpcApiProvider, type Result } from 'ethers'
import { ethers } from 'hardhat'
import { encodeOutput, inputCommitment, pack, toSolidityIoSchema } from '../../../prover/encodings'
import {
  InferenceCoordinator__factory,
  LastClass__factory,
  MockInferenceCoordinator__factory,
  MockInferenceVerifier__factory,
  MockKeyStore__factory,
  ModelRegistry__factory,
  type MockInferenceCoordinator,
} from '../../../typechain-types'
import type { Requests } from '../../../typechain-types/contracts/mocks/MockInferenceCoordinator'
import { otherChain } from '../../support/public-chain'
import { CLASSIFIER, LOGITS, PIXELS } from '../../support/world'

const OUTPUT = encodeOutput(pack(LOGITS, CLASSIFIER.outputs[0]!))
const PRICE = 1_000_000n
const TERMS = {
  token: ZeroAddress,
  minPrice: PRICE,
  maxPrice: PRICE,
  rampSeconds: 0,
  lockSeconds: 600,
  lifetime: 3600,
  bond: 5n,
  callbackGas: 200_000,
}
const [OPEN, EXPIRED, FULFILLED, CANCELLED, REFUNDED] = [1n, 4n, 5n, 6n, 7n]

async function asked() {
  const [owner, prover] = (await ethers.getSigners()) as [HardhatEthersSigner, HardhatEthersSigner]
  const store = await new MockKeyStore__factory(owner).deploy()
  const registry = await new ModelRegistry__factory(owner).deploy(store, true)
  const verifier = await new MockInferenceVerifier__factory(owner).deploy(registry)
  const schema = toSolidityIoSchema(CLASSIFIER)
  const modelId = await verifier.addModel.staticCall(schema)
  await verifier.addModel(schema)
  const market = await new MockInferenceCoordinator__factory(owner).deploy(verifier)
  const consumer = await new LastClass__factory(owner).deploy(market, modelId)
  await consumer.ask(PIXELS, TERMS, { value: PRICE })
  const requestId = await market.requestIds(0)
  return { owner, prover, verifier, modelId, market, consumer, requestId }
}

/** A recorded request, as calls take it. */
async function requestOf(market: MockInferenceCoordinator, requestId: string): Promise<Requests.RequestStructOutput> {
  return ((await market.requestOf(requestId)) as unknown as Result).toObject() as Requests.RequestStructOutput
}

describe('MockInferenceCoordinator', () => {
  it('records requests', async () => {
    const { market, consumer, requestId, modelId } = await loadFixture(asked)
    expect(await market.requestCount()).to.equal(1)
    const request = await requestOf(market, requestId)
    expect(request).to.include({ requester: await consumer.getAddress(), modelId, maxPrice: PRICE })
    expect(request.inputCommitment).to.equal(inputCommitment(CLASSIFIER, pack(PIXELS, CLASSIFIER.inputs[0]!)))
    expect(await market.requestIdOf(request)).to.equal(requestId)
    expect(await market.recordOf(requestId)).to.deep.equal([OPEN, ZeroAddress, 0n])
    expect(await market.stateOf(request)).to.equal(OPEN)
    expect(await market.priceAt(request, 0)).to.equal(PRICE)
    expect(await market.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await market.supportsInterface('0xffffffff')).to.equal(false)
  })

  it('answers one, once, and pays whoever does', async () => {
    const { market, consumer, requestId, prover, modelId } = await loadFixture(asked)
    await expect(market.connect(prover).fulfil(requestId, OUTPUT))
      .to.emit(consumer, 'Told')
      .withArgs(requestId, modelId, (await market.requestOf(requestId)).inputCommitment, 3)
    expect(await consumer.class_()).to.equal(3)
    expect(await market.balanceOf(ZeroAddress, prover)).to.equal(PRICE)
    await market.connect(prover).withdraw(ZeroAddress, PRICE, prover)
    await expect(market.fulfil(requestId, OUTPUT))
      .to.be.revertedWithCustomError(market, 'WrongState')
      .withArgs(requestId, FULFILLED)
    await expect(market.fulfil(ZeroHash, OUTPUT))
      .to.be.revertedWithCustomError(market, 'WrongState')
      .withArgs(ZeroHash, 0)
  })

  it('gives the rest of the escrow back, as the price stands', async () => {
    const { market, consumer, prover } = await loadFixture(asked)
    await consumer.ask(PIXELS, { ...TERMS, minPrice: 0, rampSeconds: 1000 }, { value: PRICE })
    const requestId = await market.requestIds(1)
    const { rampStart } = await market.requestOf(requestId)
    await time.setNextBlockTimestamp(rampStart + 250n)
    await market.connect(prover).fulfil(requestId, OUTPUT)
    expect(await market.balanceOf(ZeroAddress, prover)).to.equal(PRICE / 4n)
    expect(await market.balanceOf(ZeroAddress, consumer)).to.equal((PRICE * 3n) / 4n)
  })

  it('shows why a callback fails, or settles all the same', async () => {
    const { market, consumer, requestId } = await loadFixture(asked)
    await expect(market.fulfil(requestId, '0x1234')).to.be.revertedWithCustomError(
      new LastClass__factory(),
      'WrongLength',
    )
    await expect(market.fulfilWhateverHappens(requestId, '0x1234'))
      .to.emit(market, 'CallbackFailed')
      .withArgs(requestId, await consumer.getAddress())
    await consumer.ask(PIXELS, { ...TERMS, callbackGas: 3000 }, { value: PRICE })
    const starved = await market.requestIds(1)
    await expect(market.fulfil(starved, OUTPUT))
      .to.be.revertedWithCustomError(market, 'CallbackFailedSilently')
      .withArgs(3000)
  })

  it('a callback is given all of its gas or nothing happens', async () => {
    const { market, requestId } = await loadFixture(asked)
    await expect(market.fulfil(requestId, OUTPUT, { gasLimit: 250_000 })).to.be.revertedWithCustomError(
      market,
      'InsufficientCallbackGas',
    )
  })

  it('requests are cancelled, expire and are refunded', async () => {
    const { market, consumer, requestId, prover } = await loadFixture(asked)
    const request = await requestOf(market, requestId)
    await expect(market.connect(prover).cancel(request)).to.be.revertedWithCustomError(market, 'NotTheRequester')
    await expect(market.refund(request)).to.be.revertedWithCustomError(market, 'WrongState').withArgs(requestId, OPEN)
    await expect(consumer.withdraw(request)).to.emit(market, 'RequestCancelled').withArgs(requestId, PRICE)
    await expect(consumer.withdraw(request))
      .to.be.revertedWithCustomError(consumer, 'UnknownRequest')
      .withArgs(requestId)
    expect(await market.stateOf(request)).to.equal(CANCELLED)
    // The account at the market pays for the next request.
    await consumer.ask(PIXELS, TERMS)
    const second = await market.requestIds(1)
    const open = await requestOf(market, second)
    await time.increase(3601)
    expect(await market.stateOf(open)).to.equal(EXPIRED)
    await expect(market.fulfil(second, OUTPUT))
      .to.be.revertedWithCustomError(market, 'WrongState')
      .withArgs(second, EXPIRED)
    await expect(market.refund(open)).to.emit(market, 'RequestRefunded').withArgs(second, PRICE, 0)
    expect(await market.stateOf(open)).to.equal(REFUNDED)
    expect(await market.balanceOf(ZeroAddress, consumer)).to.equal(PRICE)
  })

  it('refuses requests that the market refuses', async () => {
    const { market, verifier, modelId, owner } = await loadFixture(asked)
    const real = await new InferenceCoordinator__factory(owner).deploy(verifier, owner)
    const refusals: [object, string][] = [
      [{ minPrice: PRICE + 1n }, 'BadPrice'],
      [{ lockSeconds: 0 }, 'BadTimes'],
      [{ lifetime: 31 * 86_400 }, 'BadTimes'],
      [{ bond: 10n ** 19n + 1n }, 'BondTooHigh'],
      [{ callbackGas: 0 }, 'BadCallback'],
      [{ callbackGas: 1_000_001 }, 'BadCallback'],
    ]
    const consumers = [market, real].map((place) => new LastClass__factory(owner).deploy(place, modelId))
    const [onMock, onReal] = await Promise.all(consumers)
    for (const consumer of [onMock!, onReal!]) {
      for (const [terms, error] of refusals) {
        const request = consumer.ask(PIXELS, { ...TERMS, ...terms }, { value: PRICE })
        await expect(request, error).to.be.revertedWithCustomError(market, error)
      }
      await consumer.ask(PIXELS, TERMS, { value: PRICE })
    }
    await verifier.deprecateModel(modelId)
    const registry = ModelRegistry__factory.connect(await verifier.registry(), owner)
    for (const consumer of [onMock!, onReal!]) {
      const request = consumer.ask(PIXELS, TERMS, { value: PRICE })
      await expect(request).to.be.revertedWithCustomError(registry, 'ModelIsDeprecated').withArgs(modelId)
    }
  })

  it('can be paused, as the market can', async () => {
    const { market, consumer, requestId } = await loadFixture(asked)
    await market.pause()
    await expect(consumer.ask(PIXELS, TERMS, { value: PRICE })).to.be.revertedWithCustomError(market, 'EnforcedPause')
    await market.fulfil(requestId, OUTPUT)
    await market.unpause()
    await consumer.ask(PIXELS, TERMS, { value: PRICE })
  })

  it('says that provers are not mocked', async () => {
    const { market, requestId } = await loadFixture(asked)
    const request = await requestOf(market, requestId)
    for (const [call, name] of [
      [() => market.openSigned(request, '0x', '0x'), 'openSigned'],
      [() => market.lock(request), 'lock'],
      [() => market.lockSigned(request, '0x'), 'lockSigned'],
      [() => market.fulfill(request, '0x', '0x'), 'fulfill'],
    ] as const) {
      const { selector } = market.interface.getFunction(name)
      await expect(call()).to.be.revertedWithCustomError(market, 'NotMocked').withArgs(selector)
    }
  })

  it('is not deployed on a public chain', async () => {
    const factory = new MockInferenceCoordinator__factory(await otherChain(1))
    await expect(factory.deploy(ZeroAddress)).to.be.revertedWithCustomError(factory, 'MockOnPublicChain').withArgs(1)
  })

  it('takes and answers nothing even if its code gets onto a public chain', async () => {
    const { owner, market, requestId } = await loadFixture(asked)
    const signer = await otherChain(10)
    const code = await ethers.provider.getCode(market)
    await (signer.provider as JsonRpcApiProvider).send('hardhat_setCode', [await market.getAddress(), code])
    const there = market.connect(signer)
    const request = { ...(await requestOf(market, requestId)), requester: owner.address }
    // One after the other: a refusal that nobody awaits yet ends the run.
    for (const call of [
      () => there.requestInference(request, '0x'),
      () => there.fulfil(requestId, OUTPUT),
      () => there.fulfilWhateverHappens(requestId, OUTPUT),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(market, 'MockOnPublicChain').withArgs(10)
    }
  })
})
