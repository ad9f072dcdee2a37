// SPDX-License-Identifier: GPL-3.0-or-later

import { getAddress, Interface, type BlockTag, type Provider, type Result } from 'ethers'
import { marketRequestId, type MarketRequest } from '../encodings'
import type { InferenceCall } from '../pipeline/proof-file'
import { INFERENCE_COORDINATOR_ABI } from './abi'
import { ChainDataError, encodeCall, readContract } from './contract'
import type { Call, Fulfilment, OpenedRequest, RequestRecord, RequestState } from './types'

const COORDINATOR = new Interface(INFERENCE_COORDINATOR_ABI)
const topicOf = (event: string): string => COORDINATOR.getEvent(event)!.topicHash

/** First topic of `RequestOpened`. */
export const REQUEST_OPENED_TOPIC = topicOf('RequestOpened')

/** In the order of the contract's enum. */
const STATES: readonly RequestState[] = [
  'none',
  'open',
  'locked',
  'lock-expired',
  'expired',
  'fulfilled',
  'cancelled',
  'refunded',
]

/** What is read of a log, of ethers or as JSON-RPC has it. */
export type EventLog = {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly blockNumber: number
  readonly blockHash: string
}

/**
 * Reads a `RequestOpened` log of a coordinator. Anything may be in a log that an RPC endpoint gives, so the id is computed
 * anew from the request.
 *
 * @returns undefined for a log that is malformed, or whose id is not that of its request.
 */
export function decodeOpened(chainId: number, log: EventLog): OpenedRequest | undefined {
  try {
    const event = COORDINATOR.parseLog(log)
    if (event?.name !== 'RequestOpened') return undefined
    const { requestId, requester, modelId, input } = event.args.toObject() as {
      readonly requestId: string
      readonly requester: string
      readonly modelId: bigint
      readonly input: string
    }
    const request = (event.args.getValue('request') as Result).toObject() as MarketRequest
    const coordinator = getAddress(log.address)
    if (marketRequestId(BigInt(chainId), coordinator, request) !== requestId) return undefined
    if (requester !== request.requester || modelId !== request.modelId) return undefined
    return { coordinator, requestId, request, input, block: { number: log.blockNumber, hash: log.blockHash } }
  } catch {
    return undefined
  }
}

/**
 * The requests that a coordinator announced in a range of blocks, inclusive, and how many logs were malformed.
 *
 * @example
 * ```ts
 * const { requests } = await readOpenedRequests(provider, coordinator, { fromBlock: 100, toBlock: 'latest' })
 * ```
 */
export async function readOpenedRequests(
  provider: Provider,
  coordinator: string,
  range: { readonly fromBlock: BlockTag; readonly toBlock: BlockTag },
): Promise<{ readonly requests: readonly OpenedRequest[]; readonly malformed: number }> {
  const [{ chainId }, logs] = await Promise.all([
    provider.getNetwork(),
    provider.getLogs({ ...range, address: coordinator, topics: [REQUEST_OPENED_TOPIC] }),
  ])
  const decoded = logs.map((log) => decodeOpened(Number(chainId), log))
  const requests = decoded.filter((opened) => opened !== undefined)
  return { requests, malformed: logs.length - requests.length }
}

/** The event that settled a request, if it is in a range of blocks. */
export async function readFulfilment(
  provider: Provider,
  coordinator: string,
  requestId: string,
  range: { readonly fromBlock: BlockTag; readonly toBlock: BlockTag },
): Promise<Fulfilment | undefined> {
  const topics = [topicOf('RequestFulfilled'), requestId]
  const [log] = await provider.getLogs({ ...range, address: coordinator, topics })
  if (log === undefined) return undefined
  const event = COORDINATOR.parseLog(log)
  if (event === null) throw new ChainDataError(`${coordinator} announces a fulfilment that is none.`)
  const { prover, modelId, inputCommitment, output, price } = event.args.toObject() as Omit<Fulfilment, 'block'>
  const block = { number: log.blockNumber, hash: log.blockHash }
  return { requestId, prover, modelId, inputCommitment, output, price, block }
}

/** Where a request stands at a block; by default at the newest. */
export async function stateOf(
  provider: Provider,
  coordinator: string,
  request: MarketRequest,
  blockTag?: BlockTag,
): Promise<RequestState> {
  const [state] = await read(provider, coordinator, 'stateOf', [request], blockTag)
  return stateNamed(state)
}

/** What is stored of a request at a block; by default at the newest. */
export async function recordOf(
  provider: Provider,
  coordinator: string,
  requestId: string,
  blockTag?: BlockTag,
): Promise<RequestRecord> {
  const [state, locker, lockedAt] = await read(provider, coordinator, 'recordOf', [requestId], blockTag)
  return { state: stateNamed(state), locker: locker as string, lockedAt: lockedAt as bigint }
}

/** What locking a request at a second fixes as its price; `marketPriceAt` computes the same off chain. */
export async function priceAt(
  provider: Provider,
  coordinator: string,
  request: MarketRequest,
  time: bigint,
): Promise<bigint> {
  const [price] = await read(provider, coordinator, 'priceAt', [request, time])
  return price as bigint
}

/** What an account holds at a coordinator and is free to use or withdraw; the native coin is the zero address. */
export async function depositOf(
  provider: Provider,
  coordinator: string,
  token: string,
  account: string,
  blockTag?: BlockTag,
): Promise<bigint> {
  const [balance] = await read(provider, coordinator, 'balanceOf', [token, account], blockTag)
  return balance as bigint
}

/** The verifier that a coordinator asks. */
export async function inferenceVerifierOf(provider: Provider, coordinator: string): Promise<string> {
  const [verifier] = await read(provider, coordinator, 'inferenceVerifier', [])
  return verifier as string
}

/** `requestInference`: opens a request of the sender's. @param value - wei to credit to the sender first */
export function requestInferenceCall(coordinator: string, request: MarketRequest, input: string, value = 0n): Call {
  return encodeCall(COORDINATOR, coordinator, 'requestInference', [request, input], value)
}

/** `openSigned`: opens a request that its requester signed. Anyone may. */
export function openSignedCall(coordinator: string, request: MarketRequest, signature: string, input: string): Call {
  return encodeCall(COORDINATOR, coordinator, 'openSigned', [request, signature, input])
}

/** `lock`: locks an open request for the sender. @param value - wei to credit to the sender first, for the bond */
export function lockCall(coordinator: string, request: MarketRequest, value = 0n): Call {
  return encodeCall(COORDINATOR, coordinator, 'lock', [request], value)
}

/** `lockSigned`: opens a signed request unless somebody has, and locks it. @param value - as in {@link lockCall} */
export function lockSignedCall(coordinator: string, request: MarketRequest, signature: string, value = 0n): Call {
  return encodeCall(COORDINATOR, coordinator, 'lockSigned', [request, signature], value)
}

/** `fulfill`: settles a locked request. Anyone may send it; the prover named in the proof is paid. */
export function fulfillCall(
  coordinator: string,
  request: MarketRequest,
  proof: Pick<InferenceCall, 'output' | 'proof'>,
): Call {
  return encodeCall(COORDINATOR, coordinator, 'fulfill', [request, proof.output, proof.proof])
}

/** `cancel`: withdraws a request of the sender's that nobody has locked. */
export function cancelCall(coordinator: string, request: MarketRequest): Call {
  return encodeCall(COORDINATOR, coordinator, 'cancel', [request])
}

/** `refund`: ends a request past its deadline, or of a stopped model. Anyone may. */
export function refundCall(coordinator: string, request: MarketRequest): Call {
  return encodeCall(COORDINATOR, coordinator, 'refund', [request])
}

/** `depositFor`: deposits into any account. The native coin, token 0, is sent along; others have to be approved before. */
export function depositForCall(coordinator: string, token: string, amount: bigint, account: string): Call {
  const value = BigInt(token) === 0n ? amount : 0n
  return encodeCall(COORDINATOR, coordinator, 'depositFor', [token, amount, account], value)
}

/** `withdraw`: pays out from the sender's account to any address. */
export function withdrawCall(coordinator: string, token: string, amount: bigint, to: string): Call {
  return encodeCall(COORDINATOR, coordinator, 'withdraw', [token, amount, to])
}

function read(
  provider: Provider,
  coordinator: string,
  name: string,
  args: readonly unknown[],
  blockTag?: BlockTag,
): Promise<Result> {
  return readContract(provider, COORDINATOR, coordinator, name, args, blockTag === undefined ? {} : { blockTag })
}

function stateNamed(value: unknown): RequestState {
  const state = STATES[Number(value)]
  if (state === undefined) throw new ChainDataError(`A coordinator says that a request is in state ${String(value)}.`)
  return state
}
