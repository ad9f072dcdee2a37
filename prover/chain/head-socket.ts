// SPDX-License-Identifier: GPL-3.0-or-later

import { WebSocket } from 'ws'
import type { Endpoint } from './endpoint'
import type { RpcHealthReport } from './endpoint-pool'

export type HeadSocketOptions = {
  readonly endpoints: readonly Endpoint[]
  readonly chainId: number
  readonly onHead: (block: number) => void
  readonly onHealth: (report: RpcHealthReport) => void
}

type Message = {
  readonly id?: unknown
  readonly result?: unknown
  readonly method?: unknown
  readonly params?: { readonly result?: { readonly number?: unknown } }
}

const HANDSHAKE_MS = 10_000
const FIRST_BACKOFF_MS = 1000
const MOST_BACKOFF_MS = 60_000
/** A connection can die without a word, and a chain be quiet: after such a silence the endpoint is asked for a sign of life. */
const SILENCE_MS = 30_000
const PONG_MS = 10_000
const MAX_BYTES = 2 ** 20
const [CHAIN_ID, SUBSCRIBE] = [1, 2]

/** A subscription to new heads by websocket: connects again, to the next endpoint, whenever it ends. */
export class HeadSocket {
  readonly #options: HeadSocketOptions
  #endpoints: readonly Endpoint[]
  #socket: WebSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #live = false
  #closed = false

  constructor(options: HeadSocketOptions) {
    this.#options = options
    this.#endpoints = options.endpoints
    this.#connect()
  }

  /** Whether heads are being announced. */
  get live(): boolean {
    return this.#live
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#socket?.terminate()
  }

  #connect(): void {
    const endpoint = this.#endpoints[this.#failures % this.#endpoints.length]
    if (endpoint === undefined) return
    const socket = new WebSocket(endpoint.url, {
      headers: endpoint.headers,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_BYTES,
    })
    this.#socket = socket
    let reason = 'the connection was closed'
    socket.on('pong', () => this.#expect(socket))
    socket.on('open', () => {
      this.#expect(socket)
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: CHAIN_ID, method: 'eth_chainId', params: [] }))
    })
    socket.on('message', (data: Buffer) => {
      this.#expect(socket)
      const problem = this.#receive(endpoint, socket, data)
      if (problem === undefined) return
      reason = problem
      socket.terminate()
    })
    // Its message may quote the URL.
    socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? 'the connection failed'))
    socket.on('close', () => this.#again(endpoint, reason))
  }

  /** Ends the connection unless something comes in time. */
  #expect(socket: WebSocket): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      socket.ping()
      this.#timer = setTimeout(() => socket.terminate(), PONG_MS)
    }, SILENCE_MS)
  }

  /** @returns what is wrong with the endpoint, if anything. */
  #receive(endpoint: Endpoint, socket: WebSocket, data: Buffer): string | undefined {
    const message = parse(data)
    if (message?.id === CHAIN_ID) {
      if (Number(message.result) === this.#options.chainId) {
        socket.send(JSON.stringify({ jsonrpc: '2.0', id: SUBSCRIBE, method: 'eth_subscribe', params: ['newHeads'] }))
        return undefined
      }
      // Never to be used again.
      this.#endpoints = this.#endpoints.filter((other) => other !== endpoint)
      return `it is not of chain ${this.#options.chainId}`
    }
    if (message?.id === SUBSCRIBE) {
      if (typeof message.result !== 'string') return 'it does not announce heads'
      this.#live = true
      this.#failures = 0
      this.#options.onHealth({ endpoint: endpoint.name, healthy: true, reason: 'it announces heads' })
      return undefined
    }
    const block = Number(message?.params?.result?.number ?? NaN)
    if (this.#live && message?.method === 'eth_subscription' && Number.isSafeInteger(block)) this.#options.onHead(block)
    return undefined
  }

  #again(endpoint: Endpoint, reason: string): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    if (this.#live || this.#failures === 0) this.#options.onHealth({ endpoint: endpoint.name, healthy: false, reason })
    this.#live = false
    const delay = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures++, MOST_BACKOFF_MS)
    this.#timer = setTimeout(() => this.#connect(), delay * (0.5 + Math.random() / 2))
  }
}

function parse(data: Buffer): Message | undefined {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
