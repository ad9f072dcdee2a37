// SPDX-License-Identifier: GPL-3.0-or-later

import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { JsonRpcApiProvider, Network, type JsonRpcError, type JsonRpcPayload, type JsonRpcResult } from 'ethers'
import { parseEndpoints, RpcUrlError, type Attempt } from './endpoint'
import { EndpointPool, type RpcHealthReport, type RpcRequestReport } from './endpoint-pool'
import { HeadWatcher } from './heads'
import { judge, RpcCancelledError, RpcRefusedError, RpcTooLargeError, RpcUnavailableError } from './rpc-errors'
import { Slots } from './slots'

export type RpcOptions = {
  readonly chainId: number
  /** In order of preference. Those with ws: or wss: only announce new heads; there has to be one with http: or https:. */
  readonly urls: readonly string[]
  /** Longest wait for one answer of one endpoint. Default 15. */
  readonly timeoutSeconds?: number
  /** How often all endpoints are asked again when none has answered. Default 3. */
  readonly retries?: number
  /** Before the first of them; the others wait longer each. Default 0.25. */
  readonly retrySeconds?: number
  /** Blocks behind the best head at which an endpoint is avoided. Default 16. */
  readonly maxLag?: number
  /** How often heads of endpoints are compared while requests are made, if there are several. Default 15. */
  readonly probeSeconds?: number
  /** How often {@link RpcProvider.onHead} looks for a new head where none is announced. Default 4. */
  readonly pollSeconds?: number
  /** Requests on their way at once. Default 32. */
  readonly concurrency?: number
  /** Longest answer. Default 64 MiB. */
  readonly maxBytes?: number
  /** Called after each request to an endpoint. */
  readonly onRequest?: (report: RpcRequestReport) => void
  /** Called when an endpoint is used first, and when it ceases and begins again to be used. */
  readonly onHealth?: (report: RpcHealthReport) => void
}

export type AskOptions = {
  /** Names of endpoints to ask only if no other answers. */
  readonly avoid?: ReadonlySet<string>
  readonly signal?: AbortSignal
}

const MOST_BACKOFF_MS = 10_000

/**
 * An ethers provider over several RPC endpoints of one chain. A request goes to the first endpoint that is well; when one
 * fails, is overloaded or does not answer in time, the next is asked, and all of them again after a while. An answer is
 * an answer, reverts included. No endpoint is used before it has said that it is of the right chain.
 *
 * Nothing is cached or batched, and nothing is polled unless somebody listens. Sending a transaction may be tried again
 * after it got through, so "already known" is a success.
 *
 * @example
 * ```ts
 * const provider = new RpcProvider({ chainId: 11155111, urls: ['https://one.example/KEY', 'https://two.example'] })
 * await provider.getBlockNumber()
 * provider.destroy()
 * ```
 */
export class RpcProvider extends JsonRpcApiProvider {
  readonly chainId: number
  readonly #pool: EndpointPool
  readonly #heads: HeadWatcher
  readonly #slots: Slots
  readonly #closing = new AbortController()
  readonly #retries: number
  readonly #retryMs: number

  /** @throws RpcUrlError */
  constructor(options: RpcOptions) {
    // A plain network: those that ethers knows fetch gas prices from servers of their own.
    const network = new Network(`chain-${options.chainId}`, options.chainId)
    super(network, { staticNetwork: network, batchMaxCount: 1, cacheTimeout: -1 })
    this.chainId = options.chainId
    this.#retries = options.retries ?? 3
    this.#retryMs = (options.retrySeconds ?? 0.25) * 1000
    this.#slots = new Slots(options.concurrency ?? 32)
    setMaxListeners(0, this.#closing.signal)
    const sockets = options.urls.filter((url) => /^wss?:/i.test(url))
    const others = options.urls.filter((url) => !sockets.includes(url))
    const onHealth = options.onHealth ?? (() => undefined)
    if (others.length === 0) throw new RpcUrlError('A chain needs an RPC URL with http:// or https://; add one.')
    this.#pool = new EndpointPool(parseEndpoints(others, ['http:', 'https:']), {
      chainId: options.chainId,
      timeoutMs: (options.timeoutSeconds ?? 15) * 1000,
      maxLag: options.maxLag ?? 16,
      maxBytes: options.maxBytes ?? 2 ** 26,
      probeMs: (options.probeSeconds ?? 15) * 1000,
      signal: this.#closing.signal,
      onRequest: options.onRequest ?? (() => undefined),
      onHealth,
    })
    this.#heads = new HeadWatcher({
      chainId: options.chainId,
      sockets: parseEndpoints(sockets, ['ws:', 'wss:']),
      pollMs: (options.pollSeconds ?? 4) * 1000,
      poll: async () => Number((await this.ask('eth_blockNumber', [])).result),
      onHealth,
    })
    this._start()
  }

  /** Names of the endpoints that are in use now, best first. */
  get healthyEndpoints(): readonly string[] {
    return this.#pool.healthy
  }

  /**
   * Sends a JSON-RPC request, and says which endpoint answered it.
   *
   * @throws RpcRefusedError with the endpoint's error; RpcTooLargeError; RpcUnavailableError; RpcWrongChainError;
   * RpcCancelledError.
   */
  async ask(
    method: string,
    params: readonly unknown[],
    options: AskOptions = {},
  ): Promise<{ readonly result: unknown; readonly endpoint: string }> {
    const { attempt, endpoint } = await this.#exchange(method, params, options)
    if (attempt.outcome === 'ok') return { result: attempt.result, endpoint }
    throw new RpcRefusedError(method, endpoint, attempt.error)
  }

  /**
   * Calls back with the number of each new head: as a websocket announces it or, while there is none, as polling finds it.
   * A hint: numbers may be left out, come twice, and fall in a reorganisation.
   *
   * @param callback - must not throw
   * @param options.poll - false for callers that look regularly anyway and only want to know earlier
   * @returns stops it.
   */
  onHead(callback: (block: number) => void, options: { readonly poll?: boolean } = {}): () => void {
    return this.#heads.add(callback, options.poll ?? true)
  }

  /** Cancels what is on its way, and closes every connection. */
  override destroy(): void {
    this.#closing.abort()
    this.#heads.close()
    super.destroy()
  }

  /** As ethers, but without the timer by which it gathers batches, which are off here. */
  override async send(method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> {
    const { attempt } = await this.#exchange(method, params, {})
    if (attempt.outcome === 'ok') return attempt.result
    throw this.getRpcError({ id: 0, jsonrpc: '2.0', method, params }, { id: 0, error: attempt.error })
  }

  /** How ethers asks for what it needs before anything else. */
  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<(JsonRpcResult | JsonRpcError)[]> {
    return Promise.all(
      [payload].flat().map(async ({ id, method, params }) => {
        const { attempt } = await this.#exchange(method, params, {})
        return attempt.outcome === 'ok' ? { id, result: attempt.result } : { id, error: attempt.error }
      }),
    )
  }

  async #exchange(
    method: string,
    params: unknown,
    options: AskOptions,
  ): Promise<{ readonly attempt: Extract<Attempt, { outcome: 'ok' | 'refused' }>; readonly endpoint: string }> {
    const { signal, release } = this.#linked(options.signal)
    await this.#slots.take()
    try {
      // Not waited for: a slow endpoint shall not delay the others' answers.
      void this.#pool.probe()
      const troubles = new Map<string, string>()
      for (let round = 0; ; round++) {
        const found = await this.#round(method, params, options.avoid ?? new Set(), signal, troubles)
        if (found !== undefined) return found
        if (round >= this.#retries) throw unavailable(this.chainId, method, troubles)
        await sleep(Math.min(this.#retryMs * 2 ** round, MOST_BACKOFF_MS) * (0.5 + Math.random() / 2), undefined, {
          signal,
        }).catch(() => undefined)
      }
    } finally {
      this.#slots.give()
      release()
    }
  }

  /** Asks every endpoint once, until one answers. */
  async #round(
    method: string,
    params: unknown,
    avoid: ReadonlySet<string>,
    signal: AbortSignal,
    troubles: Map<string, string>,
  ) {
    let refusal: { readonly attempt: Extract<Attempt, { outcome: 'refused' }>; readonly endpoint: string } | undefined
    const tried = new Set<string>()
    for (
      let endpoint = this.#pool.choose(tried, avoid);
      endpoint !== undefined;
      endpoint = this.#pool.choose(tried, avoid)
    ) {
      if (signal.aborted) throw new RpcCancelledError(`${method} was cancelled.`)
      tried.add(endpoint)
      const attempt = await this.#pool.attempt(endpoint, method, params, signal)
      if (attempt.outcome === 'ok') return { attempt, endpoint }
      if (attempt.outcome === 'refused') {
        if (judge(method, attempt.error) === 'answer') return { attempt, endpoint }
        refusal ??= { attempt, endpoint }
      } else if (attempt.outcome === 'too-large') {
        throw new RpcTooLargeError(`${endpoint} began ${attempt.reason} to ${method}; ask for less.`)
      } else troubles.set(endpoint, attempt.reason)
    }
    if (signal.aborted) throw new RpcCancelledError(`${method} was cancelled.`)
    return refusal
  }

  /** A signal for the provider's end and the caller's; AbortSignal.any would keep ties to both for ever. */
  #linked(other: AbortSignal | undefined): { readonly signal: AbortSignal; readonly release: () => void } {
    const controller = new AbortController()
    const sources = [this.#closing.signal, ...(other === undefined ? [] : [other])]
    const abort = (): void => controller.abort()
    if (sources.some(({ aborted }) => aborted)) abort()
    for (const source of sources) source.addEventListener('abort', abort)
    return {
      signal: controller.signal,
      release: () => {
        for (const source of sources) source.removeEventListener('abort', abort)
      },
    }
  }
}

function unavailable(chainId: number, method: string, troubles: ReadonlyMap<string, string>): RpcUnavailableError {
  const reasons = [...troubles].map(([endpoint, reason]) => `${endpoint}: ${reason}`)
  return new RpcUnavailableError(method, `No endpoint of chain ${chainId} answers ${method} (${reasons.join('; ')}).`)
}
