// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'

/** A URL of an RPC endpoint that cannot be used. */
export class RpcUrlError extends ZkmlError {
  readonly code = 'RPC_URL'
}

/** Where to ask. URLs carry API keys, so only `name` may be shown. */
export type Endpoint = {
  /** Scheme, host and port. */
  readonly name: string
  /** Without user and password. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The error of a JSON-RPC reply. */
export type RpcError = { readonly code: number; readonly message: string; readonly data?: unknown }

/** A request of JSON-RPC 2.0. */
export type RpcPayload = { readonly id: number; readonly method: string; readonly params: unknown }

/** How a request to an endpoint ended: with a result, with a JSON-RPC error, or without an answer. */
export type RpcOutcome = 'ok' | 'refused' | 'busy' | 'timeout' | 'failed' | 'invalid' | 'too-large' | 'cancelled'

/** What came of one request to one endpoint. */
export type Attempt =
  | { readonly outcome: 'ok'; readonly result: unknown }
  | { readonly outcome: 'refused'; readonly error: RpcError }
  | {
      readonly outcome: Exclude<RpcOutcome, 'ok' | 'refused'>
      /** For people; has nothing of the URL in it. */
      readonly reason: string
      /** Seconds for which the endpoint asked to be left alone. */
      readonly restSeconds?: number
    }

/** Of HTTP: the endpoint, not the request, is the trouble. */
const ENDPOINT_STATUS = [401, 403, 404, 408, 410, 413, 425]

/**
 * Parses URLs into endpoints with distinct names.
 *
 * @throws RpcUrlError for one that is not of these schemes. URLs may hold secrets, so it names their place in the list.
 */
export function parseEndpoints(urls: readonly string[], schemes: readonly string[]): Endpoint[] {
  const names = new Map<string, number>()
  return urls.map((text, index) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !schemes.includes(url.protocol))
      throw new RpcUrlError(`RPC URL ${index + 1} of ${urls.length} does not start with ${schemes.join('// or ')}//.`)
    const count = (names.get(url.origin) ?? 0) + 1
    names.set(url.origin, count)
    const name = count === 1 ? url.origin : `${url.origin}#${count}`
    const { username, password } = url
    url.username = url.password = ''
    if (username === '' && password === '') return { name, url: url.href, headers: {} }
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return { name, url: url.href, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } }
  })
}

/** Sends one request to one endpoint. Never throws: every end is an outcome. */
export async function post(
  endpoint: Endpoint,
  payload: RpcPayload,
  limits: { readonly timeoutMs: number; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Attempt> {
  const { timeoutMs, maxBytes, signal } = limits
  const controller = new AbortController()
  const cancel = (): void => controller.abort()
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel)
  const timer = setTimeout(cancel, timeoutMs)
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...endpoint.headers },
      body: JSON.stringify({ jsonrpc: '2.0', ...payload }),
      // A redirection could carry credentials and transactions anywhere.
      redirect: 'error',
      signal: controller.signal,
    })
    return await read(response, payload.id, maxBytes)
  } catch (error) {
    if (signal.aborted) return { outcome: 'cancelled', reason: 'cancelled' }
    if (controller.signal.aborted) return { outcome: 'timeout', reason: `no answer within ${timeoutMs / 1000} s` }
    return { outcome: 'failed', reason: networkReason(error) }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
  }
}

async function read(response: Response, id: number, maxBytes: number): Promise<Attempt> {
  const { status } = response
  if (status === 429 || status >= 500 || ENDPOINT_STATUS.includes(status)) {
    await response.body?.cancel()
    const outcome = status === 429 ? 'busy' : 'failed'
    const wait = Number(response.headers.get('retry-after') ?? NaN)
    return { outcome, reason: `HTTP ${status}`, ...(wait > 0 && { restSeconds: wait }) }
  }
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxBytes) return { outcome: 'too-large', reason: `an answer of more than ${maxBytes} bytes` }
    chunks.push(chunk)
  }
  return parse(Buffer.concat(chunks).toString('utf8'), id, status)
}

function parse(text: string, id: number, status: number): Attempt {
  const invalid: Attempt = { outcome: 'invalid', reason: `HTTP ${status} without a JSON-RPC answer` }
  let reply: { readonly id?: unknown; readonly result?: unknown; readonly error?: unknown }
  try {
    reply = JSON.parse(text) as typeof reply
  } catch {
    return invalid
  }
  if (typeof reply !== 'object' || reply === null) return invalid
  if (reply.error !== undefined && reply.error !== null) {
    const { code, message, data } = reply.error as Partial<RpcError>
    if (typeof message !== 'string') return invalid
    return { outcome: 'refused', error: { code: Number(code ?? 0), message, ...(data !== undefined && { data }) } }
  }
  // An answer to another question would be taken for that to ours.
  return reply.result === undefined || reply.id !== id ? invalid : { outcome: 'ok', result: reply.result }
}

/** Codes such as ECONNREFUSED; messages could quote the URL. */
function networkReason(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : 'the connection failed'
}
