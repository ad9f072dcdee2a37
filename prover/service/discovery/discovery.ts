// SPDX-License-Identifier: GPL-3.0-or-later

import { setMaxListeners } from 'node:events'
import { isRangeTooLarge, RpcRefusedError, RpcTooLargeError, RpcUnavailableError } from '../../chain'
import { ZkmlError } from '../../errors'
import type { Queryable } from '../store/database'
import type { Cursor } from '../store/store'
import { blockBelow, newestShared } from './ancestor'
import type { Header } from './answers'
import { ChainShrunkError, DeepReorgError, LogsDroppedError, SplitViewError } from './errors'
import { readRange, type BlockRange, type RangeContent } from './range'
import { ChainReader } from './reader'
import type { Discovery, DiscoveryOptions, DiscoveryStatus } from './types'

/** From the head down, blocks are looked at one by one, so that it shows when an endpoint leaves out logs. */
const NEAR_BLOCKS = 512
/** Of those, how many at once. */
const NEAR_RANGE = 64
const MOST_BACKOFF_SECONDS = 60

/**
 * Makes the search for requests on one chain. Where it stands is in the store: each range of blocks is handed over in the
 * transaction that moves the cursor past it, so a process may end at any time and several may search the same chain.
 *
 * @example
 * ```ts
 * const discovery = createDiscovery({ chainId, coordinators: [address], provider, store, metrics, log, settings, onRequest, onReorg })
 * discovery.start()
 * await discovery.stop()
 * ```
 */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  return new ChainDiscovery(options)
}

class ChainDiscovery implements Discovery {
  readonly #options: DiscoveryOptions
  readonly #labels: { readonly chain: string }
  readonly #reader: ChainReader
  readonly #stopping = new AbortController()
  #loop: Promise<void> | undefined
  #wake: () => void = () => undefined
  #woken = false
  #failures = 0
  /** Blocks to search at once: fewer than the settings say while endpoints refuse so many. */
  #span: number
  /** Blocks of the last search. */
  #asked = 1
  #first: number | undefined
  #head: Header | undefined
  #cursor: number | undefined
  #error: DiscoveryStatus['error'] = null

  constructor(options: DiscoveryOptions) {
    this.#options = options
    this.#labels = { chain: String(options.chainId) }
    this.#span = options.settings.rangeBlocks
    setMaxListeners(0, this.#stopping.signal)
    this.#reader = new ChainReader(options.provider, options.coordinators, this.#stopping.signal)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.#loop
  }

  status(): DiscoveryStatus {
    const [head, cursor] = [this.#head, this.#cursor]
    const behind = head === undefined || cursor === undefined ? null : Math.max(0, this.#target(head) - cursor)
    return {
      chainId: this.#options.chainId,
      running: this.#loop !== undefined && !this.#stopping.signal.aborted,
      head: head === undefined ? null : { number: head.number, timestamp: head.timestamp },
      cursor: cursor ?? null,
      behind,
      error: this.#error,
    }
  }

  async #run(): Promise<void> {
    const { provider, settings } = this.#options
    const stopListening = provider.onHead(() => this.#hint(), { poll: false })
    while (!this.#stopping.signal.aborted) {
      try {
        this.#woken = false
        const more = await this.#step()
        this.#recovered()
        if (!more) await this.#pause(settings.pollSeconds, true)
      } catch (error) {
        if (!this.#stopping.signal.aborted) await this.#pause(this.#failed(error), false)
      }
    }
    stopListening()
  }

  /** @returns whether there is more to search already. */
  async #step(): Promise<boolean> {
    const { store, chainId } = this.#options
    const head = await this.#reader.latest()
    this.#note(head)
    const cursor = await store.cursors.get(store.db, chainId)
    const from = cursor === undefined ? this.#firstBlock(head) : cursor.block + 1
    this.#searched(from - 1)
    if (this.#target(head) < from) {
      if (cursor === undefined || head.number > cursor.block || (await this.#isShared(cursor, head))) return false
      await this.#rewind(cursor, head)
      return true
    }
    const range = this.#range(from, head)
    this.#asked = range.to - from + 1
    const content = await readRange(this.#reader, chainId, range, head, cursor, (endpoint, block) => {
      const message = `${endpoint} left out logs of block ${block.number}, which were found in another way.`
      this.#reader.suspect(endpoint)
      this.#report(new LogsDroppedError(message), 'warn')
    })
    if (content === undefined) await this.#rewind(cursor!, head)
    else await this.#handOver(cursor, content, range)
    return content === undefined || range.to < this.#target(head)
  }

  #range(from: number, head: Header): BlockRange {
    const lastFar = head.number - NEAR_BLOCKS
    const near = from > lastFar
    const most = from + (near ? Math.min(this.#span, NEAR_RANGE) : this.#span) - 1
    return { from, to: Math.min(most, near ? this.#target(head) : Math.min(lastFar, this.#target(head))), near }
  }

  async #handOver(cursor: Cursor | undefined, content: RangeContent, range: BlockRange): Promise<void> {
    const { store, chainId, onRequest, log } = this.#options
    await store.db.transaction(async (tx) => {
      if (!(await this.#isUnmoved(tx, cursor))) return
      for (const opened of content.opened) await onRequest(tx, opened)
      await store.cursors.advance(tx, chainId, content.blocks)
    })
    this.#searched(range.to)
    // After a refusal the length that is possible is found again, not by doubling it into the next refusal.
    this.#span = Math.min(this.#options.settings.rangeBlocks, this.#span + Math.ceil(this.#span / 8))
    const { malformed, opened } = content
    if (malformed > 0) log.warn({ ...this.#labels, ...range, malformed }, 'logs that are no requests were skipped')
    if (opened.length > 0) log.debug({ ...this.#labels, ...range, requests: opened.length }, 'requests were read')
  }

  /** Whether the chain, no longer than what was searched of it, is still the one that was. */
  async #isShared(cursor: Cursor, head: Header): Promise<boolean> {
    const { store, chainId } = this.#options
    if (cursor.block === head.number) return cursor.hash === head.hash
    const remembered = await store.cursors.recent(store.db, chainId)
    const known = remembered.find(({ block }) => block <= head.number)
    if (known === undefined)
      throw new ChainShrunkError(
        `The head of chain ${chainId} is ${head.number}, below block ${remembered.at(-1)!.block} and all others remembered of it; wait for the endpoints, or start with an empty database if the chain was reset.`,
      )
    const header = known.block === head.number ? head : await this.#reader.header(known.block)
    return header.hash === known.hash
  }

  /** Goes back to the newest block that the chain still has. */
  async #rewind(cursor: Cursor, head: Header): Promise<void> {
    const { store, chainId, settings, onReorg, metrics, log } = this.#options
    const remembered = await store.cursors.recent(store.db, chainId)
    const shared = await newestShared(this.#reader, remembered, head)
    if (shared?.block === cursor.block)
      throw new SplitViewError(`Chain ${chainId} has block ${cursor.block}, and a next one that does not continue it.`)
    const target = shared ?? (await blockBelow(this.#reader, remembered, settings.rangeBlocks, head))
    const moved = await store.db.transaction(async (tx) => {
      if (!(await this.#isUnmoved(tx, cursor))) return false
      await store.cursors.rewind(tx, chainId, target.block)
      if (shared === undefined) await store.cursors.advance(tx, chainId, [target])
      await onReorg(tx, { from: target.block + 1 })
      return true
    })
    if (!moved) return
    this.#searched(target.block)
    const depth = cursor.block - target.block
    metrics.reorgs.inc(this.#labels)
    metrics.reorgDepth.observe(this.#labels, depth)
    log.warn({ ...this.#labels, from: target.block + 1, depth }, 'the chain was reorganised; blocks are searched again')
    if (shared !== undefined) return
    const message = `Chain ${chainId} replaced all ${remembered.length} blocks remembered of it; it is searched again from block ${target.block + 1}, and what was settled before may be undone.`
    this.#report(new DeepReorgError(message), 'error')
  }

  /** Another process may search the same chain. */
  async #isUnmoved(tx: Queryable, cursor: Cursor | undefined): Promise<boolean> {
    const now = await this.#options.store.cursors.get(tx, this.#options.chainId)
    return now?.block === cursor?.block && now?.hash === cursor?.hash
  }

  #target(head: Header): number {
    return head.number - (this.#options.settings.confirmations ?? 0)
  }

  #firstBlock(head: Header): number {
    if (this.#first !== undefined) return this.#first
    const { settings, log } = this.#options
    this.#first = settings.startBlock ?? Math.max(0, this.#target(head))
    const why = settings.startBlock === undefined ? 'the head, because no start block is set' : 'the start block'
    log.info({ ...this.#labels, block: this.#first }, `the search for requests begins at ${why}`)
    return this.#first
  }

  #note(head: Header): void {
    this.#head = head
    this.#options.metrics.chainHead.set(this.#labels, head.number)
    this.#showAge()
  }

  #showAge(): void {
    if (this.#head === undefined) return
    this.#options.metrics.chainHeadAge.set(this.#labels, Math.max(0, Date.now() / 1000 - this.#head.timestamp))
  }

  #searched(block: number): void {
    this.#cursor = block
    this.#options.metrics.chainCursor.set(this.#labels, block)
  }

  #recovered(): void {
    if (this.#failures > 0) this.#options.log.info(this.#labels, 'the search for requests goes on')
    this.#failures = 0
    this.#error = null
  }

  /** @returns seconds to wait. */
  #failed(error: unknown): number {
    this.#showAge()
    if (error instanceof SplitViewError && error.endpoint !== undefined) this.#reader.suspect(error.endpoint)
    if (isTooMuch(error)) {
      this.#span = Math.max(1, Math.floor(this.#asked / 2))
      this.#options.log.debug({ ...this.#labels, blocks: this.#span }, 'an endpoint does not search so many blocks')
      if (this.#asked > 1 && !(error instanceof RpcUnavailableError)) return 0
    }
    // Endpoints that differ for a moment are nothing to wake anybody for.
    const passing = error instanceof SplitViewError && this.#failures === 0
    this.#error = this.#report(error, passing ? 'debug' : error instanceof ZkmlError ? 'warn' : 'error')
    const seconds = (this.#options.settings.retrySeconds ?? 0.5) * 2 ** this.#failures++
    return Math.min(seconds, MOST_BACKOFF_SECONDS) * (0.5 + Math.random() / 2)
  }

  #report(error: unknown, level: 'debug' | 'warn' | 'error'): { readonly code: string; readonly message: string } {
    const code = error instanceof ZkmlError ? error.code : 'UNEXPECTED'
    const message = error instanceof Error ? error.message : String(error)
    this.#options.metrics.errors.inc({ code, module: 'discovery' })
    this.#options.log[level]({ ...this.#labels, code }, message)
    return { code, message }
  }

  #hint(): void {
    this.#woken = true
    this.#wake()
  }

  /** Waits; timers know nothing of the wall clock. */
  async #pause(seconds: number, wakeable: boolean): Promise<void> {
    if (this.#stopping.signal.aborted || (wakeable && this.#woken)) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      this.#wake = () => {
        if (!wakeable && !this.#stopping.signal.aborted) return
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Whether fewer blocks at once may be answered. */
function isTooMuch(error: unknown): boolean {
  // Some nodes take too long instead of refusing.
  if (error instanceof RpcUnavailableError) return error.method === 'eth_getLogs'
  return (
    error instanceof RpcTooLargeError || (error instanceof RpcRefusedError && isRangeTooLarge(error.method, error.rpc))
  )
}
