// SPDX-License-Identifier: GPL-3.0-or-later

import type { EventLog } from '../../chain'

/** What is read of a block's header. */
export type Header = {
  readonly number: number
  readonly hash: string
  readonly parentHash: string
  /** Seconds since 1970, as the chain says. */
  readonly timestamp: number
  /** 256 bytes as a 0x string, or null where a chain has none. */
  readonly bloom: string | null
  /** Hashes of its transactions. */
  readonly transactions: readonly string[]
}

/** A log of a block, with its place in it. */
export type BlockLog = EventLog & { readonly index: number }

type Fields = Readonly<Record<string, unknown>>

const HASH = /^0x[0-9a-f]{64}$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i
const BYTES = /^0x([0-9a-f]{2})*$/i
const QUANTITY = /^0x[0-9a-f]{1,13}$/i
const BLOOM = /^0x[0-9a-f]{512}$/i

/** Reads the answer to `eth_getBlockByNumber`. @returns undefined when it is no block. */
export function parseHeader(value: unknown): Header | undefined {
  const { number, hash, parentHash, timestamp, logsBloom, transactions } = fields(value)
  const bloom = logsBloom === undefined || logsBloom === null ? null : text(logsBloom, BLOOM)
  const header = {
    number: quantity(number),
    hash: text(hash, HASH),
    parentHash: text(parentHash, HASH),
    timestamp: quantity(timestamp),
    bloom,
    transactions: list(transactions, (item) => text(item, HASH)),
  }
  return complete(header)
}

/** Reads one log of `eth_getLogs` or a receipt. @returns undefined when it is none, or one that was removed. */
export function parseLog(value: unknown): BlockLog | undefined {
  const { address, topics, data, blockNumber, blockHash, logIndex, removed } = fields(value)
  if (removed === true) return undefined
  return complete({
    address: text(address, ADDRESS),
    topics: list(topics, (item) => text(item, HASH)),
    data: text(data, BYTES),
    blockNumber: quantity(blockNumber),
    blockHash: text(blockHash, HASH),
    index: quantity(logIndex),
  })
}

/** Reads the answer to `eth_getLogs`. @returns undefined when anything in it is no log. */
export function parseLogs(value: unknown): readonly BlockLog[] | undefined {
  return list(value, parseLog)
}

/** Logs of a receipt of a block. @returns undefined when it is none of this block. */
export function parseReceiptLogs(value: unknown, blockHash: string): readonly BlockLog[] | undefined {
  const receipt = fields(value)
  return text(receipt.blockHash, HASH) === blockHash ? list(receipt.logs, parseLog) : undefined
}

/** Every item read, or undefined when one cannot be. */
export function list<T>(value: unknown, read: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const items = value.map(read)
  return items.every((item) => item !== undefined) ? items : undefined
}

type Complete<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> }

function complete<T extends object>(parts: T): Complete<T> | undefined {
  return Object.values(parts).every((part) => part !== undefined) ? (parts as Complete<T>) : undefined
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function text(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value.toLowerCase() : undefined
}

function quantity(value: unknown): number | undefined {
  return typeof value === 'string' && QUANTITY.test(value) ? Number(value) : undefined
}
