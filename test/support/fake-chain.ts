// SPDX-License-Identifier: GPL-3.0-or-later

import { id, Interface, toQuantity, ZeroAddress, ZeroHash } from 'ethers'
import { INFERENCE_COORDINATOR_ABI } from '../../prover/chain'
import { marketRequestId, type MarketRequest } from '../../prover/encodings'
import { bloomBits } from '../../prover/service/discovery/bloom'
import type { RpcCall, RpcReply } from './rpc-server'

const CHAIN_ID = 31337
const COORDINATOR = new Interface(INFERENCE_COORDINATOR_ABI)

/** Address of the coordinator on fake chains. */
export const FAKE_COORDINATOR = '0x52908400098527886E0F7030069857D2E4169EE7'

type FakeLog = {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly transactionHash: string
}

export type FakeBlock = {
  readonly number: number
  readonly hash: string
  readonly parentHash: string
  readonly timestamp: number
  readonly logs: readonly FakeLog[]
  readonly bloom: string
}

type LogFilter = {
  readonly fromBlock?: string
  readonly toBlock?: string
  readonly blockHash?: string
  readonly address: readonly string[]
  readonly topics: readonly string[]
}

/** A log that a coordinator could emit, and the id of its request. */
export function fakeOpening(nonce: bigint, coordinator = FAKE_COORDINATOR): { id: string; log: FakeLog } {
  const request: MarketRequest = {
    requester: '0xde709f2102306220921060314715629080e2fb77',
    nonce,
    modelId: 7n,
    inputCommitment: id('input'),
    token: ZeroAddress,
    minPrice: 1n,
    maxPrice: 2n,
    rampStart: 0n,
    rampSeconds: 1n,
    lockSeconds: 60n,
    deadline: 1n << 40n,
    bond: 0n,
    callback: ZeroAddress,
    callbackGas: 0n,
  }
  const requestId = marketRequestId(BigInt(CHAIN_ID), coordinator, request)
  const values = [requestId, request.requester, request.modelId, request, '0x1234']
  const { topics, data } = COORDINATOR.encodeEventLog('RequestOpened', values)
  return {
    id: requestId,
    log: { address: coordinator.toLowerCase(), topics, data, transactionHash: id(`tx ${nonce}`) },
  }
}

function bloomOf(logs: readonly FakeLog[]): string {
  const bytes = new Uint8Array(256)
  for (const bit of logs.flatMap(({ address, topics }) => [address, ...topics].flatMap(bloomBits)))
    bytes[255 - (bit >> 3)]! |= 1 << (bit & 7)
  return `0x${Buffer.from(bytes).toString('hex')}`
}

/** A chain of blocks that exist only as answers to JSON-RPC, and that can be rewritten. */
export class FakeChain {
  #blocks: FakeBlock[] = []
  #fork = 0

  constructor(height: number) {
    this.mine(height + 1)
  }

  get head(): FakeBlock {
    return this.#blocks.at(-1)!
  }

  at(number: number): FakeBlock | undefined {
    return this.#blocks[number]
  }

  /** Adds blocks; the logs are in the last of them. */
  mine(count: number, logs: readonly FakeLog[] = [], bloom?: string): void {
    for (let i = 1; i <= count; i++) {
      const number = this.#blocks.length
      const own = i === count ? logs : []
      this.#blocks.push({
        number,
        hash: id(`block ${this.#fork} ${number}`),
        parentHash: this.#blocks.at(-1)?.hash ?? ZeroHash,
        timestamp: 1_700_000_000 + number,
        logs: own,
        bloom: (i === count ? bloom : undefined) ?? bloomOf(own),
      })
    }
  }

  /** Opens requests in a block of their own. @returns their ids. */
  open(...nonces: readonly bigint[]): string[] {
    const openings = nonces.map((nonce) => fakeOpening(nonce))
    this.mine(
      1,
      openings.map(({ log }) => log),
    )
    return openings.map((opening) => opening.id)
  }

  /** Takes blocks off the end, so that the next ones are others. */
  drop(depth: number): void {
    this.#fork++
    this.#blocks = this.#blocks.slice(0, -depth)
  }

  /** A copy that goes its own way. */
  copy(): FakeChain {
    const other = new FakeChain(-1)
    other.#blocks = [...this.#blocks]
    other.#fork = this.#fork
    return other
  }

  /** What an honest endpoint says. */
  answer({ method, params }: RpcCall): RpcReply {
    switch (method) {
      case 'eth_chainId':
        return { result: toQuantity(CHAIN_ID) }
      case 'eth_blockNumber':
        return { result: toQuantity(this.head.number) }
      case 'eth_getBlockByNumber': {
        const block = params[0] === 'latest' ? this.head : this.#blocks[Number(params[0])]
        return { result: block === undefined ? null : header(block) }
      }
      case 'eth_getLogs':
        return this.#logs(params[0] as LogFilter)
      case 'eth_getBlockReceipts': {
        const block = this.#blocks.find(({ hash }) => hash === params[0])
        return { result: block === undefined ? null : block.logs.map((_, index) => receipt(block, index)) }
      }
      case 'eth_getTransactionReceipt': {
        for (const block of this.#blocks) {
          const index = block.logs.findIndex(({ transactionHash }) => transactionHash === params[0])
          if (index >= 0) return { result: receipt(block, index) }
        }
        return { result: null }
      }
      default:
        return { error: { code: -32601, message: `the method ${method} does not exist` } }
    }
  }

  #logs(filter: LogFilter): RpcReply {
    const { blockHash, address, topics } = filter
    const blocks =
      blockHash === undefined
        ? this.#blocks.slice(Number(filter.fromBlock), Number(filter.toBlock) + 1)
        : this.#blocks.filter(({ hash }) => hash === blockHash)
    const result = blocks.flatMap((block) => block.logs.map((_, index) => logOf(block, index)))
    return { result: result.filter((log) => address.includes(log.address) && log.topics[0] === topics[0]) }
  }
}

function header({ number, hash, parentHash, timestamp, bloom, logs }: FakeBlock) {
  return {
    number: toQuantity(number),
    hash,
    parentHash,
    timestamp: toQuantity(timestamp),
    logsBloom: bloom,
    transactions: logs.map(({ transactionHash }) => transactionHash),
  }
}

function logOf(block: FakeBlock, index: number) {
  const place = { blockNumber: toQuantity(block.number), blockHash: block.hash, logIndex: toQuantity(index) }
  return { ...block.logs[index]!, ...place, removed: false }
}

function receipt(block: FakeBlock, index: number) {
  return { blockHash: block.hash, transactionHash: block.logs[index]!.transactionHash, logs: [logOf(block, index)] }
}
