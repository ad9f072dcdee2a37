// SPDX-License-Identifier: GPL-3.0-or-later

import { post, type Attempt, type Endpoint, type RpcOutcome, type RpcPayload } from './endpoint'
import { judge, RpcWrongChainError } from './rpc-errors'

/** What the pool tells of every request; `endpoint` has neither credentials nor path. */
export type RpcRequestReport = {
  readonly endpoint: string
  readonly method: string
  readonly outcome: RpcOutcome
  readonly seconds: number
}

/** What the pool tells when an endpoint begins or ceases to be used. */
export type RpcHealthReport = { readonly endpoint: string; readonly healthy: boolean; readonly reason: string }

export type PoolOptions = {
  readonly chainId: number
  readonly timeoutMs: number
  /** Blocks that an endpoint may be behind the best. */
  readonly maxLag: number
  readonly maxBytes: number
  readonly probeMs: number
  /** Ends what the pool asks of its own accord. */
  readonly signal: AbortSignal
  readonly onRequest: (report: RpcRequestReport) => void
  readonly onHealth: (report: RpcHealthReport) => void
}

/** An endpoint and what is known of it. Times are of `performance.now`, which no clock step moves. */
type Member = {
  readonly endpoint: Endpoint
  /** Failures in a row. */
  failures: number
  restUntil: number
  /** Whether it said that it is of the right chain since it last failed. */
  checked: boolean
  checking: Promise<Attempt> | undefined
  /** The wrong chain that it said it is of. */
  otherChain: string | undefined
  stale: boolean
  /** As it was reported last. */
  healthy: boolean | undefined
}

const MOST_REST_MS = 60_000

/** Knows which endpoints of a chain can be used, in order of preference. */
export class EndpointPool {
  readonly #members: readonly Member[]
  readonly #options: PoolOptions
  #nextId = 1
  #probed = -Infinity

  constructor(endpoints: readonly Endpoint[], options: PoolOptions) {
    this.#options = options
    this.#members = endpoints.map((endpoint) => ({
      endpoint,
      failures: 0,
      restUntil: 0,
      checked: false,
      checking: undefined,
      otherChain: undefined,
      stale: false,
      healthy: undefined,
    }))
  }

  /** Names of endpoints that are in use now. */
  get healthy(): readonly string[] {
    return this.#members.filter((member) => this.#usable(member)).map(({ endpoint }) => endpoint.name)
  }

  /**
   * The best endpoint that was not tried yet: the first in order that is fresh and not at rest; else a stale or tired one,
   * which is better than none.
   *
   * @throws RpcWrongChainError when all are of other chains.
   */
  choose(tried: ReadonlySet<string>, avoid: ReadonlySet<string>): string | undefined {
    const right = this.#members.filter(({ otherChain }) => otherChain === undefined)
    if (right.length === 0) throw this.#wrongChain()
    const now = performance.now()
    const rank = ({ endpoint, restUntil, stale }: Member): number =>
      (avoid.has(endpoint.name) ? 4 : 0) + (restUntil > now ? 2 : 0) + (stale ? 1 : 0)
    const open = right.filter(({ endpoint }) => !tried.has(endpoint.name))
    return open.sort((a, b) => rank(a) - rank(b))[0]?.endpoint.name
  }

  /** Sends a request to an endpoint, which is asked for its chain before. */
  async attempt(name: string, method: string, params: unknown, signal: AbortSignal): Promise<Attempt> {
    const member = this.#members.find(({ endpoint }) => endpoint.name === name)!
    const trouble = await unlessAborted(this.#check(member), signal)
    return trouble ?? this.#send(member, method, params, signal)
  }

  /**
   * Compares the heads of all endpoints, when that is due. Heads are compared as they are told at one time, so that
   * chains with many blocks a second look no different.
   */
  async probe(): Promise<void> {
    const now = performance.now()
    if (this.#members.length < 2 || now - this.#probed < this.#options.probeMs) return
    this.#probed = now
    const awake = this.#members.filter((member) => this.#usable(member) || member.stale)
    const heads = await Promise.all(
      awake.map(async ({ endpoint }) => {
        const attempt = await this.attempt(endpoint.name, 'eth_blockNumber', [], this.#options.signal)
        return attempt.outcome === 'ok' ? Number(attempt.result) : NaN
      }),
    )
    const best = Math.max(...heads.filter(Number.isFinite))
    awake.forEach((member, index) => {
      const lag = best - heads[index]!
      // One that did not answer keeps its name; failures have their own consequences.
      if (!Number.isFinite(lag)) return
      member.stale = lag > this.#options.maxLag
      this.#report(member, member.stale ? `its head is ${lag} blocks behind` : 'it answers')
    })
  }

  async #check(member: Member): Promise<Attempt | undefined> {
    if (member.checked) return undefined
    // Shared by all that wait for it, so that none of them cancels it.
    member.checking ??= this.#send(member, 'eth_chainId', [], this.#options.signal).finally(
      () => (member.checking = undefined),
    )
    const attempt = await member.checking
    if (attempt.outcome !== 'ok') return attempt
    if (isChain(attempt.result, this.#options.chainId)) {
      member.checked = true
      return undefined
    }
    member.otherChain = String(attempt.result).slice(0, 80)
    this.#report(member, `it is of chain ${member.otherChain}`)
    return { outcome: 'invalid', reason: `it is of chain ${member.otherChain}, not ${this.#options.chainId}` }
  }

  async #send(member: Member, method: string, params: unknown, signal: AbortSignal): Promise<Attempt> {
    const payload: RpcPayload = { id: this.#nextId++, method, params }
    const started = performance.now()
    const { timeoutMs, maxBytes } = this.#options
    let attempt = await post(member.endpoint, payload, { timeoutMs, maxBytes, signal })
    if (attempt.outcome === 'refused' && judge(method, attempt.error) === 'busy')
      attempt = { outcome: 'busy', reason: attempt.error.message.slice(0, 200) }
    const seconds = (performance.now() - started) / 1000
    this.#options.onRequest({ endpoint: member.endpoint.name, method, outcome: attempt.outcome, seconds })
    // Telling its chain proves no recovery: it is asked after every failure.
    if (attempt.outcome !== 'ok' || method !== 'eth_chainId') this.#learn(member, attempt)
    return attempt
  }

  #learn(member: Member, attempt: Attempt): void {
    const { outcome } = attempt
    if (outcome === 'cancelled' || outcome === 'too-large') return
    if (outcome === 'ok' || outcome === 'refused') {
      member.failures = 0
      member.restUntil = 0
      this.#report(member, 'it answers')
      return
    }
    const asked = (attempt.restSeconds ?? 0) * 1000
    const rest = Math.max(1000 * 2 ** member.failures++, asked)
    member.restUntil = performance.now() + Math.min(rest, MOST_REST_MS) * (0.75 + Math.random() / 4)
    // What answers when it is back may be another node.
    member.checked = false
    this.#report(member, attempt.reason)
  }

  #usable({ otherChain, restUntil, stale }: Member): boolean {
    return otherChain === undefined && !stale && restUntil <= performance.now()
  }

  #report(member: Member, reason: string): void {
    const healthy = this.#usable(member)
    if (healthy === member.healthy) return
    member.healthy = healthy
    this.#options.onHealth({ endpoint: member.endpoint.name, healthy, reason })
  }

  #wrongChain(): RpcWrongChainError {
    const named = this.#members.map(({ endpoint, otherChain }) => `${endpoint.name} is of chain ${otherChain}`)
    return new RpcWrongChainError(
      `No endpoint is of chain ${this.#options.chainId}: ${named.join(', ')}; fix the URLs.`,
    )
  }
}

/** What others wait for as well goes on without who gives up. */
async function unlessAborted(check: Promise<Attempt | undefined>, signal: AbortSignal): Promise<Attempt | undefined> {
  let abort = (): void => undefined
  const aborted = new Promise<Attempt>((resolve) => {
    abort = () => resolve({ outcome: 'cancelled', reason: 'cancelled' })
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([check, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function isChain(result: unknown, chainId: number): boolean {
  try {
    return typeof result === 'string' && BigInt(result) === BigInt(chainId)
  } catch {
    return false
  }
}
