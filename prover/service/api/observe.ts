// SPDX-License-Identifier: GPL-3.0-or-later

import type { FastifyInstance } from 'fastify'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import { clientOf } from './types'

/** Paths that are asked for all the time, by machines. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics'])

/**
 * Logs and counts every request: method, route, status, time, client. Neither bodies, headers nor addresses with their ids and
 * queries are part of it.
 */
export function observeRequests(api: FastifyInstance, metrics: Metrics, log: Log): void {
  api.addHook('onResponse', (request, reply, done) => {
    const { method } = request
    const route = request.routeOptions.url ?? 'unknown'
    const status = reply.statusCode
    metrics.httpRequests.inc({ method, route, status })
    // An event stream is as long as its job.
    if (!route.endsWith('/events')) metrics.httpSeconds.observe({ method, route }, reply.elapsedTime / 1000)
    const fields = {
      requestId: request.id,
      method,
      route,
      status,
      milliseconds: Math.round(reply.elapsedTime),
      client: clientOf(request).name,
    }
    if (QUIET.has(route)) log.debug(fields, 'request')
    else log.info(fields, 'request')
    done()
  })
}

/**
 * What the log may have of an error that nobody expected: its name, code and stack without the message, which may quote the
 * request.
 */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { error: error.name, code: (error as { code?: unknown }).code, stack: frames.join('\n') }
}
