// SPDX-License-Identifier: GPL-3.0-or-later

import { setImmediate } from 'node:timers/promises'
import {
  concat,
  id,
  Interface,
  JsonRpcApiProvider,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
  keccak256,
  Network,
  toBeHex,
  toQuantity,
  Transaction,
} from 'ethers'

export const FAKE_CHAIN_ID = 77

/** Data of a call that locks, or fulfils, the request of a number. */
export const lockData = (request: number): string => concat(['0x01', toBeHex(request, 32)])
export const fulfillData = (request: number): string => concat(['0x02', toBeHex(request, 32)])

const ERRORS = new Interface(['error WrongState(bytes32 requestId, uint8 state)'])

type Receipt = { readonly transaction: Transaction; readonly succeeded: boolean; readonly price: bigint }
type Block = {
  readonly number: number
  readonly hash: string
  readonly parentHash: string
  readonly timestamp: number
  readonly baseFee: bigint
  readonly receipts: readonly Receipt[]
  /** Requests and their state: 2 locked, 5 fulfilled. All others are open, 1. */
  readonly state: ReadonlyMap<string, number>
  readonly nonces: ReadonlyMap<string, number>
}

class RpcFailure extends Error {
  constructor(
    message: string,
    readonly code = -32000,
    readonly data?: string,
  ) {
    super(message)
  }
}

/** A chain in memory with a mempool, one contract that knows locks and proofs, and reorgs; blocks come when a test says so. */
export class FakeChain extends JsonRpcApiProvider {
  blocks: Block[] = []
  readonly mempool = new Map<string, Transaction>()
  /** Raw bytes in order of arrival, refused ones included. */
  readonly received: Transaction[] = []
  readonly calls: string[] = []
  baseFee: bigint | null = 100n
  balance = 10n ** 18n
  /** Seconds. */
  time = 1_000_000
  /** Called before each request; what it throws is what the network does. */
  fault: (method: string, params: readonly unknown[]) => void = () => {}
  /** Called after each request was served; what it throws loses the answer. */
  lose: (method: string) => void = () => {}
  /** Methods that answer null: the endpoint has not got that far. */
  hide: (method: string) => boolean = () => false
  /** Requests that somebody else has locked, by data of the call. */
  readonly refuses = new Set<string>()
  private salt = 0

  constructor() {
    const network = new Network('fake', FAKE_CHAIN_ID)
    super(network, { staticNetwork: network, batchMaxCount: 1 })
    this.push([], new Map(), new Map())
  }

  get head(): Block {
    return this.blocks.at(-1)!
  }

  /** Mines a block of what the mempool has and the base fee admits. */
  mine(blocks = 1, admit: (transaction: Transaction) => boolean = () => true): void {
    for (let block = 0; block < blocks; block++) {
      const state = new Map(this.head.state)
      const nonces = new Map(this.head.nonces)
      const receipts: Receipt[] = []
      const waiting = [...this.mempool.values()].sort((a, b) => a.nonce - b.nonce)
      for (const transaction of waiting) {
        const nonce = nonces.get(transaction.from!) ?? 0
        if (transaction.nonce < nonce) this.mempool.delete(transaction.hash!)
        if (transaction.nonce !== nonce || feeOf(transaction) < (this.baseFee ?? 0n) || !admit(transaction)) continue
        nonces.set(transaction.from!, nonce + 1)
        this.mempool.delete(transaction.hash!)
        const succeeded = this.run(transaction.data, state) === undefined
        receipts.push({ transaction, succeeded, price: feeOf(transaction) })
      }
      this.time += 1
      this.push(receipts, state, nonces)
    }
  }

  /** Replaces the newest blocks by one more, empty ones; their transactions are forgotten, or wait again in the mempool. */
  reorg(depth: number, into: 'nothing' | 'mempool'): void {
    const gone = this.blocks.splice(-depth)
    if (into === 'mempool')
      for (const { transaction } of gone.flatMap(({ receipts }) => receipts))
        this.mempool.set(transaction.hash!, transaction)
    for (let block = 0; block <= depth; block++) this.push([], this.head.state, this.head.nonces)
  }

  /** Successful calls on the canonical chain, by data. */
  succeeded(): string[] {
    return this.blocks.flatMap(({ receipts }) => receipts.filter((r) => r.succeeded).map((r) => r.transaction.data))
  }

  mined(): Transaction[] {
    return this.blocks.flatMap(({ receipts }) => receipts.map(({ transaction }) => transaction))
  }

  /** Lets a request be locked already, from the next block on. */
  lockedBefore(request: number): void {
    ;(this.head.state as Map<string, number>).set(toBeHex(request, 32), 2)
    this.mine()
  }

  /** Has somebody else who has the key use a nonce. */
  intrude(transaction: Transaction): void {
    this.mempool.set(transaction.hash!, transaction)
  }

  count(method: string): number {
    return this.calls.filter((call) => call === method).length
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<(JsonRpcResult | JsonRpcError)[]> {
    // As if it went over a network.
    await setImmediate()
    const answers = [payload].flat().map(({ id: number, method, params }) => {
      const list = params as readonly unknown[]
      this.calls.push(method)
      this.fault(method, list)
      try {
        const result = this.hide(method) ? null : this.answer(method, list)
        this.lose(method)
        return { id: number, result: result as JsonRpcResult['result'] }
      } catch (error) {
        if (!(error instanceof RpcFailure)) throw error
        const { code, message, data } = error
        return { id: number, error: { code, message, ...(data === undefined ? {} : { data }) } }
      }
    })
    return answers
  }

  private answer(method: string, params: readonly unknown[]): unknown {
    switch (method) {
      case 'eth_getBlockByNumber': {
        const block = params[0] === 'latest' ? this.head : this.blocks[Number(params[0])]
        return block === undefined ? null : this.show(block)
      }
      case 'eth_getTransactionCount':
        return toQuantity(this.nonce(params[0] as string, params[1]))
      case 'eth_getBalance':
        this.at(params[1])
        return toQuantity(this.balance)
      case 'eth_getTransactionReceipt':
        return this.receipt(params[0] as string)
      case 'eth_call': {
        const { data } = params[0] as { readonly data: string }
        const revert = this.run(data, new Map(this.at(params[1]).state))
        if (revert !== undefined) throw new RpcFailure('execution reverted', 3, revert)
        return '0x'
      }
      case 'eth_estimateGas':
        return '0x5208'
      case 'eth_gasPrice':
        return toQuantity(150n)
      case 'eth_feeHistory':
        return { baseFeePerGas: ['0x1', toQuantity(this.baseFee!)], reward: [['0x0'], ['0xa'], ['0xa']] }
      case 'eth_sendRawTransaction':
        return this.accept(Transaction.from(params[0] as string))
      default:
        throw new RpcFailure(`the method ${method} does not exist`, -32601)
    }
  }

  private accept(transaction: Transaction): string {
    this.received.push(transaction)
    if (this.mempool.has(transaction.hash!)) throw new RpcFailure('already known')
    if (transaction.nonce < this.nonce(transaction.from!, 'latest')) throw new RpcFailure('nonce too low')
    for (const rival of this.mempool.values()) {
      if (rival.nonce !== transaction.nonce || rival.from !== transaction.from) continue
      const enough = feeOf(transaction) * 10n >= feeOf(rival) * 11n && tipOf(transaction) * 10n >= tipOf(rival) * 11n
      if (!enough) throw new RpcFailure('replacement transaction underpriced')
      this.mempool.delete(rival.hash!)
    }
    this.mempool.set(transaction.hash!, transaction)
    return transaction.hash!
  }

  /** Runs a call on a state, which it changes. @returns the data of its revert. */
  private run(data: string, state: Map<string, number>): string | undefined {
    if (data === '0x') return undefined
    const request = `0x${data.slice(4)}`
    const now = state.get(request) ?? 1
    const locks = data.startsWith('0x01')
    if (this.refuses.has(data) || now !== (locks ? 1 : 2)) return ERRORS.encodeErrorResult('WrongState', [request, now])
    state.set(request, locks ? 2 : 5)
    return undefined
  }

  private nonce(address: string, tag: unknown): number {
    if (tag !== 'pending') return this.at(tag).nonces.get(address) ?? 0
    let nonce = this.head.nonces.get(address) ?? 0
    const waiting = new Set([...this.mempool.values()].filter(({ from }) => from === address).map((t) => t.nonce))
    while (waiting.has(nonce)) nonce++
    return nonce
  }

  private at(tag: unknown): Block {
    if (tag === 'latest') return this.head
    const hash = (tag as { readonly blockHash?: string }).blockHash
    const block =
      hash === undefined ? this.blocks[Number(tag)] : this.blocks.find((candidate) => candidate.hash === hash)
    if (block === undefined) throw new RpcFailure('header not found')
    return block
  }

  private receipt(hash: string): unknown {
    for (const block of this.blocks)
      for (const { transaction, succeeded, price } of block.receipts)
        if (transaction.hash === hash)
          return {
            blockNumber: toQuantity(block.number),
            blockHash: block.hash,
            status: succeeded ? '0x1' : '0x0',
            gasUsed: '0x5208',
            effectiveGasPrice: toQuantity(price),
            l1Fee: '0x7',
          }
    return null
  }

  private show(block: Block): unknown {
    return {
      number: toQuantity(block.number),
      hash: block.hash,
      parentHash: block.parentHash,
      timestamp: toQuantity(block.timestamp),
      gasLimit: toQuantity(30_000_000),
      ...(this.baseFee === null ? {} : { baseFeePerGas: toQuantity(this.baseFee) }),
    }
  }

  private push(
    receipts: readonly Receipt[],
    state: ReadonlyMap<string, number>,
    nonces: ReadonlyMap<string, number>,
  ): void {
    const parentHash = this.blocks.at(-1)?.hash ?? id('genesis')
    const hash = keccak256(concat([parentHash, toBeHex(this.salt++, 32)]))
    const number = this.blocks.length
    this.blocks.push({
      number,
      hash,
      parentHash,
      timestamp: this.time,
      baseFee: this.baseFee ?? 0n,
      receipts,
      state,
      nonces,
    })
  }
}

function feeOf(transaction: Transaction): bigint {
  return transaction.maxFeePerGas ?? transaction.gasPrice!
}

function tipOf(transaction: Transaction): bigint {
  return transaction.maxPriorityFeePerGas ?? transaction.gasPrice!
}
