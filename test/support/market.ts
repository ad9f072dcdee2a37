// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { parseEther, ZeroAddress, type AddressLike } from 'ethers'
import { ethers } from 'hardhat'
import { inputCommitment, MARKET_REQUEST_TYPES, marketDomain, pack, type MarketRequest } from '../../prover/encodings'
import {
  HostileToken__factory,
  InferenceCoordinator__factory,
  type HostileToken,
  type InferenceCoordinator,
  type InferenceVerifier,
  type IInferenceCoordinator,
} from '../../typechain-types'
import { CLASSIFIER, createWorld, PIXELS, type Statement, type StatementOptions, type World } from './world'

export type Request = MarketRequest

/** The states of a request, as the contract numbers them. */
export const STATES = [
  'NONE',
  'OPEN',
  'LOCKED',
  'LOCK_EXPIRED',
  'EXPIRED',
  'FULFILLED',
  'CANCELLED',
  'REFUNDED',
] as const
export type StateName = (typeof STATES)[number]
export const state = (name: StateName): number => STATES.indexOf(name)

export const BURN_ADDRESS = '0x000000000000000000000000000000000000dEaD'
export const MIN_PRICE = 100_000n
export const MAX_PRICE = 1_000_000n
export const RAMP_SECONDS = 1000n
export const LOCK_SECONDS = 600n
export const LIFETIME = 3000n
/** Odd, so that its halves differ. */
export const BOND = parseEther('0.5') + 1n

const PIXELS_COMMITMENT = inputCommitment(CLASSIFIER, pack(PIXELS, CLASSIFIER.inputs[0]!))

export type Market = World & {
  readonly owner: HardhatEthersSigner
  readonly requester: HardhatEthersSigner
  readonly rival: HardhatEthersSigner
  readonly coordinator: InferenceCoordinator
  readonly address: string
  readonly token: HostileToken
  readonly modelId: bigint
  /** A time some way ahead, at which scenarios begin. */
  readonly start: bigint
  /** A request that begins its ramp at `start`. */
  ask(overrides?: Partial<Request>): Request
  sign(request: Request, signer?: HardhatEthersSigner): Promise<string>
  /** A proof that fits a request. */
  answer(request: Request, prover: AddressLike, options?: Partial<StatementOptions>): Promise<Statement>
  /** Asserts that what the coordinator holds is exactly what it owes. */
  balance(requests: readonly Request[], accounts?: readonly AddressLike[]): Promise<void>
}

/** The time of the next transaction. */
export async function at(moment: bigint): Promise<void> {
  await time.setNextBlockTimestamp(moment)
}

/** A market over a verifier that can be stopped, or over the direct one; requester and provers have deposits. */
export async function createMarket(choose: (world: World) => InferenceVerifier = ({ routed }) => routed) {
  const world = await createWorld()
  const signers = await ethers.getSigners()
  const [owner, requester, rival] = signers.slice(10) as [HardhatEthersSigner, HardhatEthersSigner, HardhatEthersSigner]
  const coordinator = await new InferenceCoordinator__factory(world.deployer).deploy(choose(world), owner)
  const address = await coordinator.getAddress()
  const token = await new HostileToken__factory(world.deployer).deploy()
  const modelId = await world.register()

  await token.mint(requester, 100n * MAX_PRICE)
  await token.connect(requester).approve(coordinator, 2n ** 256n - 1n)
  await coordinator.connect(requester).deposit(token, 10n * MAX_PRICE)
  await coordinator.connect(requester).deposit(ZeroAddress, 10n * MAX_PRICE, { value: 10n * MAX_PRICE })
  for (const prover of [world.prover, rival]) {
    await coordinator.connect(prover).deposit(ZeroAddress, 2n * BOND, { value: 2n * BOND })
  }
  const start = BigInt(await time.latest()) + 1000n
  let nonce = 0n

  const ask = (overrides: Partial<Request> = {}): Request => ({
    requester: requester.address,
    nonce: ++nonce,
    modelId,
    inputCommitment: PIXELS_COMMITMENT,
    token: ZeroAddress,
    minPrice: MIN_PRICE,
    maxPrice: MAX_PRICE,
    rampStart: start,
    rampSeconds: RAMP_SECONDS,
    lockSeconds: LOCK_SECONDS,
    deadline: start + LIFETIME,
    bond: BOND,
    callback: ZeroAddress,
    callbackGas: 0n,
    ...overrides,
  })

  const market: Market = {
    ...world,
    owner,
    requester,
    rival,
    coordinator,
    address,
    token,
    modelId,
    start,
    ask,
    sign: (request, signer = requester) =>
      signer.signTypedData(marketDomain(31337n, address), MARKET_REQUEST_TYPES, request),
    async answer(request, prover, options = {}) {
      const requestId = await coordinator.requestIdOf(request)
      const named = await ethers.resolveAddress(prover)
      return world.prove({ modelId: request.modelId, caller: address, requestId, prover: named, ...options })
    },
    async balance(requests, accounts = []) {
      const known = [owner, requester, rival, world.deployer, world.prover, world.stranger, world.publisher]
      const holders = new Set(
        await Promise.all([...known, ...accounts, BURN_ADDRESS, address].map((one) => ethers.resolveAddress(one))),
      )
      const tokens = new Set([ZeroAddress, await token.getAddress(), ...requests.map((request) => request.token)])
      for (const money of tokens) {
        let owed = 0n
        for (const holder of holders) owed += await coordinator.balanceOf(money, holder)
        for (const request of requests) owed += await heldFor(coordinator, request, money)
        const held =
          money === ZeroAddress
            ? await ethers.provider.getBalance(address)
            : await HostileToken__factory.connect(money, world.deployer).balanceOf(address)
        expect(held, `holdings of ${money}`).to.equal(owed)
      }
    },
  }
  return market
}

/** Escrow and bond that the coordinator holds for a request in one token. */
async function heldFor(coordinator: IInferenceCoordinator, request: Request, token: string): Promise<bigint> {
  const [stored, , lockedAt] = await coordinator.recordOf(await coordinator.requestIdOf(request))
  let held = 0n
  if (Number(stored) === state('OPEN') && request.token === token) held += request.maxPrice
  if (Number(stored) === state('LOCKED')) {
    if (request.token === token) held += await coordinator.priceAt(request, lockedAt)
    if (token === ZeroAddress) held += request.bond
  }
  return held
}

/** EIP-712 domain of a coordinator. */
/** The newest request, from the event that provers read. */
export async function newestRequest(coordinator: IInferenceCoordinator): Promise<{ request: Request; input: string }> {
  const event = (await coordinator.queryFilter(coordinator.filters.RequestOpened())).at(-1)
  if (event === undefined) throw new Error('There is no request.')
  const { request: r, input } = event.args
  const request = {
    requester: r.requester,
    nonce: r.nonce,
    modelId: r.modelId,
    inputCommitment: r.inputCommitment,
    token: r.token,
    minPrice: r.minPrice,
    maxPrice: r.maxPrice,
    rampStart: r.rampStart,
    rampSeconds: r.rampSeconds,
    lockSeconds: r.lockSeconds,
    deadline: r.deadline,
    bond: r.bond,
    callback: r.callback,
    callbackGas: r.callbackGas,
  }
  return { request, input }
}
