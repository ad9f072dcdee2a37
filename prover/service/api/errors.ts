// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** Base of the errors that stand for an HTTP status; the message is for the client. */
export abstract class ApiError extends ServiceError {
  abstract readonly status: number
  abstract readonly title: string
  /** Seconds after which to try again, or undefined. */
  readonly retryAfter: number | undefined = undefined
}

/** A request that is not well-formed: not JSON, or not what the OpenAPI document says. */
export class RequestInvalidError extends ApiError {
  override readonly code = 'API_REQUEST_INVALID'
  override readonly status = 400
  override readonly title = 'The request is not well-formed'
}

/** A request without a token, or with one that this prover does not know. */
export class UnauthorizedError extends ApiError {
  override readonly code = 'API_UNAUTHORIZED'
  override readonly status = 401
  override readonly title = 'A token is needed'
}

/** A token that may do other things, but not this. */
export class ForbiddenError extends ApiError {
  override readonly code = 'API_FORBIDDEN'
  override readonly status = 403
  override readonly title = 'The token may not do this'
}

/** A signature that is not the requester's, or not of what was sent. */
export class SignatureRefusedError extends ApiError {
  override readonly code = 'API_SIGNATURE_REFUSED'
  override readonly status = 403
  override readonly title = "The signature is not the requester's"
}

/** A path that the API does not have. */
export class RouteUnknownError extends ApiError {
  override readonly code = 'API_ROUTE_UNKNOWN'
  override readonly status = 404
  override readonly title = 'There is no such path'
}

/** A model that this prover does not serve. */
export class ModelUnknownError extends ApiError {
  override readonly code = 'API_MODEL_UNKNOWN'
  override readonly status = 404
  override readonly title = 'There is no such model'
}

/** An inference that does not exist, is forgotten, or belongs to another client. */
export class InferenceUnknownError extends ApiError {
  override readonly code = 'API_INFERENCE_UNKNOWN'
  override readonly status = 404
  override readonly title = 'There is no such inference'
}

/** A market request that this prover has not seen on that chain. */
export class RequestUnknownError extends ApiError {
  override readonly code = 'API_REQUEST_UNKNOWN'
  override readonly status = 404
  override readonly title = 'There is no such market request'
}

/** A market request that this prover has seen, and has not looked at yet. */
export class RequestPendingError extends ApiError {
  override readonly code = 'API_REQUEST_PENDING'
  override readonly status = 409
  override readonly title = 'The request was not looked at yet'
  override readonly retryAfter = 1
}

/** Something of an inference that there will never be, or no more: its proof, or the openings of its commitments. */
export class PartAbsentError extends ApiError {
  override readonly code = 'API_PART_ABSENT'
  override readonly status = 404
  override readonly title = 'The inference does not have this'
}

/** Something of an inference that is not there yet. */
export class PartPendingError extends ApiError {
  override readonly code = 'API_PART_PENDING'
  override readonly status = 409
  override readonly title = 'The inference does not have this yet'
  override readonly retryAfter = 1
}

/** An inference that cannot be cancelled any more. */
export class CancelTooLateError extends ApiError {
  override readonly code = 'API_CANCEL_TOO_LATE'
  override readonly status = 409
  override readonly title = 'The inference cannot be cancelled any more'
}

/** An inference that is under way, done or cancelled, and so cannot be tried once more. */
export class RetryRefusedError extends ApiError {
  override readonly code = 'API_RETRY_REFUSED'
  override readonly status = 409
  override readonly title = 'The inference cannot be tried once more'
}

/** The first request with this idempotency key is still being answered. */
export class IdempotencyBusyError extends ApiError {
  override readonly code = 'API_IDEMPOTENCY_BUSY'
  override readonly status = 409
  override readonly title = 'The same request is being answered'
  override readonly retryAfter = 1
}

/** An idempotency key that was used for another request. */
export class IdempotencyMismatchError extends ApiError {
  override readonly code = 'API_IDEMPOTENCY_MISMATCH'
  override readonly status = 422
  override readonly title = 'The idempotency key belongs to another request'
}

/** An input with the wrong number of tensors, elements or salts. */
export class InputShapeError extends ApiError {
  override readonly code = 'API_INPUT_SHAPE'
  override readonly status = 422
  override readonly title = 'The input does not fit the model'
}

/** An input of a market request that is not the one its requester committed to. */
export class InputMismatchError extends ApiError {
  override readonly code = 'API_INPUT_MISMATCH'
  override readonly status = 422
  override readonly title = 'The input is not the committed one'
}

/** An input of a market request that needs none, or no more. */
export class InputNotWantedError extends ApiError {
  override readonly code = 'API_INPUT_NOT_WANTED'
  override readonly status = 409
  override readonly title = 'The request does not wait for an input'
}

/** A chain that this prover does not submit to, or that does not know the model. */
export class SubmitUnavailableError extends ApiError {
  override readonly code = 'API_SUBMIT_UNAVAILABLE'
  override readonly status = 422
  override readonly title = 'The proof cannot be submitted there'
}

/** A request for a host name that this prover does not go by: a web page may have pointed its own name here. */
export class HostRefusedError extends ApiError {
  override readonly code = 'API_HOST_REFUSED'
  override readonly status = 421
  override readonly title = 'The host name is not one of this prover'
}

/** A request that took too long to arrive. */
export class RequestTimeoutError extends ApiError {
  override readonly code = 'API_REQUEST_TIMEOUT'
  override readonly status = 408
  override readonly title = 'The request took too long to arrive'
}

/** A body that is larger than this prover takes. */
export class BodyTooLargeError extends ApiError {
  override readonly code = 'API_BODY_TOO_LARGE'
  override readonly status = 413
  override readonly title = 'The body is too large'
}

/** A body that is not `application/json`. */
export class MediaTypeError extends ApiError {
  override readonly code = 'API_MEDIA_TYPE'
  override readonly status = 415
  override readonly title = 'The body is not application/json'
}

/** Headers that are larger than this prover takes. */
export class HeadersTooLargeError extends ApiError {
  override readonly code = 'API_HEADERS_TOO_LARGE'
  override readonly status = 431
  override readonly title = 'The headers are too large'
}

/** More requests in a minute than the client may make. */
export class RateLimitedError extends ApiError {
  override readonly code = 'API_RATE_LIMITED'
  override readonly status = 429
  override readonly title = 'Too many requests'
  override readonly transient = true
  override readonly retryAfter: number

  constructor(message: string, retryAfter: number) {
    super(message)
    this.retryAfter = retryAfter
  }
}

/** More work, or more open event streams, than this prover takes at once. */
export class OverloadedError extends ApiError {
  override readonly code = 'API_OVERLOADED'
  override readonly status = 503
  override readonly title = 'The prover is busy'
  override readonly transient = true
  override readonly retryAfter = 5
}

/** The prover is shutting down. */
export class ClosingError extends ApiError {
  override readonly code = 'API_CLOSING'
  override readonly status = 503
  override readonly title = 'The prover is shutting down'
  override readonly transient = true
  override readonly retryAfter = 5
}

/** Something went wrong inside the prover; its log says what. */
export class InternalError extends ApiError {
  override readonly code = 'API_INTERNAL'
  override readonly status = 500
  override readonly title = 'Something went wrong inside the prover'
}
