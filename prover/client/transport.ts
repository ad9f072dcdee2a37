// SPDX-License-Identifier: GPL-3.0-or-later

import { ProverUnreachableError, ZkmlApiError } from './errors'

export type TransportOptions = {
  /** Where the prover listens, such as `http://127.0.0.1:8420`. */
  readonly url: string
  readonly token?: string
  /** How often a request that may be repeated is tried while the prover is busy or does not answer; 6 when absent: some seconds. */
  readonly attempts?: number
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch
}

export type Request = {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

const ATTEMPTS = 6

/** Milliseconds; each next pause is twice as long. */
const FIRST_PAUSE = 200

/** Sends requests to one prover. */
export class Transport {
  private readonly base: string
  private readonly authorization: Readonly<Record<string, string>>
  private readonly attempts: number
  private readonly fetch: typeof globalThis.fetch

  constructor({ url, token, attempts = ATTEMPTS, fetch }: TransportOptions) {
    this.attempts = attempts
    this.base = url.replace(/\/+$/, '')
    this.authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    // Browsers want their fetch called as a function of its own.
    this.fetch = fetch ?? ((input, init) => globalThis.fetch(input, init))
  }

  /**
   * Sends a request once.
   *
   * @throws ZkmlApiError for an answer that is an error, ProverUnreachableError without an answer
   */
  async open(path: string, { method = 'GET', body, headers, signal }: Request = {}): Promise<Response> {
    let response: Response
    try {
      response = await this.fetch(this.base + path, {
        method,
        headers: {
          ...this.authorization,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
    } catch (error) {
      throw unreachable(this.base, error, signal)
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }

  /** Sends a request and reads its JSON. */
  async call<T>(path: string, request: Request = {}): Promise<T> {
    const response = await this.open(path, request)
    try {
      return (await response.json()) as T
    } catch (error) {
      throw unreachable(this.base, error, request.signal)
    }
  }

  /** Like {@link call}, again and again while the prover is busy or cannot be reached: for requests that may be repeated. */
  async persist<T>(path: string, request: Request = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.call<T>(path, request)
      } catch (error) {
        if (attempt >= this.attempts || request.signal?.aborted || !mayPass(error)) throw error
        const asked = error instanceof ZkmlApiError ? (error.retryAfter ?? 0) * 1000 : 0
        await pause(Math.max(asked, FIRST_PAUSE * 2 ** (attempt - 1)), request.signal)
      }
    }
  }
}

/** Codes of other answers that a moment later may be different. */
const PASSING = ['API_IDEMPOTENCY_BUSY', 'API_REQUEST_PENDING']

/** Whether the same request may succeed in a moment. */
function mayPass(error: unknown): boolean {
  if (error instanceof ProverUnreachableError) return true
  if (!(error instanceof ZkmlApiError)) return false
  return [429, 502, 503, 504].includes(error.status) || PASSING.includes(error.code)
}

/** Waits, or throws when aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Aborting is the caller's own doing, and stays what it is. */
function unreachable(base: string, cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  return new ProverUnreachableError(`The prover at ${base} does not answer; check its address and whether it runs.`, {
    cause,
  })
}

async function problemOf(response: Response): Promise<ZkmlApiError> {
  const { status } = response
  const after = Number(response.headers.get('retry-after') ?? NaN)
  const retryAfter = Number.isFinite(after) ? after : undefined
  let body: Readonly<Record<string, unknown>> = {}
  try {
    body = (await response.json()) as typeof body
  } catch {
    // Something between us and the prover answered.
  }
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)
  return new ZkmlApiError({
    status,
    retryAfter,
    code: text(body['code'], `HTTP_${status}`),
    detail: text(body['detail'], `The answer has status ${status} and is not the prover's own.`),
    instance: text(body['instance'], ''),
  })
}
