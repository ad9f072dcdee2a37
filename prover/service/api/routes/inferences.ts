// SPDX-License-Identifier: GPL-3.0-or-later

import { Type, type Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientKey, hasScope, requireScope } from '../access'
import type { ProofRequest } from '../backend'
import { InferenceUnknownError, RequestInvalidError } from '../errors'
import { answerOnce, hashRequest } from '../idempotency'
import { readContext, readInput, readModelId, readSalts } from '../input'
import * as schemas from '../schemas'
import { clientOf, type Api, type RouteContext } from '../types'
import { isFinal, readInferenceView, runView, type InferenceView, type RunView } from '../views'
import type { Queryable } from '../../store/database'
import type { Job } from '../../store/job'
import { waitForEnd } from '../watch'
import { requireModel } from './models'

const Body = schemas.strict({
  model: Type.String({
    description: 'Name of a model at this prover, or its model hash',
    minLength: 1,
    maxLength: 128,
  }),
  input_data: Type.Optional(schemas.Rows),
  input_integers: Type.Optional(schemas.IntegerRows),
  prove: Type.Optional(Type.Boolean({ description: 'Prove the run' })),
  context: Type.Optional(
    schemas.nullable(
      schemas.strict(schemas.contextMembers, { description: 'What to bind the proof to; null makes a portable one' }),
    ),
  ),
  submit: Type.Optional(
    schemas.strict(
      {
        chainId: schemas.ChainId,
        modelId: Type.Optional(
          schemas.decimal(
            'Id of the model in the registry there; the one that the operator has configured when absent',
          ),
        ),
      },
      { description: 'Prove, and let an account of the prover call verifyInference on this chain' },
    ),
  ),
  salts: Type.Optional(
    Type.Array(schemas.decimal('A field element'), {
      description: 'Of every hashed tensor, outputs first; fresh ones when absent. Keep them secret.',
      maxItems: 128,
    }),
  ),
})

type InferenceBody = Static<typeof Body>

const MAX_WAIT_SECONDS = 60

/** `POST /v1/inferences` and `GET /v1/inferences`. */
export function inferenceRoutes(api: Api, context: RouteContext): void {
  const { backend } = context

  api.post(
    '/v1/inferences',
    {
      schema: {
        operationId: 'createInference',
        summary: 'Run a model, and prove the run if asked',
        description: [
          'Give the input either as real values (`input_data`) or as integers (`input_integers`). Without `prove` or `submit` the',
          'answer is the output. With them it is a job, whose proof and progress are at its `Location`; `wait` or `Prefer: wait=N`',
          'holds the answer back until the job has ended, for so many seconds at most. Proofs need the scope `prove`, submissions',
          '`submit`. A request with an `Idempotency-Key` can be repeated safely.',
        ].join('\n'),
        tags: ['inferences'],
        security: schemas.needs('infer'),
        querystring: schemas.strict({ wait: schemas.Wait }),
        headers: Type.Object({
          'idempotency-key': Type.Optional(
            Type.String({ description: 'The same key and body get the same inference', minLength: 1, maxLength: 255 }),
          ),
          prefer: Type.Optional(Type.String({ description: '`wait=N`, as in RFC 7240' })),
        }),
        body: Body,
        response: {
          200: schemas.ref(schemas.RunSchema),
          201: schemas.ref(schemas.InferenceSchema),
          202: schemas.ref(schemas.InferenceSchema),
        },
        ...schemas.problems(401, 403, 404, 409, 413, 415, 422, 503),
      },
    },
    async (request, reply) => {
      const { body, headers, query } = request
      const key = headers['idempotency-key']
      if (!body.prove && !body.submit) return plainRun(context, request, reply, body, key)
      const wait = query.wait ?? preferredWait(headers.prefer)
      return proofJob(context, request, reply, body, key, wait)
    },
  )

  api.get(
    '/v1/inferences',
    {
      schema: {
        operationId: 'listInferences',
        summary: 'List inferences, newest first',
        description: 'Jobs of all clients and of the market, for operators. `next` is the `before` of the next page.',
        tags: ['inferences'],
        security: schemas.needs('admin'),
        querystring: schemas.strict({
          limit: Type.Optional(Type.Integer({ description: 'Most to list', minimum: 1, maximum: 200, default: 50 })),
          before: Type.Optional(Type.String({ description: 'Only those created before this one', format: 'uuid' })),
          state: Type.Optional(schemas.StateSchema),
          kind: Type.Optional(schemas.KindSchema),
          chainId: Type.Optional(schemas.ChainId),
        }),
        response: {
          200: Type.Object(
            {
              inferences: Type.Array(schemas.ref(schemas.InferenceSchema)),
              next: schemas.nullable(Type.String({ description: 'null on the last page' })),
            },
            { description: 'A page of inferences' },
          ),
        },
        ...schemas.problems(401, 403),
      },
    },
    async (request) => {
      const { limit = 50, before, state, kind, chainId } = request.query
      const jobs = await backend.listInferences({
        limit: limit + 1,
        ...(before !== undefined && { before }),
        ...(state !== undefined && { states: [state] }),
        ...(kind !== undefined && { kind }),
        ...(chainId !== undefined && { chainId }),
      })
      const page = jobs.slice(0, limit)
      return {
        inferences: await Promise.all(page.map((job) => readInferenceView(backend, job, true))),
        next: jobs.length > limit ? (page.at(-1)?.id ?? null) : null,
      }
    },
  )
}

/**
 * Runs a model. That changes nothing and gives the same each time, so it is run again for a key that was used, and nothing is stored
 * but that it was.
 */
async function plainRun(
  { backend, store, idempotencySecret }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  body: InferenceBody,
  key: string | undefined,
): Promise<RunView> {
  if (body.context || body.salts)
    throw new RequestInvalidError('"context" and "salts" are of a proof; set "prove" to true, or leave them out.')
  const model = requireModel(backend, body.model)
  const input = readInput(model, body)
  const view = runView(model, input, await backend.run(model, input))
  if (key !== undefined) {
    const claim = { client: clientKey(request), key, requestHash: hashRequest(idempotencySecret, body) }
    const { replayed } = await answerOnce(store, claim, 200, () => Promise.resolve(null))
    if (replayed) reply.header('idempotency-replayed', 'true')
  }
  return view
}

/** Records a proof to make, and waits for it if asked. */
async function proofJob(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  body: InferenceBody,
  key: string | undefined,
  wait: number,
): Promise<InferenceView> {
  const { backend, store, idempotencySecret } = context
  const client = clientOf(request)
  requireScope(client, body.submit ? 'submit' : 'prove')
  await context.limitProofs(request)
  const proof = await proofRequest(context, client.name, body)
  const create = async (tx: Queryable) => ({ id: (await backend.createInference(tx, proof)).id })
  const claim = (name: string) => ({
    client: clientKey(request),
    key: name,
    requestHash: hashRequest(idempotencySecret, body),
  })
  const answer =
    key === undefined
      ? { body: await store.db.transaction(create), replayed: false }
      : await answerOnce(store, claim(key), 202, create)
  if (answer.replayed) reply.header('idempotency-replayed', 'true')
  const { id } = answer.body
  reply.header('location', `/v1/inferences/${id}`)
  const job = wait > 0 ? await endWithin(context, reply, id, wait) : await backend.getInference(id)
  if (!job) throw new InferenceUnknownError('The inference of this Idempotency-Key is forgotten; take a fresh key.')
  reply.code(isFinal(job.state) ? 201 : 202)
  return readInferenceView(backend, job, hasScope(client, 'admin'))
}

async function proofRequest({ backend }: RouteContext, client: string, body: InferenceBody): Promise<ProofRequest> {
  const { submit, context, salts } = body
  if (submit && body.prove === false)
    throw new RequestInvalidError('"submit" includes a proof; leave "prove" out, or set it to true.')
  if (submit && context)
    throw new RequestInvalidError('With "submit" the prover binds the proof to its own call; leave "context" out.')
  const model = requireModel(backend, body.model)
  const { outputs, inputs } = model.file.schema
  return {
    client,
    model,
    input: readInput(model, body),
    context: context ? readContext(context) : null,
    ...(salts && { salts: readSalts([...outputs, ...inputs], salts) }),
    submission: submit
      ? await backend.prepareSubmission(model, submit.chainId, submit.modelId && readModelId(submit.modelId))
      : null,
  }
}

/** The job when it has ended, or as it is when time is up or the client has gone. */
async function endWithin(
  { backend, closing }: RouteContext,
  reply: FastifyReply,
  id: string,
  seconds: number,
): Promise<Job | undefined> {
  const stop = new AbortController()
  const onClosing = () => stop.abort()
  closing.addEventListener('abort', onClosing)
  reply.raw.once('close', onClosing)
  try {
    return await waitForEnd(backend, id, seconds, stop.signal)
  } finally {
    closing.removeEventListener('abort', onClosing)
  }
}

/** RFC 7240; what makes no sense is ignored, as it prescribes. */
function preferredWait(prefer: string | undefined): number {
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})/i.exec(prefer ?? '')?.[1]
  return Math.min(Number(seconds ?? 0), MAX_WAIT_SECONDS)
}
