// SPDX-License-Identifier: GPL-3.0-or-later

import { toQuantity } from 'ethers'
import { REQUEST_OPENED_TOPIC, RpcRefusedError, RpcTooLargeError, type RpcProvider } from '../../chain'
import { list, parseHeader, parseLogs, parseReceiptLogs, type BlockLog, type Header } from './answers'
import { bloomTest } from './bloom'
import { SplitViewError } from './errors'

/** Where to look: one block, or a range of them, inclusive. */
export type LogPlace = { readonly blockHash: string } | { readonly from: number; readonly to: number }

const SUSPECT_MS = 60_000

/** Reads blocks and the logs of coordinators. Nothing an endpoint says is taken on trust that another answer contradicts. */
export class ChainReader {
  /** Whether a block with this bloom filter may have a log that is looked for. */
  readonly mayHaveLogs: (bloom: string) => boolean
  readonly #coordinators: ReadonlySet<string>
  /** Endpoints whose answers did not fit, and until when they are asked last. */
  readonly #suspects = new Map<string, number>()

  constructor(
    private readonly provider: Pick<RpcProvider, 'ask'>,
    coordinators: readonly string[],
    private readonly signal: AbortSignal,
  ) {
    this.#coordinators = new Set(coordinators.map((address) => address.toLowerCase()))
    this.mayHaveLogs = bloomTest([...this.#coordinators], REQUEST_OPENED_TOPIC)
  }

  /** Asks an endpoint only after all others, for a while. */
  suspect(endpoint: string): void {
    this.#suspects.set(endpoint, performance.now() + SUSPECT_MS)
  }

  async latest(): Promise<Header> {
    const { header, endpoint } = await this.#header('latest')
    if (header === undefined) throw new SplitViewError(`${endpoint} has no newest block.`, endpoint)
    return header
  }

  /** A block that there has to be. */
  async header(number: number): Promise<Header> {
    const { header, endpoint } = await this.#header(toQuantity(number))
    if (header === undefined) throw new SplitViewError(`${endpoint} does not have block ${number} (yet).`, endpoint)
    if (header.number !== number)
      throw new SplitViewError(`${endpoint} gives block ${header.number} for ${number}.`, endpoint)
    return header
  }

  /**
   * Logs of requests that were opened, by place in the chain.
   *
   * @param avoid - an endpoint to ask last
   */
  async logs(
    place: LogPlace,
    avoid?: string,
  ): Promise<{ readonly logs: readonly BlockLog[]; readonly endpoint: string }> {
    const range = 'blockHash' in place ? place : { fromBlock: toQuantity(place.from), toBlock: toQuantity(place.to) }
    const filter = { ...range, address: [...this.#coordinators], topics: [REQUEST_OPENED_TOPIC] }
    const { result, endpoint } = await this.#ask('eth_getLogs', [filter], avoid)
    const logs = parseLogs(result)
    const wanted = (log: BlockLog): boolean =>
      this.#isWanted(log) &&
      ('blockHash' in place
        ? log.blockHash === place.blockHash
        : log.blockNumber >= place.from && log.blockNumber <= place.to)
    if (logs === undefined || !logs.every(wanted))
      throw new SplitViewError(`${endpoint} gives other logs than it was asked for.`, endpoint)
    return { logs, endpoint }
  }

  /** The same of one block, from the receipts of all its transactions. */
  async logsOfReceipts(block: Header): Promise<readonly BlockLog[]> {
    const logs = (await this.#blockReceipts(block)) ?? (await this.#eachReceipt(block))
    return logs.filter((log) => this.#isWanted(log))
  }

  /** @returns undefined where a node does not have the method, takes no hash, gives not so much at once, or not all of it. */
  async #blockReceipts({ hash, transactions }: Header): Promise<readonly BlockLog[] | undefined> {
    try {
      const { result } = await this.#ask('eth_getBlockReceipts', [hash])
      const logs = list(result, (receipt) => parseReceiptLogs(receipt, hash))
      // Some chains have receipts of what is no transaction.
      return logs !== undefined && logs.length >= transactions.length ? logs.flat() : undefined
    } catch (error) {
      if (error instanceof RpcRefusedError || error instanceof RpcTooLargeError) return undefined
      throw error
    }
  }

  async #eachReceipt({ number, hash, transactions }: Header): Promise<readonly BlockLog[]> {
    const logs = await Promise.all(
      transactions.map(async (transaction) => {
        const { result, endpoint } = await this.#ask('eth_getTransactionReceipt', [transaction])
        const found = parseReceiptLogs(result, hash)
        if (found !== undefined) return found
        throw new SplitViewError(`${endpoint} does not give the receipts of block ${number}.`, endpoint)
      }),
    )
    return logs.flat()
  }

  async #header(tag: string): Promise<{ readonly header: Header | undefined; readonly endpoint: string }> {
    const { result, endpoint } = await this.#ask('eth_getBlockByNumber', [tag, false])
    if (result === null) return { header: undefined, endpoint }
    const header = parseHeader(result)
    if (header === undefined) throw new SplitViewError(`${endpoint} gives something that is no block.`, endpoint)
    return { header, endpoint }
  }

  #ask(method: string, params: readonly unknown[], avoid?: string) {
    const now = performance.now()
    const suspects = new Set(avoid === undefined ? [] : [avoid])
    for (const [endpoint, until] of this.#suspects) if (until > now) suspects.add(endpoint)
    return this.provider.ask(method, params, { avoid: suspects, signal: this.signal })
  }

  #isWanted(log: BlockLog): boolean {
    return this.#coordinators.has(log.address) && log.topics[0] === REQUEST_OPENED_TOPIC
  }
}
