// SPDX-License-Identifier: GPL-3.0-or-later

import type { Readable } from 'node:stream'
import { Type, type Static } from '@sinclair/typebox'
import { hasScope, type Client } from '../access'
import { CancelTooLateError, InferenceUnknownError, PartAbsentError, PartPendingError } from '../errors'
import { eventStream } from '../events'
import { InferenceId, InferenceSchema, needs, problems, ProofSchema, ref, SecretsSchema } from '../schemas'
import { clientOf, type Api, type RouteContext } from '../types'
import { isFinal, readInferenceView } from '../views'
import type { Job } from '../../store/job'
import type { ApiBackend } from '../backend'

/** The connection ends with its stream, so that no idle one delays a shutdown; proxies must not collect events. */
const EVENT_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  connection: 'close',
  'x-accel-buffering': 'no',
}

/** A stream of text, for the types. */
const EventText = Type.Unsafe<Readable>({ type: 'string' })

/**
 * A job that the client may see: its own, one of the market, and to operators any.
 *
 * @throws InferenceUnknownError, also for a job of another client, so that ids tell nothing.
 */
async function requireJob(backend: ApiBackend, id: string, client: Client): Promise<Job> {
  const job = await backend.getInference(id)
  if (job && (job.origin.kind === 'market' || owns(job, client))) return job
  throw new InferenceUnknownError('There is no such inference, or it is not yours, or it was forgotten after its time.')
}

function owns({ origin }: Job, client: Client): boolean {
  return (origin.kind === 'api' && origin.client === client.name) || hasScope(client, 'admin')
}

/** `/v1/inferences/{id}` and what is below it. */
export function singleInferenceRoutes(api: Api, context: RouteContext): void {
  const { backend, streams, closing, config } = context

  api.get(
    '/v1/inferences/:id',
    {
      schema: {
        operationId: 'getInference',
        summary: 'Say where an inference stands',
        description: 'With its outputs once they are proved.',
        tags: ['inferences'],
        security: needs('read'),
        params: InferenceId,
        response: { 200: ref(InferenceSchema) },
        ...problems(401, 403, 404),
      },
    },
    async (request) => readInferenceView(backend, await requireJob(backend, request.params.id, clientOf(request))),
  )

  api.delete(
    '/v1/inferences/:id',
    {
      schema: {
        operationId: 'cancelInference',
        summary: 'Cancel an inference',
        description: 'Possible until its proof is submitted. Cancelling twice is no error.',
        tags: ['inferences'],
        security: needs('prove'),
        params: InferenceId,
        response: { 200: ref(InferenceSchema) },
        ...problems(401, 403, 404, 409),
      },
    },
    async (request) => {
      const client = clientOf(request)
      const job = await requireJob(backend, request.params.id, client)
      if (!owns(job, client))
        throw new InferenceUnknownError('A market request is cancelled by its requester, on chain.')
      const now = job.state === 'cancelled' ? job : await backend.cancel(job.id)
      if (now.state !== 'cancelled')
        throw new CancelTooLateError(`The inference is ${now.state}; it cannot be cancelled any more.`)
      return readInferenceView(backend, now)
    },
  )

  api.post(
    '/v1/inferences/:id/retry',
    {
      schema: {
        operationId: 'retryInference',
        summary: 'Try an inference once more',
        description: 'For operators: one that failed, was skipped or expired is taken up again from the start.',
        tags: ['operation'],
        security: needs('admin'),
        params: InferenceId,
        ...problems(401, 403, 404, 409),
        response: { 202: ref(InferenceSchema) },
      },
    },
    async (request, reply) => {
      const { id } = await requireJob(backend, request.params.id, clientOf(request))
      return reply.code(202).send(await readInferenceView(backend, await backend.retry(id)))
    },
  )

  api.get(
    '/v1/inferences/:id/proof',
    {
      schema: {
        operationId: 'getProof',
        summary: 'Get the proof',
        description:
          'As `zkml prove` writes it and `zkml verify` reads it; `call` has the arguments of `verifyInference`.',
        tags: ['inferences'],
        security: needs('read'),
        params: InferenceId,
        response: { 200: ref(ProofSchema) },
        ...problems(401, 403, 404, 409),
      },
    },
    async (request) => {
      const job = await requireJob(backend, request.params.id, clientOf(request))
      if (!job.proof) throw missing(job, 'proof')
      return job.proof as Static<typeof ProofSchema>
    },
  )

  api.get(
    '/v1/inferences/:id/secrets',
    {
      schema: {
        operationId: 'getSecrets',
        summary: 'Get what opens the commitments',
        description:
          'Salts and tensors of hashed inputs and outputs, for the client that asked. Erased some hours after the job.',
        tags: ['inferences'],
        security: needs('read'),
        params: InferenceId,
        response: { 200: ref(SecretsSchema) },
        ...problems(401, 403, 404, 409),
      },
    },
    async (request, reply) => {
      const client = clientOf(request)
      const job = await requireJob(backend, request.params.id, client)
      if (!owns(job, client)) throw new PartAbsentError('The requester gets these at POST /v1/requests/{id}/output.')
      const secrets = await backend.secrets(job.id)
      if (!secrets) throw missing(job, 'secrets')
      reply.header('cache-control', 'no-store')
      return secrets as Static<typeof SecretsSchema>
    },
  )

  api.get(
    '/v1/inferences/:id/events',
    {
      schema: {
        operationId: 'watchInference',
        summary: 'Watch an inference',
        description: [
          'Server-sent events. `progress` {state, stage, percent, elapsed} comes at once and with every change; `end` with {state,',
          'error} is the last one. `closing` is the last one when the prover shuts down: ask again. Milliseconds; percent of the stage.',
        ].join('\n'),
        tags: ['inferences'],
        security: needs('read'),
        params: InferenceId,
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: EventText } } },
        },
        ...problems(401, 403, 404, 503),
      },
    },
    async (request, reply) => {
      const client = clientOf(request)
      const job = await requireJob(backend, request.params.id, client)
      const leave = streams.take(client.name)
      reply.headers({ ...EVENT_HEADERS })
      return reply.send(eventStream(backend, job, closing, config.timeouts.heartbeat, leave))
    },
  )
}

/** Why a job has no proof or no secrets. */
function missing(job: Job, what: 'proof' | 'secrets'): PartAbsentError | PartPendingError {
  const { state, proof } = job
  if (!proof && !isFinal(state))
    return new PartPendingError(`The inference is ${state}; its ${what} come with the proof.`)
  return what === 'proof'
    ? new PartAbsentError(`The inference ended ${state}, without a proof.`)
    : new PartAbsentError('No tensor of the inference is hashed, or what opened the commitments was erased.')
}
