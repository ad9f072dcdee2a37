// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { encodeProofBlob } from '../../../prover/encodings'
import {
  HostileCallback__factory,
  IInferenceVerifier__factory,
  LastWord__factory,
  ReentrantActor__factory,
} from '../../../typechain-types'
import { itUninstrumented } from '../../support/coverage'
import { malleate } from '../../support/malleate'
import {
  at,
  BOND,
  BURN_ADDRESS,
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
import { LOGITS, PIXELS, type Statement } from '../../support/world'

const REENTRANT = id('ReentrantCall()').slice(0, 10)
const [RECORD, REVERT, BURN, RETURN_BOMB, REVERT_BOMB] = [0n, 1n, 2n, 3n, 4n]
const errors = IInferenceVerifier__factory.connect(ZeroAddress)

/** A request that `prover` locked at the least price. */
async function deployLocked(overrides: Partial<Request> = {}) {
  const market = await createMarket()
  return { ...market, request: await lockOne(market, overrides) }
}

async function lockOne(market: Market, overrides: Partial<Request> = {}): Promise<Request> {
  const request = market.ask({ rampStart: market.start + 100_000n, ...overrides })
  await market.coordinator.connect(market.requester).requestInference(request, '0x')
  await market.coordinator.connect(market.prover).lock(request)
  return request
}

const locked = () => deployLocked()

describe('settling a request', () => {
  it('pays the prover named in the proof, whoever sends it, and says so', async () => {
    const { coordinator, stranger, prover, modelId, request, answer, balance } = await loadFixture(locked)
    const requestId = await coordinator.requestIdOf(request)
    const held = await coordinator.balanceOf(ZeroAddress, prover)
    const { output, proof } = await answer(request, prover)
    await expect(coordinator.connect(stranger).fulfill(request, output, proof))
      .to.emit(coordinator, 'RequestFulfilled')
      .withArgs(requestId, prover.address, modelId, request.inputCommitment, output, MIN_PRICE, BOND)
    expect(await coordinator.balanceOf(ZeroAddress, prover)).to.equal(held + MIN_PRICE + BOND)
    expect(await coordinator.balanceOf(ZeroAddress, stranger)).to.equal(0)
    await balance([request])
  })

  it('a statement pays once, however its proof is written', async () => {
    const { coordinator, prover, request, answer, balance } = await loadFixture(locked)
    const requestId = await coordinator.requestIdOf(request)
    const s = await answer(request, prover)
    const twin = malleate(s.proof)
    const again = await answer(request, prover, { randomness: 99n })
    await coordinator.fulfill(request, s.output, twin)
    const held = await coordinator.balanceOf(ZeroAddress, prover)
    for (const proof of [s.proof, twin, again.proof]) {
      await expect(coordinator.fulfill(request, s.output, proof))
        .to.be.revertedWithCustomError(coordinator, 'WrongState')
        .withArgs(requestId, state('FULFILLED'))
    }
    expect(await coordinator.balanceOf(ZeroAddress, prover)).to.equal(held)
    await balance([request])
  })

  it('one proof does not serve two requests', async () => {
    const market = await loadFixture(locked)
    const { coordinator, prover, request, answer } = market
    const twin = await lockOne(market)
    const { output, proof } = await answer(request, prover)
    await expect(coordinator.fulfill(twin, output, proof))
      .to.be.revertedWithCustomError(coordinator, 'WrongRequest')
      .withArgs(await coordinator.requestIdOf(twin), await coordinator.requestIdOf(request))
    const s = await answer(request, prover)
    const { points } = s
    const requestId = await coordinator.requestIdOf(twin)
    const relabelled = encodeProofBlob({ points, inputWords: s.signals.slice(1, 3), requestId, prover: prover.address })
    await expect(coordinator.fulfill(twin, output, relabelled)).to.be.revertedWithCustomError(errors, 'InvalidProof')
  })

  it('a copied proof is worth nothing to who copies it, in front or behind', async () => {
    const { coordinator, start, prover, rival, request, answer, balance } = await loadFixture(locked)
    const requestId = await coordinator.requestIdOf(request)
    const s = await answer(request, prover)
    const { points } = s
    const inputWords = s.signals.slice(1, 3)
    const stolen = encodeProofBlob({ points, inputWords, requestId, prover: rival.address })
    const thief = coordinator.connect(rival)
    await expect(thief.fulfill(request, s.output, stolen))
      .to.be.revertedWithCustomError(coordinator, 'NotTheLocker')
      .withArgs(rival.address, prover.address)
    await at(start + LOCK_SECONDS + 1n)
    await expect(thief.fulfill(request, s.output, stolen)).to.be.revertedWithCustomError(errors, 'InvalidProof')
    const held = await coordinator.balanceOf(ZeroAddress, rival)
    await thief.fulfill(request, s.output, s.proof)
    expect(await coordinator.balanceOf(ZeroAddress, rival)).to.equal(held)
    await balance([request])
  })

  it('refuses proofs of other statements', async () => {
    const { coordinator, stranger, prover, register, request, answer } = await loadFixture(locked)
    const other = await register({ modelHash: id('other') })
    const good = await answer(request, prover)
    const refusals: readonly (readonly [Statement, string])[] = [
      [await answer(request, prover, { chainId: 1n }), 'InvalidProof'],
      [await answer(request, prover, { caller: stranger.address }), 'InvalidProof'],
      [await answer(request, prover, { modelId: other }), 'InvalidProof'],
      [{ ...good, output: (await answer(request, prover, { outputs: PIXELS.slice(0, 10) })).output }, 'InvalidProof'],
      [await answer(request, prover, { inputs: [1n, ...PIXELS.slice(1)] }), 'InputCommitmentMismatch'],
      [{ ...good, output: good.output + '00'.repeat(32) }, 'OutputMismatch'],
    ]
    for (const [{ output, proof }, error] of refusals) {
      await expect(coordinator.fulfill(request, output, proof)).to.be.revertedWithCustomError(errors, error)
    }
    const portable = await answer(request, prover, { portable: true })
    await expect(coordinator.fulfill(request, portable.output, portable.proof))
      .to.be.revertedWithCustomError(coordinator, 'WrongRequest')
      .withArgs(await coordinator.requestIdOf(request), ZeroHash)
    await coordinator.fulfill(request, good.output, good.proof)
  })

  it('pays nobody who cannot claim', async () => {
    const { coordinator, address, start, request, answer } = await loadFixture(locked)
    await at(start + LOCK_SECONDS + 1n)
    for (const nobody of [ZeroAddress, address]) {
      const { output, proof } = await answer(request, nobody)
      await expect(coordinator.fulfill(request, output, proof))
        .to.be.revertedWithCustomError(coordinator, 'InvalidAccount')
        .withArgs(nobody)
    }
  })

  it('changes with any field of the request', async () => {
    const { coordinator, prover, request, answer } = await loadFixture(locked)
    const cheaper = { ...request, minPrice: MAX_PRICE }
    const { output, proof } = await answer(cheaper, prover)
    await expect(coordinator.fulfill(cheaper, output, proof))
      .to.be.revertedWithCustomError(coordinator, 'WrongState')
      .withArgs(await coordinator.requestIdOf(cheaper), state('NONE'))
  })

  describe('a locker who abandons', () => {
    it('loses half the bond to who delivers, and half to nobody', async () => {
      const { coordinator, start, prover, rival, request, answer, balance } = await loadFixture(locked)
      const requestId = await coordinator.requestIdOf(request)
      await at(start + LIFETIME)
      const held = await coordinator.balanceOf(ZeroAddress, rival)
      const { output, proof } = await answer(request, rival)
      const settled = coordinator.fulfill(request, output, proof)
      await expect(settled)
        .to.emit(coordinator, 'BondSlashed')
        .withArgs(requestId, prover.address, BOND - BOND / 2n, BOND / 2n)
      await expect(settled).to.changeEtherBalances([BURN_ADDRESS, coordinator], [BOND - BOND / 2n, BOND / 2n - BOND])
      expect(await coordinator.balanceOf(ZeroAddress, rival)).to.equal(held + MIN_PRICE + BOND / 2n)
      await balance([request])
    })

    it('loses all of it when nobody delivers, and the requester gains none', async () => {
      const { coordinator, start, prover, requester, stranger, request, balance } = await loadFixture(locked)
      const requestId = await coordinator.requestIdOf(request)
      const held = await coordinator.balanceOf(ZeroAddress, requester)
      await at(start + LIFETIME + 1n)
      const refunded = coordinator.connect(stranger).refund(request)
      await expect(refunded).to.emit(coordinator, 'RequestRefunded').withArgs(requestId, MIN_PRICE, 0)
      await expect(refunded).to.emit(coordinator, 'BondSlashed').withArgs(requestId, prover.address, BOND, 0)
      await expect(refunded).to.changeEtherBalance(BURN_ADDRESS, BOND)
      expect(await coordinator.balanceOf(ZeroAddress, requester)).to.equal(held + MIN_PRICE)
      await balance([request])
    })

    it('loses nothing when there was no bond', async () => {
      const market = await loadFixture(locked)
      const { coordinator, start, rival, answer, balance } = market
      const free = await lockOne(market, { bond: 0n })
      await at(start + LOCK_SECONDS + 10n)
      const { output, proof } = await answer(free, rival)
      await expect(coordinator.fulfill(free, output, proof)).to.not.emit(coordinator, 'BondSlashed')
      await balance([free, market.request])
    })

    it('loses a bond of one to the fire', async () => {
      const market = await loadFixture(locked)
      const { coordinator, start, rival, answer, balance } = market
      const least = await lockOne(market, { bond: 1n })
      await at(start + LOCK_SECONDS + 10n)
      const { output, proof } = await answer(least, rival)
      await expect(coordinator.fulfill(least, output, proof)).to.changeEtherBalance(BURN_ADDRESS, 1)
      await balance([least, market.request])
    })
  })

  it('a stopped model gives price and bond back at once', async () => {
    const { coordinator, stop, guardian, prover, requester, request, balance } = await loadFixture(locked)
    const [price, bond] = [
      await coordinator.balanceOf(ZeroAddress, requester),
      await coordinator.balanceOf(ZeroAddress, prover),
    ]
    await stop.connect(guardian).stop()
    await expect(coordinator.refund(request))
      .to.emit(coordinator, 'RequestRefunded')
      .withArgs(await coordinator.requestIdOf(request), MIN_PRICE, BOND)
    expect(await coordinator.balanceOf(ZeroAddress, requester)).to.equal(price + MIN_PRICE)
    expect(await coordinator.balanceOf(ZeroAddress, prover)).to.equal(bond + BOND)
    await balance([request])
  })

  it('over a verifier that nobody can stop, nothing is refunded early', async () => {
    const market = await createMarket(({ verifier }) => verifier)
    const { coordinator, stop, guardian, prover, answer } = market
    const request = await lockOne(market)
    await stop.connect(guardian).stop()
    await expect(coordinator.refund(request)).to.be.revertedWithCustomError(coordinator, 'WrongState')
    const { output, proof } = await answer(request, prover)
    await coordinator.fulfill(request, output, proof)
  })
})

describe('callbacks', () => {
  const withCallback = async (habit: bigint, callbackGas = 300_000n) => {
    const market = await createMarket()
    const callback = await new HostileCallback__factory(market.deployer).deploy(habit)
    const request = await lockOne(market, { callback: await callback.getAddress(), callbackGas })
    const { output, proof } = await market.answer(request, market.prover)
    return { ...market, callback, request, output, proof, requestId: await market.coordinator.requestIdOf(request) }
  }
  const recording = () => withCallback(RECORD)

  it('get the result, from the coordinator, after settlement', async () => {
    const { coordinator, address, callback, modelId, request, requestId, output, proof, balance } =
      await loadFixture(recording)
    await expect(coordinator.fulfill(request, output, proof)).to.not.emit(coordinator, 'CallbackFailed')
    expect([
      await callback.calls(),
      await callback.sender(),
      await callback.requestId(),
      await callback.modelId(),
      await callback.inputCommitment(),
      await callback.output(),
    ]).to.deep.equal([1n, address, requestId, modelId, request.inputCommitment, output])
    await balance([request], [callback])
  })

  itUninstrumented('get exactly their gas, or the settlement fails', async () => {
    // A sixty-fourth of so much is more than what is set aside for the call itself.
    const { coordinator, callback, request, output, proof } = await withCallback(RECORD, 1_000_000n)
    /** Gas the callback got under a limit, or nothing if the settlement failed. */
    const received = async (gasLimit: bigint): Promise<bigint | undefined> => {
      const snapshot = (await ethers.provider.send('evm_snapshot', [])) as string
      try {
        await coordinator.fulfill(request, output, proof, { gasLimit })
        return (await callback.calls()) === 1n ? await callback.gasReceived() : 0n
      } catch {
        return undefined
      } finally {
        await ethers.provider.send('evm_revert', [snapshot])
      }
    }
    const ample = await received(10_000_000n)
    expect(ample).to.be.within(999_000n, 1_000_000n)
    let [fails, works] = [100_000n, 10_000_000n]
    while (works - fails > 1n) {
      const limit = (fails + works) / 2n
      const gas = await received(limit)
      if (gas === undefined) fails = limit
      else works = limit
      if (gas !== undefined) expect(gas).to.equal(ample)
    }
    expect(fails).to.be.greaterThan(1_000_000n)
  })

  it('a sender who leaves too little gas is told so', async () => {
    const { coordinator, deployer, answer, prover, ...market } = await loadFixture(recording)
    const callback = await new HostileCallback__factory(deployer).deploy(RECORD)
    const scene = { ...market, coordinator, deployer, answer, prover }
    const request = await lockOne(scene, { callback: await callback.getAddress(), callbackGas: 1_000_000n })
    const { output, proof } = await answer(request, prover)
    await expect(coordinator.fulfill(request, output, proof, { gasLimit: 1_200_000n })).to.be.revertedWithCustomError(
      coordinator,
      'InsufficientCallbackGas',
    )
    expect(await coordinator.stateOf(request)).to.equal(state('LOCKED'))
    await coordinator.fulfill(request, output, proof, { gasLimit: 1_500_000n })
    expect(await callback.calls()).to.equal(1)
  })

  for (const [name, habit] of [
    ['reverts', REVERT],
    ['burns its gas', BURN],
    ['returns a quarter of a megabyte', RETURN_BOMB],
    ['reverts with a quarter of a megabyte', REVERT_BOMB],
  ] as const) {
    it(`one that ${name} changes no balance and costs its own gas at most`, async () => {
      const good = await withCallback(RECORD)
      const paid = async ({ coordinator, prover, requester }: Market) => [
        await coordinator.balanceOf(ZeroAddress, prover),
        await coordinator.balanceOf(ZeroAddress, requester),
      ]
      const usual = await (await good.coordinator.fulfill(good.request, good.output, good.proof)).wait()
      const expected = await paid(good)
      const bad = await withCallback(habit)
      const { coordinator, callback, request, requestId, output, proof, balance } = bad
      const settled = await coordinator.fulfill(request, output, proof)
      // Returning much is no failure, as long as the gas is enough for it.
      if (habit === RETURN_BOMB) {
        await expect(settled).to.not.emit(coordinator, 'CallbackFailed')
      } else {
        await expect(settled)
          .to.emit(coordinator, 'CallbackFailed')
          .withArgs(requestId, await callback.getAddress())
      }
      expect(await paid(bad)).to.deep.equal(expected)
      expect(await coordinator.stateOf(request)).to.equal(state('FULFILLED'))
      const receipt = await settled.wait()
      expect(receipt!.gasUsed).to.be.lessThan(usual!.gasUsed + 300_000n)
      await balance([request], [callback])
    })
  }

  it('to an account without code fail', async () => {
    const market = await loadFixture(recording)
    const { coordinator, stranger, prover, answer } = market
    const request = await lockOne(market, { callback: stranger.address, callbackGas: 50_000n })
    const { output, proof } = await answer(request, prover)
    await expect(coordinator.fulfill(request, output, proof))
      .to.emit(coordinator, 'CallbackFailed')
      .withArgs(await coordinator.requestIdOf(request), stranger.address)
  })

  it('cannot call anything of the market that moves money', async () => {
    const market = await loadFixture(recording)
    const { coordinator, address, deployer, prover, ask, answer, balance } = market
    const actor = await new ReentrantActor__factory(deployer).deploy(address)
    const actorAddress = await actor.getAddress()
    await coordinator.depositFor(ZeroAddress, MAX_PRICE, actor, { value: MAX_PRICE })
    const request = await lockOne(market, { callback: actorAddress, callbackGas: 1_000_000n })
    const { output, proof } = await answer(request, prover)
    const own = ask({ requester: actorAddress })
    const { interface: abi } = coordinator
    for (const call of [
      abi.encodeFunctionData('withdraw', [ZeroAddress, 1n, actorAddress]),
      abi.encodeFunctionData('deposit', [ZeroAddress, 0n]),
      abi.encodeFunctionData('depositFor', [ZeroAddress, 0n, actorAddress]),
      abi.encodeFunctionData('requestInference', [own, '0x']),
      abi.encodeFunctionData('openSigned', [own, '0x', '0x']),
      abi.encodeFunctionData('lock', [own]),
      abi.encodeFunctionData('lockSigned', [own, '0x']),
      abi.encodeFunctionData('fulfill', [request, output, proof]),
      abi.encodeFunctionData('cancel', [own]),
      abi.encodeFunctionData('refund', [request]),
    ]) {
      await actor.arm(call)
    }
    await expect(coordinator.fulfill(request, output, proof)).to.not.emit(coordinator, 'CallbackFailed')
    expect(await actor.attempts()).to.equal(10)
    for (let i = 0; i < 10; i++) {
      expect([await actor.entered(i), await actor.answers(i)]).to.deep.equal([false, REENTRANT])
    }
    expect(await coordinator.balanceOf(ZeroAddress, actor)).to.equal(MAX_PRICE)
    await balance([request, market.request], [actor])
  })
})

describe('gas of settling three words with a callback', () => {
  for (const [name, choose, bar] of [
    ['direct', ({ verifier }: Pick<Market, 'verifier'>) => verifier, 360_000n],
    ['routed', ({ routed }: Pick<Market, 'routed'>) => routed, 360_000n],
  ] as const) {
    itUninstrumented(`through the ${name} verifier is at most ${bar}`, async () => {
      const market = await createMarket(choose)
      const { coordinator, deployer, token, requester, rival, modelId, address, prove, balance } = market
      const consumer = await new LastWord__factory(deployer).deploy(coordinator, modelId)
      const terms = {
        token: await token.getAddress(),
        minPrice: MIN_PRICE,
        maxPrice: MAX_PRICE,
        rampSeconds: 1000n,
        lockSeconds: LOCK_SECONDS,
        lifetime: LIFETIME,
        bond: BOND,
        callbackGas: 100_000n,
      }
      await token.connect(requester).transfer(consumer, MAX_PRICE)
      await consumer.ask([...PIXELS], terms)
      const { request: plain } = await newestRequest(coordinator)
      await coordinator.connect(rival).lock(plain)
      const requestId = await coordinator.requestIdOf(plain)
      const s = prove({ modelId, caller: address, requestId, prover: rival.address, outputs: LOGITS })
      // The prover has no balance in the token yet, which costs most.
      const receipt = await (await coordinator.connect(rival).fulfill(plain, s.output, s.proof)).wait()
      expect(await consumer.word()).to.equal(s.signals[0])
      expect(receipt!.gasUsed).to.be.lessThanOrEqual(bar)
      await balance([plain], [consumer])
    })
  }
})
