// SPDX-License-Identifier: GPL-3.0-or-later

import { decodeOpened, type OpenedRequest } from '../../chain'
import type { Cursor } from '../store/store'
import type { BlockLog, Header } from './answers'
import { SplitViewError } from './errors'
import type { ChainReader } from './reader'

/** Blocks to read, inclusive. Near the head every one of them is looked at, not only what is said to have logs. */
export type BlockRange = { readonly from: number; readonly to: number; readonly near: boolean }

/** What is in a range of blocks. */
export type RangeContent = {
  /** Blocks to remember, oldest first; the last one of the range is among them. */
  readonly blocks: readonly Cursor[]
  /** In the order of the chain. */
  readonly opened: readonly OpenedRequest[]
  /** Logs that are no request of this chain and coordinator. */
  readonly malformed: number
}

/**
 * Reads a range: its logs, and headers that agree with them.
 *
 * @param head - the newest block, which may be in the range
 * @param parent - the block before the range as it is remembered, or undefined at the first start
 * @param onDropped - told of endpoints that left out logs
 * @returns undefined when the range does not continue from `parent`.
 * @throws SplitViewError when answers do not fit together.
 */
export async function readRange(
  reader: ChainReader,
  chainId: number,
  range: BlockRange,
  head: Header,
  parent: Cursor | undefined,
  onDropped: (endpoint: string, block: Header) => void,
): Promise<RangeContent | undefined> {
  const headers = await readHeaders(reader, numbersOf(range), new Map([[head.number, head]]))
  if (parent !== undefined && headers.get(range.from)!.parentHash !== parent.hash) return undefined
  if (range.near) requireLinked([...headers.values()])
  const { logs, endpoint } = await reader.logs(range)
  const all = [...logs]
  if (range.near) {
    const heard = new Set(logs.map(({ blockNumber }) => blockNumber))
    for (const block of headers.values()) {
      if (heard.has(block.number) || block.bloom === null || !reader.mayHaveLogs(block.bloom)) continue
      const found = await missedLogs(reader, block, endpoint)
      if (found.length > 0) onDropped(endpoint, block)
      all.push(...found)
    }
  }
  const withLogs = await readHeaders(reader, new Set(all.map(({ blockNumber }) => blockNumber)), headers)
  for (const { blockNumber, blockHash } of all) {
    if (withLogs.get(blockNumber)!.hash !== blockHash)
      throw new SplitViewError(`${endpoint} gives logs of another block ${blockNumber} than the chain has.`, endpoint)
  }
  const known = new Map([...headers, ...withLogs])
  const blocks = [...known.values()].sort((a, b) => a.number - b.number)
  return { blocks: blocks.map(({ number, hash }) => ({ block: number, hash })), ...decode(chainId, all) }
}

function numbersOf({ from, to, near }: BlockRange): ReadonlySet<number> {
  return new Set(near ? Array.from({ length: to - from + 1 }, (_, i) => from + i) : [from, to])
}

/** The headers of blocks, by number and in order; read unless they are known. */
async function readHeaders(
  reader: ChainReader,
  numbers: ReadonlySet<number>,
  known: ReadonlyMap<number, Header>,
): Promise<ReadonlyMap<number, Header>> {
  const headers = await Promise.all(
    [...numbers].map(async (number) => [number, known.get(number) ?? (await reader.header(number))] as const),
  )
  return new Map(headers)
}

/** Headers of neighbours were read one by one, maybe of two chains while one replaced the other. */
function requireLinked(headers: readonly Header[]): void {
  headers.forEach((header, i) => {
    const before = headers[i - 1]
    if (before !== undefined && header.parentHash !== before.hash)
      throw new SplitViewError(`Block ${header.number} does not continue from block ${before.number} as it was read.`)
  })
}

/** A bloom filter says that there may be logs of which an endpoint said nothing: only receipts prove that there are none. */
async function missedLogs(reader: ChainReader, block: Header, endpoint: string): Promise<readonly BlockLog[]> {
  const { logs } = await reader.logs({ blockHash: block.hash }, endpoint)
  return logs.length > 0 ? logs : reader.logsOfReceipts(block)
}

/** A request is opened once, so what comes twice is the same log. */
function decode(chainId: number, logs: readonly BlockLog[]): Pick<RangeContent, 'opened' | 'malformed'> {
  const opened = new Map<string, OpenedRequest>()
  let malformed = 0
  for (const log of [...logs].sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)) {
    const one = decodeOpened(chainId, log)
    if (one === undefined) malformed++
    else opened.set(one.requestId, one)
  }
  return { opened: [...opened.values()], malformed }
}
