// SPDX-License-Identifier: GPL-3.0-or-later

import { Type } from '@sinclair/typebox'
import { needs, OPEN, problems } from '../schemas'
import type { Api, RouteContext } from '../types'

export const METRICS_PATH = '/metrics'

/** `/healthz`, `/readyz`, `/metrics` and `/openapi.json`. */
export function operationRoutes(api: Api, { backend, metrics }: RouteContext): void {
  api.get(
    '/healthz',
    {
      schema: {
        operationId: 'health',
        summary: 'Whether the prover is alive',
        description: 'It answers; whether it can work, /readyz says.',
        tags: ['operation'],
        security: OPEN,
        response: {
          200: Type.Object({ status: Type.Literal('ok') }, { description: 'It is' }),
        },
        ...problems(),
      },
    },
    () => ({ status: 'ok' as const }),
  )

  const Readiness = Type.Object(
    {
      ready: Type.Boolean(),
      parts: Type.Array(Type.Object({ name: Type.String(), ready: Type.Boolean(), detail: Type.String() })),
    },
    { description: 'Each part of the prover' },
  )
  api.get(
    '/readyz',
    {
      schema: {
        operationId: 'readiness',
        summary: 'Whether the prover can work',
        description: 'Part by part; 503 when one cannot.',
        tags: ['operation'],
        security: OPEN,
        response: { 200: Readiness, 503: Readiness },
        ...problems(),
      },
    },
    async (_request, reply) => {
      const { ready, parts } = await backend.readiness()
      return reply.code(ready ? 200 : 503).send({ ready, parts: [...parts] })
    },
  )

  api.get(
    METRICS_PATH,
    {
      schema: {
        operationId: 'metrics',
        summary: 'Metrics, for Prometheus',
        description:
          'Needs a token unless the prover is bound to a loopback address, and knows of no proxy and no other host names.',
        tags: ['operation'],
        security: needs('read'),
        response: {
          200: {
            description: 'In the text format of Prometheus',
            content: { 'text/plain': { schema: Type.String() } },
          },
        },
        ...problems(401, 403),
      },
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )

  let text: string | undefined
  api.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'openapi',
        summary: 'This document',
        description: 'OpenAPI 3.1, generated from the routes.',
        tags: ['operation'],
        security: OPEN,
        response: {
          200: { description: 'The document', content: { 'application/json': { schema: Type.Unknown() } } },
        },
        ...problems(),
      },
    },
    async (_request, reply) => {
      text ??= JSON.stringify(api.swagger())
      return reply.type('application/json').send(text)
    },
  )
}
