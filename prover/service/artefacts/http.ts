// SPDX-License-Identifier: GPL-3.0-or-later

import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { ServiceError } from '../errors'
import { AddressRefusedError, checkLiteral, guardedLookup, type HostRule } from './hosts'

/** A place that may have an artefact did not deliver it, or delivered something else. */
export class ArtefactSourceError extends ServiceError {
  readonly code = 'ARTEFACT_SOURCE_FAILED'

  constructor(
    message: string,
    override readonly transient: boolean,
    /** How long the place asked to be left alone, in milliseconds. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** How long to wait, in milliseconds. */
export type Timeouts = {
  /** For name, connection, TLS and the head of the answer. */
  readonly answer: number
  /** For the next bytes of the body. */
  readonly idle: number
}

export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly rule: HostRule
  readonly timeouts: Timeouts
  readonly signal: AbortSignal
}

const MAX_REDIRECTS = 5
const MAX_RETRY_AFTER = 60_000

/**
 * Sends a request and follows redirects, each hop checked by the rule and connected to only at an address that was checked too.
 * The body is left to the caller, who must read or destroy it.
 *
 * @throws AddressRefusedError, ArtefactSourceError
 */
export async function openHttp(address: URL, request: HttpRequest): Promise<IncomingMessage> {
  let url = address
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const answer = await sendOnce(url, request)
    const { statusCode = 0, headers } = answer
    if (statusCode < 300 || statusCode > 399 || statusCode === 304) return answer
    answer.destroy()
    if (request.method !== 'GET')
      throw new ArtefactSourceError(`${url.origin} redirects a request that it must not`, false)
    const next = headers.location
    if (next === undefined || !URL.canParse(next, url.href))
      throw new ArtefactSourceError(`${url.origin} redirects to nowhere`, false)
    url = new URL(next, url)
    // What was meant for the first host goes to no other.
    url.username = url.password = ''
  }
  throw new ArtefactSourceError(`${address.origin} redirects more than ${MAX_REDIRECTS} times`, false)
}

function sendOnce(url: URL, { method, headers, rule, timeouts, signal }: HttpRequest): Promise<IncomingMessage> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new AddressRefusedError(`${url.protocol} is no protocol to fetch by; use http or https`)
  const reach = rule(url)
  checkLiteral(url, reach)
  // One connection for each request: none is shared with, or kept for, an address that was checked by another rule.
  const options: RequestOptions = { method, headers, signal, agent: false, lookup: guardedLookup(reach) }
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
    const timer = setTimeout(() => {
      request.destroy(new ArtefactSourceError(`${url.origin} did not answer in ${timeouts.answer / 1000} s`, true))
    }, timeouts.answer)
    request.on('response', (answer) => {
      clearTimeout(timer)
      answer.setTimeout(timeouts.idle, () => {
        answer.destroy(new ArtefactSourceError(`${url.origin} sent nothing for ${timeouts.idle / 1000} s`, true))
      })
      resolve(answer)
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      if (signal.aborted || error instanceof ServiceError) return reject(error)
      reject(connectionFailed(url.origin, error))
    })
    request.end()
  })
}

/** A connection that was refused or broke; system errors are named by their code, which says all there is to say. */
export function connectionFailed(origin: string, error: unknown): ArtefactSourceError {
  const { code, message } = error as NodeJS.ErrnoException
  return new ArtefactSourceError(`the connection to ${origin} failed: ${code ?? message}`, true, undefined, {
    cause: error,
  })
}

/** What an answer other than 200 and 206 means for whether it is worth to ask again. */
export function statusError(origin: string, { statusCode = 0, headers }: IncomingMessage): ArtefactSourceError {
  const isTransient = statusCode >= 500 || statusCode === 408 || statusCode === 425 || statusCode === 429
  const after = headers['retry-after']
  const milliseconds =
    after === undefined ? NaN : /^\d{1,6}$/.test(after) ? 1000 * Number(after) : Date.parse(after) - Date.now()
  const retryAfter = Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), MAX_RETRY_AFTER)
  return new ArtefactSourceError(`${origin} answers with status ${statusCode}`, isTransient, retryAfter)
}
