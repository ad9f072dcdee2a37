// SPDX-License-Identifier: GPL-3.0-or-later

import { Type, type Static, type TProperties, type TSchema } from '@sinclair/typebox'
import type { Scope } from '../config'
import { PROBLEM_TYPE } from './problem'

/** A value or null, as JSON Schema 2020-12 and the serialiser like it best. */
export const nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type as string, 'null'] })

/** A reference to a schema that has an `$id`: one of `SHARED_SCHEMAS`. */
export const ref = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })

/** An object of a request: unknown members are mistakes. */
export const strict = <T extends TProperties>(properties: T, options: { readonly description?: string } = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

export const text = (description: string, options: object = {}) => Type.String({ description, ...options })
export const hex32 = (description: string) => text(description, { pattern: '^0x[0-9a-fA-F]{64}$' })
export const address = (description: string) => text(description, { pattern: '^0x[0-9a-fA-F]{40}$' })
export const decimal = (description: string) => text(description, { pattern: '^[0-9]{1,78}$' })

export const ProblemSchema = Type.Object(
  {
    type: text('Where the code is explained'),
    title: text('What kind of problem it is'),
    status: Type.Integer({ description: 'The HTTP status' }),
    code: text('A stable code of docs/errors.md'),
    detail: text('What is wrong, where, and what to do'),
    instance: text('Id of the request, which the log has too'),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details' },
)

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request is not well-formed',
  401: 'A token is needed',
  403: 'The token, or the signature, does not allow this',
  404: 'There is no such thing',
  409: 'Not in this state',
  413: 'The body is too large',
  415: 'The body is not JSON',
  421: 'Not a host name of this prover',
  422: 'Well-formed, but not possible',
  429: 'Too many requests',
  503: 'Not now',
}

/** The problems that a route may answer with, besides those that any may. Only the document has them: they need no serialiser. */
export const problems = (...statuses: readonly (keyof typeof PROBLEMS)[]) => ({
  'x-problems': [...statuses, 400, 421, 429].sort(),
})

/** The responses that stand for `x-problems`. */
export function problemResponses(statuses: readonly number[]): Readonly<Record<number, object>> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: PROBLEMS[status], content: { [PROBLEM_TYPE]: { schema: ref(ProblemSchema) } } },
    ]),
  )
}

/** The scope that a route needs. Enforced from here, so that the document cannot say otherwise. */
export const needs = (scope: Scope): readonly { readonly bearer: readonly string[] }[] => [{ bearer: [scope] }]

/** For routes that anybody may ask. */
export const OPEN: readonly { readonly bearer: readonly string[] }[] = []
