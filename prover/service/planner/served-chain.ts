// SPDX-License-Identifier: GPL-3.0-or-later

import { Interface, ZeroAddress } from 'ethers'
import {
  depositOf,
  fulfillCall,
  inferenceVerifierOf,
  lockCall,
  readContract,
  readFulfilment,
  readRegisteredModel,
  recordOf,
  stateOf,
  verifierGasCapOf,
  verifyInferenceCall,
  type RpcProvider,
} from '../../chain'
import type { RegisteredModel } from '../../chain/types'
import { parseAmount, type ChainConfig, type MarketConfig } from '../config'
import { verifyGasLimit } from './economics'
import type { ServedChain } from './context'
import type { MarketChain, MarketPolicy } from './market-chain'

/** How long answers are used again that change slowly, in milliseconds of this machine's monotonic clock. */
const MODEL_LIFE = 15_000
const HEAD_LIFE = 500
const FEE_LIFE = 5_000

/**
 * What the planner knows of a chain, read through its provider when it is asked for, so that a chain that is down delays nobody.
 *
 * @param options.wake tells the outbox that there is something to send
 * @param options.canLock whether the outbox would send a lock, and a transaction of so much gas after it
 */
export function createServedChain(options: {
  readonly config: ChainConfig
  readonly provider: RpcProvider
  readonly account: string
  readonly wake: () => void
  readonly canLock: MarketChain['canLock']
}): ServedChain {
  const { config, provider, account, wake, canLock } = options
  const { chainId, coordinator } = config
  const verifier = remembered(Infinity, () => verifierAddress(config, provider))
  const gasCaps = new Map<bigint, () => Promise<bigint>>()
  const gasCap = (modelId: bigint) =>
    perModel(gasCaps, modelId, async () => verifierGasCapOf(provider, await verifier(), modelId))
  return {
    chainId,
    account,
    market:
      coordinator === undefined || !config.market.enabled
        ? null
        : { ...createMarketChain(config, coordinator, verifier, provider, account), verifierGasCap: gasCap, canLock },
    verifyCall: async (modelId, call) => verifyInferenceCall(await verifier(), modelId, call),
    verifyGas: async (modelId, schema) => verifyGasLimit(schema, await gasCap(modelId)),
    wake,
  }
}

async function verifierAddress(
  { inferenceVerifier, coordinator }: ChainConfig,
  provider: RpcProvider,
): Promise<string> {
  // The configuration has one of the two.
  return inferenceVerifier ?? inferenceVerifierOf(provider, coordinator!)
}

function createMarketChain(
  config: ChainConfig,
  coordinator: string,
  verifier: () => Promise<string>,
  provider: RpcProvider,
  account: string,
): Omit<MarketChain, 'verifierGasCap' | 'canLock'> {
  const models = new Map<bigint, () => Promise<RegisteredModel>>()
  const head = remembered(HEAD_LIFE, async () => {
    const block = await provider.getBlock('latest')
    return { number: block!.number, timestamp: block!.timestamp }
  })
  const gasPrice = remembered(FEE_LIFE, async () => (await provider.getFeeData()).gasPrice ?? 0n)
  return {
    chainId: config.chainId,
    coordinator,
    account,
    policy: marketPolicy(config.market),
    head,
    gasPrice,
    stateOf: (request) => stateOf(provider, coordinator, request),
    recordOf: async (requestId) => {
      const { locker, lockedAt } = await recordOf(provider, coordinator, requestId)
      return { locker, lockedAt: Number(lockedAt) }
    },
    fulfillerOf: async (requestId, fromBlock) => {
      // Endpoints refuse to search longer ranges.
      const newest = (await head()).number
      const range = { fromBlock: Math.max(fromBlock, newest - config.rangeBlocks + 1), toBlock: newest }
      return (await readFulfilment(provider, coordinator, requestId, range))?.prover
    },
    model: (modelId) => perModel(models, modelId, async () => readRegisteredModel(provider, await verifier(), modelId)),
    l1Fee: (bytes) => l1Fee(config.l1Fee, provider, bytes),
    l1Gas: async (bytes) => {
      if (config.l1Fee !== 'arbitrum') return 0n
      const [fee, price] = await Promise.all([l1Fee('arbitrum', provider, bytes), gasPrice()])
      // Twice what it is now: a limit has to hold when the parent chain gets dearer.
      return price === 0n ? 0n : (2n * fee) / price
    },
    deposited: () => depositOf(provider, coordinator, ZeroAddress, account),
    lockCall: (request, value) => lockCall(coordinator, request, value),
    fulfillCall: (request, call) => fulfillCall(coordinator, request, call),
  }
}

/** What is remembered of one model. */
function perModel<T>(kept: Map<bigint, () => Promise<T>>, modelId: bigint, read: () => Promise<T>): Promise<T> {
  let get = kept.get(modelId)
  if (get === undefined) kept.set(modelId, (get = remembered(MODEL_LIFE, read)))
  return get()
}

function marketPolicy(market: MarketConfig): MarketPolicy {
  return {
    models: Array.isArray(market.models) ? new Set(market.models) : (market.models as 'local' | 'any'),
    trustedVerifiers: new Set(market.trustedVerifiers.map((hash) => hash.toLowerCase())),
    minProfit: parseAmount(market.minProfit),
    maxBond: parseAmount(market.maxBond),
    tokens: new Map(Object.entries(market.tokens).map(([token, worth]) => [token.toLowerCase(), parseAmount(worth)])),
    timeFactor: market.timeFactor,
  }
}

/** Predeploy of OP-stack chains (Fjord and later): an upper bound from the size of the unsigned transaction. */
const OP_GAS_ORACLE = '0x420000000000000000000000000000000000000F'
const OP_ABI = new Interface(['function getL1FeeUpperBound(uint256 unsignedTxSize) view returns (uint256)'])
/** Precompile of Arbitrum chains (Nitro's ArbGasInfo.sol and .go): the second price is that of a byte on the parent chain. */
const ARB_GAS_INFO = '0x000000000000000000000000000000000000006C'
const ARB_ABI = new Interface([
  'function getPricesInWei() view returns (uint256, uint256 perL1Byte, uint256, uint256, uint256, uint256)',
])

/** What data of a transaction costs on the parent chain, by the chain's own word. */
async function l1Fee(kind: ChainConfig['l1Fee'], provider: RpcProvider, bytes: number): Promise<bigint> {
  switch (kind) {
    case 'none':
      return 0n
    case 'op-stack': {
      const [fee] = await readContract(provider, OP_ABI, OP_GAS_ORACLE, 'getL1FeeUpperBound', [bytes])
      return fee as bigint
    }
    case 'arbitrum': {
      const prices = await readContract(provider, ARB_ABI, ARB_GAS_INFO, 'getPricesInWei', [])
      return (prices.getValue('perL1Byte') as bigint) * BigInt(bytes)
    }
  }
}

/** The latest answer, asked for again when it is older than so many milliseconds; concurrent callers share one question. */
function remembered<T>(life: number, read: () => Promise<T>): () => Promise<T> {
  let asked = -Infinity
  let answer: Promise<T> | undefined
  return () => {
    const now = performance.now()
    if (answer === undefined || now - asked > life) {
      asked = now
      answer = read()
      // A failure is nobody's answer but the one who asked.
      answer.catch(() => (asked = -Infinity))
    }
    return answer
  }
}
