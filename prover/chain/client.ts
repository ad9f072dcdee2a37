// SPDX-License-Identifier: GPL-3.0-or-later

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { toBigInt, ZeroAddress, type Provider, type Signer, type TransactionReceipt } from 'ethers'
import { decodeOutput, marketRequestId, type MarketRequest } from '../encodings'
import { ZkmlError } from '../errors'
import { decodeOutputs, type DecodedOutput, type InferenceCall } from '../pipeline/proof-file'
import { depositOf, readFulfilment, requestInferenceCall, stateOf } from './coordinator'
import { encodeInput, type InputValues } from './input'
import { readRegisteredModel } from './registry'
import { ContractRevertError, decodeRevert } from './revert'
import { RpcProvider, type RpcOptions } from './rpc'
import type { Call, Fulfilment, RegisteredModel, RequestState } from './types'
import { checkInference, verifyInferenceCall } from './verifier'

/** The client was made without something that a call needs: a provider, a signer or the coordinator's address. */
export class ClientSetupError extends ZkmlError {
  readonly code = 'CHAIN_CLIENT'
}

/** A request ended without a result. */
export class RequestEndedError extends ZkmlError {
  readonly code = 'CHAIN_REQUEST_ENDED'

  constructor(
    requestId: string,
    readonly state: RequestState,
  ) {
    super(`The request ${requestId} is ${state}; nobody proved it.`)
  }
}

/** A result did not come within the time that the caller gave. */
export class ResultTimeoutError extends ZkmlError {
  readonly code = 'CHAIN_RESULT_TIMEOUT'
}

export type ZkmlChainOptions = {
  readonly addresses: { readonly inferenceVerifier: string; readonly coordinator?: string }
  /** Reads the chain; by default that of the signer. */
  readonly provider?: Provider | RpcOptions
  /** Sends transactions. */
  readonly signer?: Signer
}

/** What a requester offers. Prices are in the token's smallest unit, the bond in wei, times in seconds. */
export type InferenceOffer = {
  readonly modelId: bigint
  readonly inputs: InputValues
  /** Paid at most, and escrowed at once. */
  readonly maxPrice: bigint
  /** Where the price begins to climb; by default it does not. */
  readonly minPrice?: bigint
  /** How long it climbs. Default 300. */
  readonly rampSeconds?: number
  /** What a prover stakes on delivering. Without a bond, anyone can block the request for nothing. */
  readonly bond: bigint
  /** How long a prover has. Default 600. */
  readonly lockSeconds?: number
  /** How long the request lives, at most 30 days. Default 3600. */
  readonly lifetimeSeconds?: number
  /** What is paid in; by default the native coin. Others have to be deposited before. */
  readonly token?: string
  readonly callback?: { readonly address: string; readonly gas: number }
}

/** A request that is on chain; keep it to wait for its result. */
export type SentRequest = {
  readonly requestId: string
  readonly request: MarketRequest
  /** Of hashed inputs: the prover needs them. */
  readonly salts: readonly bigint[]
  readonly transactionHash: string
  /** Where it was mined. */
  readonly block: number
}

export type InferenceResult = Fulfilment & { readonly outputs: readonly DecodedOutput[] }

export type WaitOptions = {
  /** Longest wait; by default until the request ends. */
  readonly timeoutSeconds?: number
  /** Default 4. */
  readonly pollSeconds?: number
  readonly signal?: AbortSignal
}

/** A settlement may move by so many blocks between two looks, in a reorganisation. */
const REORG_BLOCKS = 64

/**
 * Inferences on chain in one call each.
 *
 * @example
 * ```ts
 * const zkml = new ZkmlChain({ signer, addresses: { inferenceVerifier, coordinator } })
 * const sent = await zkml.requestInference({ modelId, inputs: [features], maxPrice: 10n ** 15n, bond: 10n ** 16n })
 * const { outputs } = await zkml.waitForResult(sent)
 * ```
 */
export class ZkmlChain {
  readonly provider: Provider
  readonly #options: ZkmlChainOptions
  /** The provider that is ours to close. */
  readonly #own: RpcProvider | undefined
  readonly #models = new Map<bigint, Promise<RegisteredModel>>()

  /** @throws ClientSetupError when there is neither a provider nor a signer with one. */
  constructor(options: ZkmlChainOptions) {
    const { provider, signer } = options
    if (provider !== undefined && 'urls' in provider) this.#own = new RpcProvider(provider)
    const found = this.#own ?? (provider as Provider | undefined) ?? signer?.provider
    if (!found) throw new ClientSetupError('The client has no provider; give one, RPC URLs, or a connected signer.')
    this.provider = found
    this.#options = options
  }

  /** A model as its registry has it; looked up anew each time. */
  async model(modelId: bigint): Promise<RegisteredModel> {
    return readRegisteredModel(this.provider, this.#options.addresses.inferenceVerifier, modelId)
  }

  /**
   * Sends `verifyInference` from the signer, whose address the proof has to be bound to, and waits until it is mined.
   *
   * @throws ContractRevertError when the chain does not accept the proof.
   */
  async verifyInference(modelId: bigint, proof: InferenceCall): Promise<TransactionReceipt> {
    const call = verifyInferenceCall(this.#options.addresses.inferenceVerifier, modelId, proof)
    return this.#send(call, 'verifyInference')
  }

  /**
   * Asks the chain whether a proof holds for a caller, without a transaction.
   *
   * @throws ContractRevertError when it does not.
   */
  async checkInference(modelId: bigint, proof: InferenceCall, caller: string): Promise<void> {
    await checkInference(this.provider, this.#options.addresses.inferenceVerifier, modelId, proof, caller)
  }

  /**
   * Packs an input, commits to it, and opens a request for it in the signer's name; waits until it is mined. Of the native
   * coin, what the signer's account at the coordinator lacks is sent along.
   *
   * @throws InputRangeError, PackingError or EncodingValueError for a bad input; ContractRevertError.
   */
  async requestInference(offer: InferenceOffer): Promise<SentRequest> {
    const coordinator = this.#coordinator()
    const requester = await this.#signer().getAddress()
    const [{ ioSchema }, newest, { chainId }] = await Promise.all([
      this.#modelOnce(offer.modelId),
      this.provider.getBlock('latest'),
      this.provider.getNetwork(),
    ])
    const { inputCommitment, hint, salts } = encodeInput(ioSchema, offer.inputs)
    const now = BigInt(newest!.timestamp)
    const token = offer.token ?? ZeroAddress
    const request: MarketRequest = {
      requester,
      nonce: toBigInt(randomBytes(32)),
      modelId: offer.modelId,
      inputCommitment,
      token,
      minPrice: offer.minPrice ?? offer.maxPrice,
      maxPrice: offer.maxPrice,
      rampStart: now,
      rampSeconds: BigInt(offer.rampSeconds ?? 300),
      lockSeconds: BigInt(offer.lockSeconds ?? 600),
      deadline: now + BigInt(offer.lifetimeSeconds ?? 3600),
      bond: offer.bond,
      callback: offer.callback?.address ?? ZeroAddress,
      callbackGas: BigInt(offer.callback?.gas ?? 0),
    }
    const native = BigInt(token) === 0n
    const missing = native ? request.maxPrice - (await depositOf(this.provider, coordinator, token, requester)) : 0n
    const call = requestInferenceCall(coordinator, request, hint, missing > 0n ? missing : 0n)
    const { hash, blockNumber } = await this.#send(call, 'requestInference')
    const requestId = marketRequestId(chainId, coordinator, request)
    return { requestId, request, salts, transactionHash: hash, block: blockNumber }
  }

  /**
   * Waits until a request is fulfilled, and decodes the result.
   *
   * @throws RequestEndedError when it was cancelled, refunded or expired; ResultTimeoutError.
   */
  async waitForResult(sent: SentRequest, options: WaitOptions = {}): Promise<InferenceResult> {
    const coordinator = this.#coordinator()
    const { ioSchema } = await this.#modelOnce(sent.request.modelId)
    const end = performance.now() + (options.timeoutSeconds ?? Infinity) * 1000
    for (let from = sent.block; ;) {
      const head = await this.provider.getBlockNumber()
      const state = await stateOf(this.provider, coordinator, sent.request, head)
      if (state === 'fulfilled') {
        const range = { fromBlock: Math.max(0, from - REORG_BLOCKS), toBlock: head }
        const fulfilment = await readFulfilment(this.provider, coordinator, sent.requestId, range)
        if (fulfilment !== undefined)
          return { ...fulfilment, outputs: decodeOutputs(ioSchema, decodeOutput(fulfilment.output)) }
      } else if (state === 'cancelled' || state === 'refunded' || state === 'expired') {
        throw new RequestEndedError(sent.requestId, state)
      } else from = Math.max(from, head)
      if (performance.now() >= end)
        throw new ResultTimeoutError(`The request ${sent.requestId} is still ${state}; wait for it again.`)
      await sleep((options.pollSeconds ?? 4) * 1000, undefined, options.signal && { signal: options.signal })
    }
  }

  /** Closes the connections that the client opened itself. */
  close(): void {
    this.#own?.destroy()
  }

  /** Schemas never change, so one look is enough. */
  #modelOnce(modelId: bigint): Promise<RegisteredModel> {
    const known = this.#models.get(modelId)
    if (known !== undefined) return known
    const model = this.model(modelId)
    this.#models.set(modelId, model)
    model.catch(() => this.#models.delete(modelId))
    return model
  }

  async #send(call: Call, what: string): Promise<TransactionReceipt> {
    try {
      const transaction = await this.#signer().sendTransaction(call)
      // Null only where no confirmation is waited for.
      return (await transaction.wait())!
    } catch (error) {
      const revert = decodeRevert(error)
      if (revert === undefined) throw error
      throw new ContractRevertError(`"${what}" of ${call.to}`, revert, { cause: error })
    }
  }

  #signer(): Signer {
    const { signer } = this.#options
    if (signer === undefined) throw new ClientSetupError('The client has no signer; give one to send transactions.')
    return signer.provider === null ? signer.connect(this.provider) : signer
  }

  #coordinator(): string {
    const { coordinator } = this.#options.addresses
    if (coordinator === undefined) throw new ClientSetupError("The client has no coordinator's address; give one.")
    return coordinator
  }
}
