// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, parseEther, TypedDataEncoder, ZeroAddress, ZeroHash } from 'ethers'
import { MARKET_REQUEST_TYPES, marketDomain } from '../../../prover/encodings'
import {
  IInferenceVerifier__factory,
  InferenceCoordinator__factory,
  IERCZKMLRegistry__factory,
  HostileVerifier__factory,
  Wallet1271__factory,
} from '../../../typechain-types'
import {
  at,
  BOND,
  createMarket,
  LIFETIME,
  LOCK_SECONDS,
  MAX_PRICE,
  MIN_PRICE,
  RAMP_SECONDS,
  state,
  type Request,
} from '../../support/market'
import { describeModel, modelParts, type World } from '../../support/world'

const UNSERVED = '0xdeadbeef'
const fixture = () => createMarket()
const verifierErrors = IInferenceVerifier__factory.connect(ZeroAddress)
const registryErrors = IERCZKMLRegistry__factory.connect(ZeroAddress)

describe('requests', () => {
  it('have their EIP-712 digest as id, and everything in it counts', async () => {
    const { coordinator, address, ask } = await loadFixture(fixture)
    const request = ask({ callback: address, callbackGas: 1000n })
    expect(await coordinator.requestIdOf(request)).to.equal(
      TypedDataEncoder.hash(marketDomain(31337n, address), MARKET_REQUEST_TYPES, request),
    )
    const { fields, name, version, chainId, verifyingContract } = await coordinator.eip712Domain()
    expect([fields, name, version, chainId, verifyingContract]).to.deep.equal([
      '0x0f',
      'zkml InferenceCoordinator',
      '1',
      31337n,
      address,
    ])
    const ids = new Set([await coordinator.requestIdOf(request)])
    for (const key of Object.keys(request) as (keyof Request)[]) {
      const value = request[key]
      const changed =
        typeof value === 'bigint' ? value + 1n : key === 'inputCommitment' ? id('other') : '0x' + '11'.repeat(20)
      ids.add(await coordinator.requestIdOf({ ...request, [key]: changed }))
    }
    expect(ids.size).to.equal(1 + Object.keys(request).length)
  })

  it('of other chains and contracts have other ids', async () => {
    const { coordinator, address, owner, routed, ask } = await loadFixture(fixture)
    const request = ask()
    const other = await new InferenceCoordinator__factory(owner).deploy(routed, owner)
    expect(await other.requestIdOf(request)).to.equal(
      TypedDataEncoder.hash(marketDomain(31337n, await other.getAddress()), MARKET_REQUEST_TYPES, request),
    )
    expect(await coordinator.requestIdOf(request)).to.not.equal(
      TypedDataEncoder.hash(marketDomain(1n, address), MARKET_REQUEST_TYPES, request),
    )
  })

  it('climb in price from the least to the highest, rounded down', async () => {
    const { coordinator, start, ask } = await loadFixture(fixture)
    const request = ask()
    for (const [moment, price] of [
      [0n, MIN_PRICE],
      [start - 1n, MIN_PRICE],
      [start, MIN_PRICE],
      [start + 1n, MIN_PRICE + 900n],
      [start + 250n, 325_000n],
      [start + RAMP_SECONDS - 1n, MAX_PRICE - 900n],
      [start + RAMP_SECONDS, MAX_PRICE],
      [2n ** 256n - 1n, MAX_PRICE],
    ] as const) {
      expect(await coordinator.priceAt(request, moment)).to.equal(price)
    }
    const uneven = ask({ minPrice: 0n, maxPrice: 10n, rampSeconds: 3n })
    expect(await coordinator.priceAt(uneven, start + 1n)).to.equal(3)
    expect(await coordinator.priceAt(uneven, start + 2n)).to.equal(6)
    const flat = ask({ rampSeconds: 0n })
    expect(await coordinator.priceAt(flat, start - 1n)).to.equal(MIN_PRICE)
    expect(await coordinator.priceAt(flat, start)).to.equal(MAX_PRICE)
    const [most, longest] = [2n ** 128n - 1n, 2n ** 32n - 1n]
    const huge = ask({ minPrice: 0n, maxPrice: most, rampSeconds: longest })
    expect(await coordinator.priceAt(huge, start + longest - 1n)).to.equal((most * (longest - 1n)) / longest)
  })

  it('are announced in full, with what helps provers', async () => {
    const { coordinator, requester, modelId, ask, balance } = await loadFixture(fixture)
    const request = ask()
    const requestId = await coordinator.requestIdOf(request)
    const opened = coordinator.connect(requester).requestInference(request, '0x1234')
    await expect(opened)
      .to.emit(coordinator, 'RequestOpened')
      .withArgs(requestId, requester.address, modelId, Object.values(request), '0x1234')
    expect(await coordinator.recordOf(requestId)).to.deep.equal([state('OPEN'), ZeroAddress, 0n])
    await balance([request])
  })

  it('take coins sent along, and what the account lacks is an error', async () => {
    const { coordinator, stranger, ask, balance } = await loadFixture(fixture)
    const request = ask({ requester: stranger.address })
    const own = coordinator.connect(stranger)
    await expect(own.requestInference(request, '0x', { value: MAX_PRICE - 1n }))
      .to.be.revertedWithCustomError(coordinator, 'BalanceTooLow')
      .withArgs(ZeroAddress, stranger.address, MAX_PRICE - 1n, MAX_PRICE)
    await expect(own.requestInference(request, '0x', { value: MAX_PRICE + 5n }))
      .to.emit(coordinator, 'Deposited')
      .withArgs(ZeroAddress, stranger.address, MAX_PRICE + 5n)
    expect(await coordinator.balanceOf(ZeroAddress, stranger)).to.equal(5)
    await balance([request])
  })

  describe('terms', () => {
    it('may go to their bounds and not beyond', async () => {
      const { coordinator, requester, start, address, ask } = await loadFixture(fixture)
      let now = start
      const open = async (overrides: (now: bigint) => Partial<Request>) => {
        await at(++now)
        return coordinator.connect(requester).requestInference(ask({ deadline: now + 100n, ...overrides(now) }), '0x')
      }
      const [maxBond, maxGas, maxLife] = [
        await coordinator.MAX_BOND(),
        await coordinator.MAX_CALLBACK_GAS(),
        await coordinator.MAX_LIFETIME(),
      ]
      expect([maxBond, maxGas, maxLife]).to.deep.equal([parseEther('10'), 1_000_000n, 2_592_000n])
      for (const [overrides, error, args] of [
        [() => ({ minPrice: MAX_PRICE + 1n }), 'BadPrice', () => [MAX_PRICE + 1n, MAX_PRICE]],
        [() => ({ lockSeconds: 0n }), 'BadTimes', () => [0n, now + 100n]],
        [() => ({ deadline: now - 1n }), 'BadTimes', () => [LOCK_SECONDS, now - 1n]],
        [() => ({ deadline: now + maxLife + 1n }), 'BadTimes', () => [LOCK_SECONDS, now + maxLife + 1n]],
        [() => ({ bond: maxBond + 1n }), 'BondTooHigh', () => [maxBond + 1n, maxBond]],
        [() => ({ callback: address, callbackGas: maxGas + 1n }), 'BadCallback', () => [address, maxGas + 1n]],
        [() => ({ callback: address, callbackGas: 0n }), 'BadCallback', () => [address, 0n]],
        [() => ({ callbackGas: 1n }), 'BadCallback', () => [ZeroAddress, 1n]],
      ] as const) {
        const opened = open(overrides)
        await expect(opened, error)
          .to.be.revertedWithCustomError(coordinator, error)
          .withArgs(...args())
      }
      for (const overrides of [
        () => ({ minPrice: MAX_PRICE }),
        () => ({ minPrice: 0n, maxPrice: 0n }),
        () => ({ lockSeconds: 1n }),
        () => ({ lockSeconds: 2n ** 32n - 1n }),
        () => ({ bond: maxBond }),
        () => ({ bond: 0n }),
        () => ({ callback: address, callbackGas: maxGas }),
        () => ({ deadline: now }),
        () => ({ deadline: now + maxLife }),
      ]) {
        await expect(open(overrides)).to.emit(coordinator, 'RequestOpened')
      }
    })

    it('name a model that is registered and active', async () => {
      const { coordinator, requester, registry, publisher, modelId, ask } = await loadFixture(fixture)
      const own = coordinator.connect(requester)
      await expect(own.requestInference(ask({ modelId: 5n }), '0x'))
        .to.be.revertedWithCustomError(registryErrors, 'ModelNotFound')
        .withArgs(5)
      const { circuitHash, vkHash, proofSystemId, uri } = (await registry.getModel(modelId)).commitment
      const next = { modelHash: id('v2'), circuitHash, vkHash, proofSystemId, uri }
      await registry.connect(publisher).updateModel(modelId, next)
      const newId = await registry.modelAt(modelId, 2)
      const { activatesAt } = await registry.verificationData(newId)
      await at(activatesAt - 1n)
      const early = ask({ modelId: newId, deadline: activatesAt + LIFETIME })
      await expect(own.requestInference(early, '0x'))
        .to.be.revertedWithCustomError(verifierErrors, 'ModelNotActive')
        .withArgs(newId, activatesAt)
      await at(activatesAt)
      await own.requestInference(early, '0x')
    })

    it('name a model that somebody checks', async () => {
      for (const [choose, error] of [
        [({ routed }: World) => routed, 'RouteNotFound'],
        [({ verifier }: World) => verifier, 'UnsupportedProofSystem'],
      ] as const) {
        const { coordinator, requester, registry, publisher, stranger, key, router, verifier, ask } =
          await createMarket(choose)
        const own = await new HostileVerifier__factory(stranger).deploy(0, UNSERVED)
        const models: bigint[] = []
        for (const address of [ZeroAddress, await own.getAddress()]) {
          const { manifest, commitment } = await describeModel(modelParts(key.vk, { verifier: address }))
          const unserved = { ...commitment, proofSystemId: UNSERVED }
          await registry.connect(publisher).publishManifest(manifest, address)
          await registry.connect(publisher).registerModel(unserved)
          models.push(await registry.modelIdOf(publisher, unserved))
        }
        const open = (modelId = 0n) => coordinator.connect(requester).requestInference(ask({ modelId }), '0x')
        const contract = error === 'RouteNotFound' ? router : verifier
        await expect(open(models[0])).to.be.revertedWithCustomError(contract, error).withArgs(UNSERVED)
        // A verifier of the model's own is asked directly, but not around a router.
        if (contract === verifier) await open(models[1])
        else await expect(open(models[1])).to.be.revertedWithCustomError(contract, error).withArgs(UNSERVED)
      }
    })

    it('an id is used once', async () => {
      const { coordinator, requester, ask, sign } = await loadFixture(fixture)
      const request = ask()
      const own = coordinator.connect(requester)
      await own.requestInference(request, '0x')
      await own.cancel(request)
      const requestId = await coordinator.requestIdOf(request)
      for (const again of [
        () => own.requestInference(request, '0x'),
        async () => own.openSigned(request, await sign(request), '0x'),
        async () => own.lockSigned(request, await sign(request), { value: BOND }),
      ]) {
        await expect(again())
          .to.be.revertedWithCustomError(coordinator, 'WrongState')
          .withArgs(requestId, state('CANCELLED'))
      }
      await own.requestInference({ ...request, nonce: request.nonce + 100n }, '0x')
    })
  })

  describe('signatures', () => {
    it('of the requester open a request by anyone, from the requester’s account', async () => {
      const { coordinator, requester, stranger, ask, sign, balance } = await loadFixture(fixture)
      const request = ask()
      const held = await coordinator.balanceOf(ZeroAddress, requester)
      await expect(coordinator.connect(stranger).openSigned(request, await sign(request), '0xab'))
        .to.emit(coordinator, 'RequestOpened')
        .withArgs(
          await coordinator.requestIdOf(request),
          requester.address,
          request.modelId,
          Object.values(request),
          '0xab',
        )
      expect(await coordinator.balanceOf(ZeroAddress, requester)).to.equal(held - MAX_PRICE)
      await balance([request])
    })

    it('need a deposit behind them', async () => {
      const { coordinator, stranger, ask, sign } = await loadFixture(fixture)
      const request = ask({ requester: stranger.address })
      const signature = await sign(request, stranger)
      await expect(coordinator.openSigned(request, signature, '0x'))
        .to.be.revertedWithCustomError(coordinator, 'BalanceTooLow')
        .withArgs(ZeroAddress, stranger.address, 0, MAX_PRICE)
    })

    it('of others, for other chains, contracts, nonces or terms are refused', async () => {
      const { coordinator, address, requester, rival, stranger, ask, sign } = await loadFixture(fixture)
      const request = ask()
      const elsewhere = (where: ReturnType<typeof marketDomain>) =>
        requester.signTypedData(where, MARKET_REQUEST_TYPES, request)
      const good = await sign(request)
      for (const signature of [
        await sign(request, stranger),
        await elsewhere(marketDomain(1n, address)),
        await elsewhere(marketDomain(31337n, stranger.address)),
        await elsewhere({ ...marketDomain(31337n, address), version: '2' }),
        await sign({ ...request, nonce: request.nonce + 1n }),
        await sign({ ...request, maxPrice: request.maxPrice - 1n }),
        good.slice(0, -2),
        good + '00',
        '0x',
      ]) {
        for (const attempt of [
          () => coordinator.connect(stranger).openSigned(request, signature, '0x'),
          () => coordinator.connect(rival).lockSigned(request, signature),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(coordinator, 'InvalidSignature')
            .withArgs(requester.address)
        }
      }
      const nobody = ask({ requester: ZeroAddress })
      await expect(coordinator.openSigned(nobody, good, '0x'))
        .to.be.revertedWithCustomError(coordinator, 'InvalidSignature')
        .withArgs(ZeroAddress)
    })

    it('of contract accounts count by ERC-1271', async () => {
      const { coordinator, requester, rival, stranger, ask, sign, balance } = await loadFixture(fixture)
      const wallet = await new Wallet1271__factory(stranger).deploy(stranger)
      const request = ask({ requester: await wallet.getAddress() })
      await coordinator.connect(requester).depositFor(ZeroAddress, MAX_PRICE, wallet, { value: MAX_PRICE })
      await expect(coordinator.connect(rival).lockSigned(request, await sign(request, requester)))
        .to.be.revertedWithCustomError(coordinator, 'InvalidSignature')
        .withArgs(request.requester)
      await coordinator.connect(rival).lockSigned(request, await sign(request, stranger))
      expect(await coordinator.stateOf(request)).to.equal(state('LOCKED'))
      await balance([request], [wallet])
    })

    it('cannot be used after the requester cancelled, opened or not', async () => {
      const { coordinator, requester, rival, ask, sign } = await loadFixture(fixture)
      const request = ask()
      await expect(coordinator.connect(requester).cancel(request))
        .to.emit(coordinator, 'RequestCancelled')
        .withArgs(await coordinator.requestIdOf(request), 0)
      await expect(coordinator.connect(rival).lockSigned(request, await sign(request)))
        .to.be.revertedWithCustomError(coordinator, 'WrongState')
        .withArgs(await coordinator.requestIdOf(request), state('CANCELLED'))
    })

    it('lockSigned is not spoiled by someone who opens the request first', async () => {
      const { coordinator, start, rival, stranger, ask, sign, balance } = await loadFixture(fixture)
      const request = ask()
      const signature = await sign(request)
      await coordinator.connect(stranger).openSigned(request, signature, '0xbad0')
      await at(start + 100n)
      await expect(coordinator.connect(rival).lockSigned(request, signature))
        .to.emit(coordinator, 'RequestLocked')
        .withArgs(await coordinator.requestIdOf(request), rival.address, 190_000, start + 100n + LOCK_SECONDS)
      await balance([request])
    })
  })

  describe('locks', () => {
    it('end with the deadline at the latest', async () => {
      const { coordinator, start, requester, rival, ask } = await loadFixture(fixture)
      const request = ask()
      await coordinator.connect(requester).requestInference(request, '0x')
      const moment = start + LIFETIME - 10n
      await at(moment)
      await expect(coordinator.connect(rival).lock(request))
        .to.emit(coordinator, 'RequestLocked')
        .withArgs(await coordinator.requestIdOf(request), rival.address, MAX_PRICE, start + LIFETIME)
      expect(await coordinator.recordOf(await coordinator.requestIdOf(request))).to.deep.equal([
        state('LOCKED'),
        rival.address,
        moment,
      ])
      await time.increaseTo(start + LIFETIME)
      expect(await coordinator.stateOf(request)).to.equal(state('LOCKED'))
      await time.increaseTo(start + LIFETIME + 1n)
      expect(await coordinator.stateOf(request)).to.equal(state('EXPIRED'))
    })

    it('take the bond from coins sent along, or fail', async () => {
      const { coordinator, requester, stranger, ask, balance } = await loadFixture(fixture)
      const request = ask()
      await coordinator.connect(requester).requestInference(request, '0x')
      const own = coordinator.connect(stranger)
      await expect(own.lock(request, { value: BOND - 1n }))
        .to.be.revertedWithCustomError(coordinator, 'BalanceTooLow')
        .withArgs(ZeroAddress, stranger.address, BOND - 1n, BOND)
      await own.lock(request, { value: BOND + 1n })
      expect(await coordinator.balanceOf(ZeroAddress, stranger)).to.equal(1)
      await balance([request])
    })
  })

  describe('the owner', () => {
    it('pauses and resumes the opening of requests, and nobody else does', async () => {
      const { coordinator, owner, requester, stranger, ask } = await loadFixture(fixture)
      const other = coordinator.connect(stranger)
      for (const call of [() => other.pause(), () => other.unpause()]) {
        await expect(call())
          .to.be.revertedWithCustomError(coordinator, 'OwnableUnauthorizedAccount')
          .withArgs(stranger.address)
      }
      await coordinator.connect(owner).pause()
      await expect(coordinator.connect(requester).requestInference(ask(), '0x')).to.be.revertedWithCustomError(
        coordinator,
        'EnforcedPause',
      )
      await coordinator.connect(owner).unpause()
      await coordinator.connect(requester).requestInference(ask(), '0x')
    })

    it('changes in two steps', async () => {
      const { coordinator, owner, stranger } = await loadFixture(fixture)
      await coordinator.connect(owner).transferOwnership(stranger)
      expect(await coordinator.owner()).to.equal(owner.address)
      await coordinator.connect(stranger).acceptOwnership()
      expect(await coordinator.owner()).to.equal(stranger.address)
    })
  })

  it('the coordinator says what it is, and pins a verifier that is one', async () => {
    const { coordinator, owner, registry, routed } = await loadFixture(fixture)
    expect(await coordinator.inferenceVerifier()).to.equal(await routed.getAddress())
    expect(await coordinator.supportsInterface('0x01ffc9a7')).to.equal(true)
    expect(await coordinator.supportsInterface('0xffffffff')).to.equal(false)
    expect(await coordinator.recordOf(ZeroHash)).to.deep.equal([0n, ZeroAddress, 0n])
    const factory = new InferenceCoordinator__factory(owner)
    for (const wrong of [await registry.getAddress(), owner.address]) {
      await expect(factory.deploy(wrong, owner))
        .to.be.revertedWithCustomError(coordinator, 'NotAnInferenceVerifier')
        .withArgs(wrong)
    }
  })
})
