// SPDX-License-Identifier: GPL-3.0-or-later

import { toQuantity } from 'ethers'
import type { OutgoingTransaction, TransactionAttempt, TransactionRequest } from '../store/transaction'
import { ChainAnswerError } from './errors'
import type { Market } from './fees'
import type { SubmitPolicy } from './policy'

/** What sends JSON-RPC requests: any `JsonRpcApiProvider` of ethers. */
export type RpcSender = { send(method: string, params: unknown[]): Promise<unknown> }

/** The newest block. */
export type Head = {
  readonly number: number
  readonly hash: string
  readonly parentHash: string
  /** Seconds since 1970: the clock that deadlines go by. */
  readonly timestamp: number
  /** Null on chains that have none. */
  readonly baseFee: bigint | null
  readonly gasLimit: bigint
}

/** An account after a block. */
export type AccountState = { readonly nonce: number; readonly balance: bigint }

export type MinedReceipt = NonNullable<OutgoingTransaction['receipt']> & { readonly succeeded: boolean }

/** What is tipped where recent blocks were empty: 0.001 gwei. */
const LEAST_TIP = 1_000_000n

/**
 * The few questions that sending transactions takes, one request each. State is asked for by block hash (EIP-1898), so that an
 * endpoint that lags or follows another branch fails instead of answering about another state.
 */
export class ChainReader {
  constructor(
    private readonly rpc: RpcSender,
    private readonly l1Fee: SubmitPolicy['l1Fee'],
  ) {}

  async head(): Promise<Head> {
    const block = await this.record('eth_getBlockByNumber', ['latest', false])
    return {
      number: Number(quantity(block.number, 'block number')),
      hash: text(block.hash, 'block hash'),
      parentHash: text(block.parentHash, 'parent hash'),
      timestamp: Number(quantity(block.timestamp, 'block time')),
      baseFee: block.baseFeePerGas == null ? null : quantity(block.baseFeePerGas, 'base fee'),
      gasLimit: quantity(block.gasLimit, 'block gas limit'),
    }
  }

  /** Hash of the canonical block of a number, or undefined when the endpoint has none yet. */
  async blockHash(number: number): Promise<string | undefined> {
    const block = await this.rpc.send('eth_getBlockByNumber', [toQuantity(number), false])
    return block === null ? undefined : text((block as { readonly hash?: unknown }).hash, 'block hash')
  }

  async account(address: string, blockHash: string): Promise<AccountState> {
    const [nonce, balance] = await Promise.all([
      this.rpc.send('eth_getTransactionCount', [address, { blockHash }]),
      this.rpc.send('eth_getBalance', [address, { blockHash }]),
    ])
    return { nonce: Number(quantity(nonce, 'nonce')), balance: quantity(balance, 'balance') }
  }

  /** How many transactions an account has sent: by a block, or with those of the mempool. */
  async transactionCount(address: string, at: number | 'pending'): Promise<number> {
    const tag = at === 'pending' ? at : toQuantity(at)
    return Number(quantity(await this.rpc.send('eth_getTransactionCount', [address, tag]), 'nonce'))
  }

  async receipt(attempt: TransactionAttempt): Promise<MinedReceipt | undefined> {
    const answer = await this.rpc.send('eth_getTransactionReceipt', [attempt.hash])
    if (answer === null) return undefined
    const receipt = object(answer, 'eth_getTransactionReceipt')
    // Nodes of chains without a base fee may leave the price out: it is what was bid.
    const price = receipt.effectiveGasPrice ?? toQuantity(attempt.maxFeePerGas)
    const gasUsed = quantity(receipt.gasUsed, 'gas used')
    const l1Fee = this.l1Fee === 'op-stack' ? quantity(receipt.l1Fee ?? '0x0', 'L1 fee') : 0n
    return {
      hash: attempt.hash,
      blockNumber: Number(quantity(receipt.blockNumber, 'block number')),
      blockHash: text(receipt.blockHash, 'block hash'),
      gasUsed,
      fee: gasUsed * quantity(price, 'gas price') + l1Fee,
      succeeded: quantity(receipt.status, 'status') === 1n,
    }
  }

  /** Runs a transaction on the state after a block. @throws what `callFailure` reads. */
  async simulate(transaction: TransactionRequest, blockHash: string): Promise<void> {
    const { from, to, data, value, gasLimit } = transaction
    const call = { from, to, data, value: toQuantity(value), gas: toQuantity(gasLimit) }
    await this.rpc.send('eth_call', [call, { blockHash }])
  }

  /** Gas of an empty transfer of an account to itself, with room where gas pays for L1 data. */
  async emptyTransferGas(address: string): Promise<bigint> {
    const gas = quantity(await this.rpc.send('eth_estimateGas', [{ from: address, to: address }]), 'gas')
    return this.l1Fee === 'arbitrum' ? gas + gas / 2n : gas
  }

  /** @throws what `broadcastOutcome` reads. */
  async broadcast(raw: string): Promise<void> {
    await this.rpc.send('eth_sendRawTransaction', [raw])
  }

  async market(head: Head): Promise<Market> {
    if (head.baseFee === null)
      return { baseFee: null, tip: quantity(await this.rpc.send('eth_gasPrice', []), 'gas price') }
    const history = await this.record('eth_feeHistory', ['0x5', 'latest', [50]])
    const baseFees = list(history.baseFeePerGas, 'base fees')
    const tips = list(history.reward, 'tips')
      .map((reward) => quantity(list(reward, 'tips')[0], 'tip'))
      .filter((tip) => tip > 0n)
      .sort((a, b) => (a < b ? -1 : 1))
    return { baseFee: quantity(baseFees.at(-1), 'base fee'), tip: tips[tips.length >> 1] ?? LEAST_TIP }
  }

  private async record(method: string, params: unknown[]): Promise<Readonly<Record<string, unknown>>> {
    return object(await this.rpc.send(method, params), method)
  }
}

function object(value: unknown, method: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw unexpected(`the answer to ${method}`)
  return value as Readonly<Record<string, unknown>>
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unexpected(what)
  return value as readonly unknown[]
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw unexpected(what)
  return value
}

function quantity(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-f]+$/i.test(value)) throw unexpected(what)
  return BigInt(value)
}

function unexpected(what: string): ChainAnswerError {
  return new ChainAnswerError(
    `an RPC endpoint gave ${what} in a form that the JSON-RPC API does not have; check the endpoint`,
  )
}
