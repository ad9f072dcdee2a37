// SPDX-License-Identifier: GPL-3.0-or-later

import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { AjvCompiler, type BuildCompilerFromPool } from '@fastify/ajv-compiler'
import cors from '@fastify/cors'
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { ZkmlError } from '../../errors'
import { isPrivate } from '../config'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import { clientKey, clientReader, hostGuard, neededScope, requireScope } from './access'
import type { ApiBackend } from './backend'
import type { ApiConfig } from './config'
import { describeApi } from './document'
import {
  ClosingError,
  ForbiddenError,
  HeadersTooLargeError,
  RateLimitedError,
  RequestInvalidError,
  RequestTimeoutError,
  RouteUnknownError,
  UnauthorizedError,
} from './errors'
import { StreamLimiter } from './events'
import { errorFields, observeRequests } from './observe'
import { answerTo, PROBLEM_TYPE } from './problem'
import { singleInferenceRoutes } from './routes/inference'
import { inferenceRoutes } from './routes/inferences'
import { modelRoutes } from './routes/models'
import { METRICS_PATH, operationRoutes } from './routes/operation'
import { requestRoutes } from './routes/requests'
import { verificationRoutes } from './routes/verification'
import { SHARED_SCHEMAS } from './schemas'
import { clientOf, decorateClient, setClient, type ApiStore } from './types'

export type ApiOptions = {
  readonly backend: ApiBackend
  readonly store: ApiStore
  readonly config: ApiConfig
  /** Key under which requests with an idempotency key are hashed; of the same for all daemons of a database. */
  readonly idempotencySecret: Uint8Array
  readonly metrics: Metrics
  readonly log: Log
}

const MINUTE = 60_000

/**
 * Makes the HTTP API of a daemon. It does not listen yet. Closing it stops accepting, ends event streams and waits with an answer,
 * and lets running requests finish.
 *
 * @example
 * ```ts
 * const api = await createApi({ backend, store, config: apiConfig(api, tokenHash(token)), idempotencySecret, metrics, log })
 * await api.listen({ host: '127.0.0.1', port: 8420 })
 * ```
 */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const { backend, store, config, idempotencySecret, metrics, log } = options
  const closing = new AbortController()
  const api = makeServer(config, metrics, log)
  api.server.maxConnections = config.maxConnections
  api.removeContentTypeParser('text/plain')
  for (const schema of SHARED_SCHEMAS) api.addSchema(schema)
  decorateClient(api)

  const readClient = clientReader(config)
  const checkHost = hostGuard(config)
  api.addHook('onRequest', (request, reply, done) => {
    setClient(request, readClient(request.headers.authorization))
    reply.header('x-request-id', request.id)
    if (closing.signal.aborted) throw new ClosingError('The prover is shutting down; try again in a moment.')
    checkHost(request.headers.host)
    done()
  })
  // So that no connection outlives its last answer.
  api.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing.signal.aborted) reply.header('connection', 'close')
    done()
  })
  observeRequests(api, metrics, log)
  await limitRates(api, config)
  if (config.corsOrigins.length > 0)
    await api.register(cors, {
      origin: [...config.corsOrigins],
      methods: ['GET', 'POST', 'DELETE'],
      exposedHeaders: ['location', 'retry-after', 'x-request-id'],
    })
  // After the rate limit, so that guessing tokens is limited, and before a body is read.
  const openMetrics = isPrivate(config)
  api.addHook('preParsing', (request, _reply, _payload, done) => {
    const scope = neededScope(request)
    const open = openMetrics && request.routeOptions.url === METRICS_PATH
    if (scope !== undefined && !open) requireScope(clientOf(request), scope)
    done()
  })
  api.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, metrics, log))
  api.setNotFoundHandler({ preHandler: api.rateLimit() }, (request) => {
    throw new RouteUnknownError(`There is no ${request.method} of that path; see /openapi.json.`)
  })

  await describeApi(api)
  const context = {
    ...{ backend, store, config, idempotencySecret, metrics },
    streams: new StreamLimiter(config.maxStreams),
    closing: closing.signal,
    limitProofs: limiter(api, config.rate.proofs, clientKey),
    limitSigned: limiter(api, config.rate.signed, signerKey),
  }
  await api.register(async (scope) => {
    const typed = scope.withTypeProvider<TypeBoxTypeProvider>()
    for (const add of [
      ...[modelRoutes, inferenceRoutes, singleInferenceRoutes],
      ...[verificationRoutes, requestRoutes, operationRoutes],
    ])
      add(typed, context)
  })
  api.addHook('preClose', async () => closing.abort())
  await api.ready()
  return api
}

function makeServer(config: ApiConfig, metrics: Metrics, log: Log): FastifyInstance {
  const { timeouts } = config
  return fastify({
    // Requests are logged by a hook of ours, which knows what may be in a log.
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: config.bodyLimit,
    trustProxy: config.trustProxy.length > 0 && [...config.trustProxy],
    exposeHeadRoutes: false,
    // Closing is answered with a problem like any other.
    return503OnClosing: false,
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    http: {
      headersTimeout: timeouts.headers,
      connectionsCheckingInterval: Math.min(timeouts.headers, timeouts.request, 5000),
    },
    schemaController: { compilersFactory: { buildValidator: validators } },
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply, metrics, log),
    clientErrorHandler: refuseConnection,
  })
}

/** Bodies are taken as they are; in paths, queries and headers everything is text, from which numbers are read. */
const validators: BuildCompilerFromPool = (schemas) => {
  const build = AjvCompiler()
  const rules = { removeAdditional: false, allowUnionTypes: true } as const
  const exact = build(schemas, { customOptions: { ...rules, coerceTypes: false } })
  const reading = build(schemas, { customOptions: { ...rules, coerceTypes: true } })
  return (route) => (route.httpPart === 'body' ? exact : reading)(route)
}

/** By market request as well: whoever shares an address with others, such as that of a proxy, cannot lock them out. */
function signerKey({ ip, params }: FastifyRequest): string {
  return `${normalizeIP(ip)} ${(params as { readonly id: string }).id.toLowerCase()}`
}

async function limitRates(api: FastifyInstance, { rate }: ApiConfig): Promise<void> {
  await api.register(rateLimit, {
    max: rate.requests,
    timeWindow: MINUTE,
    keyGenerator: clientKey,
    errorResponseBuilder: (_request, { ttl }) => tooMany(ttl),
  })
}

function limiter(
  api: FastifyInstance,
  max: number,
  keyGenerator: (request: FastifyRequest) => string,
): (request: FastifyRequest) => Promise<void> {
  const check = api.createRateLimit({ max, timeWindow: MINUTE, keyGenerator })
  return async (request) => {
    const result = await check(request)
    if (!result.isAllowed && result.isExceeded) throw tooMany(result.ttl)
  }
}

function tooMany(milliseconds: number): RateLimitedError {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000))
  return new RateLimitedError(`Too many requests in a minute; try again in ${seconds} s.`, seconds)
}

function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  metrics: Metrics,
  log: Log,
): FastifyReply {
  const { problem, retryAfter, internal } = answerTo(error, request.id)
  const { status, code } = problem
  metrics.errors.inc({ code, module: 'api' })
  if (status === 500 || internal) {
    // Messages of our own errors that are not about a request hold nothing of it; those of others may.
    const own = error instanceof ZkmlError ? { message: error.message } : {}
    log.error({ requestId: request.id, status, problem: code, ...errorFields(error), ...own }, 'request failed')
  }
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  // Closed while its body still comes, a connection may be gone before its client has read the answer. What comes is not kept.
  if (status === 413) reply.removeHeader('connection')
  if (error instanceof UnauthorizedError) reply.header('www-authenticate', 'Bearer realm="zkml"')
  if (error instanceof ForbiddenError)
    reply.header('www-authenticate', 'Bearer realm="zkml", error="insufficient_scope"')
  return reply.code(status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** Answers what is no HTTP request, or came too slowly, and hangs up. */
function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) {
    const { problem } = answerTo(connectionError(error.code), randomUUID())
    const body = JSON.stringify(problem)
    socket.write(
      [
        `HTTP/1.1 ${problem.status} ${problem.title}`,
        `Content-Type: ${PROBLEM_TYPE}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    )
  }
  socket.destroy(error)
}

function connectionError(code: string | undefined): Error {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new RequestTimeoutError('The request took too long to arrive; send it faster, or in fewer bytes.')
  if (code === 'HPE_HEADER_OVERFLOW') return new HeadersTooLargeError('The headers are too large; send fewer.')
  return new RequestInvalidError('What was sent is no HTTP request.')
}
