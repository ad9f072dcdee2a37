// SPDX-License-Identifier: GPL-3.0-or-later

import { ZeroAddress } from 'ethers'
import { marketPriceAt, signalLayout, type IoSchema, type MarketRequest } from '../../encodings'
import type { MarketChain } from './market-chain'

/** Gas of `lock` with all its first-time storage writes; test/gas/snapshot.json has what it measures. */
const LOCK_GAS = 150_000n
/** Gas of `fulfill` apart from the verifier and the callback: decoding, settlement, events, calldata of the proof. */
const FULFILL_BASE_GAS = 220_000n
/** Gas of `verifyInference` apart from the verifier. */
const VERIFY_BASE_GAS = 120_000n
/** Calldata, hashing and comparison of one signal. */
const SIGNAL_GAS = 4_000n
/** Bytes of a `fulfill` transaction besides its words: request, proof points, offsets, signature. */
const FULFILL_BASE_BYTES = 1_300

/** Gas of a job's two transactions: their limits, or what they are expected to use. */
export type GasLimits = { readonly lock: bigint; readonly fulfill: bigint }

/** Gas to have before a call so that so much is there in it: 1/64 is kept back at each. */
const behindCall = (gas: bigint) => (gas * 64n + 62n) / 63n

/**
 * Gas limits that are enough for everything the coordinator insists on: the verifier's cap and the callback's gas must each be
 * available in full, with 1/64 kept back at either call (contracts/libraries/VerifierCall.sol).
 */
export function gasLimits(
  request: MarketRequest,
  schema: IoSchema,
  verifierGasCap: bigint,
  /** What data costs as further gas, on chains that charge for it so. */
  dataGas = 0n,
): GasLimits {
  return {
    lock: LOCK_GAS + dataGas,
    fulfill: FULFILL_BASE_GAS + verifierGas(schema, verifierGasCap) + behindCall(request.callbackGas) + dataGas,
  }
}

/** Gas limit of `verifyInference`. */
export function verifyGasLimit(schema: IoSchema, verifierGasCap: bigint): bigint {
  return VERIFY_BASE_GAS + verifierGas(schema, verifierGasCap)
}

function verifierGas(schema: IoSchema, cap: bigint): bigint {
  return behindCall(behindCall(cap)) + BigInt(signalLayout(schema).total) * SIGNAL_GAS
}

/** Money of a request at a moment, in wei. */
export type Quote = {
  readonly price: bigint
  /** Both transactions, and their data on the parent chain. */
  readonly cost: bigint
  readonly profit: bigint
}

/** Worth of an amount of the request's token in wei, or undefined when the operator does not take it. */
export function worthInWei(
  request: MarketRequest,
  amount: bigint,
  tokens: ReadonlyMap<string, bigint>,
): bigint | undefined {
  if (request.token === ZeroAddress) return amount
  const worth = tokens.get(request.token.toLowerCase())
  return worth === undefined ? undefined : (amount * worth) / 10n ** 18n
}

/** What one who locks a request at a second would get for it. Undefined when its token is not taken. */
export async function quote(
  chain: MarketChain,
  request: MarketRequest,
  gas: GasLimits,
  signals: number,
  time: number,
): Promise<Quote | undefined> {
  const price = worthInWei(request, marketPriceAt(request, BigInt(time)), chain.policy.tokens)
  if (price === undefined) return undefined
  const cost = await costOf(chain, gas.lock + gas.fulfill, signals, 2n)
  return { price, cost, profit: price - cost }
}

/**
 * What fulfilling a request would bring whose lock ran out: the price that was locked, and half of the bond. Undefined when its
 * token is not taken.
 */
export async function quoteExpired(
  chain: MarketChain,
  request: MarketRequest,
  gas: GasLimits,
  signals: number,
  lockedAt: number,
): Promise<Quote | undefined> {
  const locked = worthInWei(request, marketPriceAt(request, BigInt(lockedAt)), chain.policy.tokens)
  if (locked === undefined) return undefined
  const price = locked + request.bond / 2n
  const cost = await costOf(chain, gas.fulfill, signals, 1n)
  return { price, cost, profit: price - cost }
}

/** Wei of so much gas, and of so many transactions' data on the parent chain. */
async function costOf(chain: MarketChain, gas: bigint, signals: number, transactions: bigint): Promise<bigint> {
  const [gasPrice, l1Fee] = await Promise.all([chain.gasPrice(), chain.l1Fee(fulfilBytes(signals))])
  return gas * gasPrice + transactions * l1Fee
}

/** Bytes of a `fulfill` transaction of a model with so many signals. */
export function fulfilBytes(signals: number): number {
  return FULFILL_BASE_BYTES + 32 * signals
}

/** First second from `time` on at which the price makes up for the cost with the profit asked for, or undefined for never. */
export function profitableFrom(
  request: MarketRequest,
  time: number,
  needed: bigint,
  tokens: ReadonlyMap<string, bigint>,
): number | undefined {
  const priceAt = (second: number) => worthInWei(request, marketPriceAt(request, BigInt(second)), tokens) ?? -1n
  const [rampEnd, deadline] = [Number(request.rampStart + request.rampSeconds), Number(request.deadline)]
  const last = Math.min(Math.max(rampEnd, time), deadline)
  if (priceAt(last) < needed) return undefined
  // The price never falls, so the first second is found by halving.
  let [low, high] = [time, last]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (priceAt(middle) >= needed) high = middle
    else low = middle + 1
  }
  return low
}
