// SPDX-License-Identifier: GPL-3.0-or-later

import type { Endpoint } from './endpoint'
import type { RpcHealthReport } from './endpoint-pool'
import { HeadSocket } from './head-socket'

type Listener = { readonly callback: (block: number) => void; readonly poll: boolean }

export type HeadWatcherOptions = {
  readonly chainId: number
  readonly sockets: readonly Endpoint[]
  readonly pollMs: number
  readonly poll: () => Promise<number>
  readonly onHealth: (report: RpcHealthReport) => void
}

/** Tells listeners of new heads; holds no connection and no timer while there are none. */
export class HeadWatcher {
  readonly #options: HeadWatcherOptions
  readonly #listeners = new Set<Listener>()
  #socket: HeadSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #polling = false
  #newest: number | undefined
  #closed = false

  constructor(options: HeadWatcherOptions) {
    this.#options = options
  }

  add(callback: (block: number) => void, poll: boolean): () => void {
    const listener: Listener = { callback, poll }
    this.#listeners.add(listener)
    this.#adjust()
    return () => {
      this.#listeners.delete(listener)
      this.#adjust()
    }
  }

  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#adjust()
  }

  /** Holds what the listeners need, no more. */
  #adjust(): void {
    const { sockets, chainId, onHealth } = this.#options
    if (this.#listeners.size === 0 || this.#closed) {
      this.#socket?.close()
      this.#socket = undefined
    } else if (sockets.length > 0) {
      this.#socket ??= new HeadSocket({ endpoints: sockets, chainId, onHead: (block) => this.#tell(block), onHealth })
    }
    const poll = !this.#closed && [...this.#listeners].some((listener) => listener.poll)
    if (!poll) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    } else if (!this.#polling) this.#timer ??= setTimeout(() => void this.#look(), 0)
  }

  async #look(): Promise<void> {
    this.#polling = true
    this.#timer = undefined
    try {
      if (this.#socket?.live !== true) {
        const block = await this.#options.poll()
        if (block !== this.#newest) this.#tell(block)
      }
    } catch {
      // The endpoints' health is reported by who asks them; the next look may succeed.
    }
    this.#polling = false
    if (this.#closed || ![...this.#listeners].some((listener) => listener.poll)) return
    this.#timer ??= setTimeout(() => void this.#look(), this.#options.pollMs)
  }

  #tell(block: number): void {
    this.#newest = block
    for (const { callback } of [...this.#listeners]) callback(block)
  }
}
