// SPDX-License-Identifier: GPL-3.0-or-later

import type { Readable } from 'node:stream'
import { Type, type Static } from '@sinclair/typebox'
import { ANONYMOUS } from '../../config'
import { clientKey, hasScope, type Client } from '../access'
import { ForbiddenError, InferenceUnknownError, PartAbsentError, PartPendingError } from '../errors'
import { eventStream } from '../events'
import { InferenceId, InferenceSchema, needs, problems, ProofSchema, ref, SecretsSchema } from '../schemas'
import { clientOf, type Api, type RouteContext } from '../types'
import { isFinal, isProofShown, readInferenceView } from '../views'
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
  const view = (job: Job, client: Client) => readInferenceView(backend, job, hasScope(client, 'admin'))

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
    async (request) => {
      const client = clientOf(request)
      return view(await requireJob(backend, request.params.id, client), client)
    },
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
      if (!owns(job, client)) throw new ForbiddenError('A market request is cancelled by its requester, on chain.')
      return view(await backend.cancel(job), client)
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
      const client = clientOf(request)
      const job = await requireJob(backend, request.params.id, client)
      return reply.code(202).send(await view(await backend.retry(job), client))
    },
  )

  api.get(
    '/v1/inferences/:id/proof',
    {
      schema: {
        operationId: 'getProof',
        summary: 'Get the proof',
        description:
          'As `zkml prove` writes it and `zkml verify` reads it; `call` has the arguments of `verifyInference`. Of a market request once it is settled.',
        tags: ['inferences'],
        security: needs('read'),
        params: InferenceId,
        response: { 200: ref(ProofSchema) },
        ...problems(401, 403, 404, 409),
      },
    },
    async (request) => {
      const client = clientOf(request)
      const job = await requireJob(backend, request.params.id, client)
      if (!isProofShown(job, hasScope(client, 'admin'))) throw unsettled(job)
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
          'Salts and tensors of hashed inputs and outputs, for the client that asked, with its token. Erased some hours after the job.',
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
      if (job.origin.kind === 'api' && job.origin.client === ANONYMOUS)
        throw new PartAbsentError(
          'Asked for without a token it has no owner to give these to; ask for it with a token.',
        )
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
      const leave = streams.take(clientKey(request))
      reply.headers({ ...EVENT_HEADERS })
      return reply.send(eventStream(backend, job, closing, config.timeouts.heartbeat, leave))
    },
  )
}

/** Why the proof of a market job is not shown. */
function unsettled({ state }: Job): PartAbsentError | PartPendingError {
  return isFinal(state)
    ? new PartAbsentError(`The inference ended ${state}; its proof is not on chain.`)
    : new PartPendingError(`The inference is ${state}; its proof can be had when it is settled on chain.`)
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
