// SPDX-License-Identifier: GPL-3.0-or-later

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { Metrics } from '../metrics'
import type { Store } from '../store/store'
import type { Client } from './access'
import type { ApiBackend } from './backend'
import type { ApiConfig } from './config'
import type { StreamLimiter } from './events'

/** A Fastify instance whose routes are typed by their schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What the API remembers: answers to requests with an idempotency key. */
export type ApiStore = Pick<Store, 'db' | 'idempotency'>

/** What routes are made with. */
export type RouteContext = {
  readonly backend: ApiBackend
  readonly store: ApiStore
  readonly config: ApiConfig
  readonly idempotencySecret: Uint8Array
  readonly metrics: Metrics
  readonly streams: StreamLimiter
  /** Aborted when the daemon shuts down. */
  readonly closing: AbortSignal
  /** Counts a request as one for a proof, or its verification. @throws RateLimitedError */
  readonly limitProofs: (request: FastifyRequest) => Promise<void>
  /** Counts a request as one with a requester's signature. @throws RateLimitedError */
  readonly limitSigned: (request: FastifyRequest) => Promise<void>
}

const CLIENT = 'client'

/** Makes room for the client of each request. */
export const decorateClient = (api: FastifyInstance): void => void api.decorateRequest(CLIENT, null)

/** Who sent a request; known once its first hook has run. */
export const clientOf = (request: FastifyRequest): Client => request.getDecorator<Client>(CLIENT)

export const setClient = (request: FastifyRequest, client: Client): void => request.setDecorator(CLIENT, client)
