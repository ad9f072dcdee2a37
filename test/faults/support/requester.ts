// SPDX-License-Identifier: GPL-3.0-or-later

import { parseEther, parseUnits, ZeroAddress, type Wallet } from 'ethers'
import { marketRequestId, type MarketRequest } from '../../../prover/encodings'
import type { ListedModel, Market } from './market'
import type { MarketInput } from './models'
import { sleep } from './wait'

/** A request that was opened, and what its answer must be. */
export type AskedRequest = {
  readonly id: string
  readonly request: MarketRequest
  readonly model: ListedModel
  readonly input: MarketInput
  readonly transaction: { readonly hash: string; readonly raw: string; readonly nonce: number }
}

/** Who wants inferences, and sees to it that its transactions are mined, whatever the chain does. */
export type Requester = {
  readonly wallet: Wallet
  readonly asked: readonly AskedRequest[]
  /** Signs and sends a request for each input, without waiting for a block. */
  ask(model: ListedModel, inputs: readonly MarketInput[], terms?: Partial<MarketRequest>): Promise<AskedRequest[]>
  /** Sends again what is not on chain any more. */
  resend(): Promise<void>
  /**
   * Does so every so many milliseconds, as nodes with a mempool would after a reorg, until what it returns is called.
   */
  persist(milliseconds?: number): () => Promise<void>
}

/**
 * What a request pays at least and at most, so that it is worth it at any price of gas; its bond. The price climbs for
 * an hour.
 */
export const TERMS = {
  minPrice: parseEther('0.5'),
  maxPrice: parseEther('1'),
  rampSeconds: 3600n,
  lockSeconds: 900n,
  lifetime: 86_400n,
  bond: parseEther('0.005'),
} as const

const GAS_LIMIT = 400_000n
// So much that no spike of a test holds a request up: it is the prover that is tested.
const MAX_FEE = parseUnits('5000', 'gwei')
const TIP = parseUnits('1', 'gwei')

/** Makes a requester out of an account with coins. */
export async function createRequester(market: Market, wallet: Wallet = market.account()): Promise<Requester> {
  const { anvil, coordinator, coordinatorAddress, chainId } = market
  const asked: AskedRequest[] = []
  let nonce = await wallet.getNonce('pending')

  const broadcast = (raw: string): Promise<unknown> =>
    anvil.call('eth_sendRawTransaction', raw).catch((error: unknown) => {
      if (!/already (known|imported)|nonce too low/i.test(String(error))) throw error
    })

  const resend = async (): Promise<void> => {
    const mined = await wallet.getNonce('latest')
    for (const { transaction } of asked) if (transaction.nonce >= mined) await broadcast(transaction.raw)
  }

  return {
    wallet,
    asked,
    async ask(model, inputs, terms = {}) {
      const now = BigInt((await anvil.provider.getBlock('latest'))!.timestamp)
      const added: AskedRequest[] = []
      for (const input of inputs) {
        const request: MarketRequest = {
          requester: wallet.address,
          nonce: BigInt(asked.length),
          modelId: model.modelId,
          inputCommitment: input.commitment,
          token: ZeroAddress,
          minPrice: TERMS.minPrice,
          maxPrice: TERMS.maxPrice,
          rampStart: now,
          rampSeconds: TERMS.rampSeconds,
          lockSeconds: TERMS.lockSeconds,
          deadline: now + TERMS.lifetime,
          bond: TERMS.bond,
          callback: ZeroAddress,
          callbackGas: 0n,
          ...terms,
        }
        const { to, data } = await coordinator.requestInference.populateTransaction(request, input.hint)
        const raw = await wallet.signTransaction({
          ...{ type: 2, chainId, to, data, nonce, value: request.maxPrice, gasLimit: GAS_LIMIT },
          ...{ maxFeePerGas: MAX_FEE, maxPriorityFeePerGas: TIP },
        })
        const hash = await anvil.call<string>('eth_sendRawTransaction', raw)
        const id = marketRequestId(BigInt(chainId), coordinatorAddress, request)
        const one = { id, request, model, input, transaction: { hash, raw, nonce: nonce++ } }
        asked.push(one)
        added.push(one)
      }
      return added
    },
    resend,
    persist(milliseconds = 100) {
      const stopping = new AbortController()
      const persisting = (async () => {
        while (!stopping.signal.aborted) {
          await resend()
          await sleep(milliseconds)
        }
      })()
      persisting.catch(() => undefined)
      return () => {
        stopping.abort()
        return persisting
      }
    },
  }
}
