// SPDX-License-Identifier: GPL-3.0-or-later

import type { FastifyError } from 'fastify'
import { ZkmlError } from '../../errors'
import {
  ApiError,
  BodyTooLargeError,
  ClosingError,
  InternalError,
  MediaTypeError,
  RateLimitedError,
  RequestInvalidError,
} from './errors'

/** RFC 9457 problem details; `code` is one of docs/errors.md and does not change. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  /** `urn:uuid:` and the id of the request, which the log has too. */
  readonly instance: string
}

export const PROBLEM_TYPE = 'application/problem+json'

/** Errors from below that are the client's doing, and what to call them. */
const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  INPUT_RANGE: 'An input value is outside the range that the circuit accepts',
  ENCODING_PACKING: 'The values do not fit the tensor',
  ENCODING_VALUE: 'A value is not what its encoding allows',
  PROOF_FILE_INVALID: 'The proof is not one',
  GROTH16_PROOF_FORMAT: 'The proof is not one',
}

/** Errors from below that say the daemon cannot serve a model now. */
const ARTEFACT_CODE = /^(ARTEFACT|BINFILE|GROTH16_KEY|MODEL_UNAVAILABLE)/

/** What a client is told of an error. */
export type Answer = {
  readonly problem: Problem
  readonly retryAfter: number | undefined
  /** The error is not the client's: the log needs more than its code. */
  readonly internal: boolean
}

/** The problem that an error stands for. Of errors that are not the client's doing it tells the code only. */
export function answerTo(error: unknown, requestId: string): Answer {
  const { status, code, title, detail, retryAfter } = describe(error)
  const internal = status >= 500 && !(error instanceof ApiError)
  const shown = internal ? `The log of the prover says more under the request id ${requestId}.` : detail
  return {
    problem: { type: problemType(code), title, status, code, detail: shown, instance: `urn:uuid:${requestId}` },
    retryAfter,
    internal,
  }
}

/** Where a code is explained. */
function problemType(code: string): string {
  return `/docs/errors.md#${code}`
}

type Description = Pick<Problem, 'status' | 'code' | 'title' | 'detail'> & { readonly retryAfter: number | undefined }

function describe(error: unknown): Description {
  const known = error instanceof ZkmlError ? error : translate(error)
  const { code, message: detail } = known
  if (known instanceof ApiError) {
    const { status, title, retryAfter } = known
    return { status, code, title, detail, retryAfter }
  }
  const title = CLIENT_ERRORS[code]
  if (title !== undefined) return { status: 422, code, title, detail, retryAfter: undefined }
  if (ARTEFACT_CODE.test(code))
    return { status: 503, code, title: 'The model cannot be served now', detail, retryAfter: 30 }
  if (known.transient) return { status: 503, code, title: 'The prover cannot do this now', detail, retryAfter: 5 }
  return { status: 500, code, title: 'Something went wrong inside the prover', detail, retryAfter: undefined }
}

/** Errors of Fastify and its plugins, in our words: theirs may quote the body. */
function translate(error: unknown): ApiError {
  const { statusCode, code, validation, validationContext } = (error ?? {}) as Partial<FastifyError>
  if (validation) return new RequestInvalidError(validationDetail(validation, validationContext ?? 'request'))
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new BodyTooLargeError('The body is larger than this prover takes; send fewer values, or ask its operator.')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new MediaTypeError('A body must be JSON; send it with "Content-Type: application/json".')
  if (statusCode === 429) return new RateLimitedError('Too many requests; wait a minute.', 60)
  if (statusCode === 503) return new ClosingError('The prover is shutting down; try again in a moment.')
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new RequestInvalidError('The path, the headers or the JSON of the body cannot be read; correct the request.')
  return new InternalError('An unexpected error.', { cause: error })
}

function validationDetail(errors: NonNullable<FastifyError['validation']>, part: string): string {
  const [first] = errors
  const place = `${part}${first?.instancePath ?? ''}`
  const extra = first?.params['additionalProperty']
  if (typeof extra === 'string')
    return `${place} has an unknown member ${JSON.stringify(extra.slice(0, 64))}; see /openapi.json.`
  return `${place} ${first?.message ?? 'is not valid'}; see /openapi.json.`
}
