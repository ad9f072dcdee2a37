// SPDX-License-Identifier: GPL-3.0-or-later

import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { projectVersion } from '../../project'
import { SCOPES } from '../config'
import { problemResponses } from './schemas'

/** Collects the OpenAPI document from the schemas of the routes that are added after this. */
export async function describeApi(api: FastifyInstance): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'zkml prover',
        description: [
          'Verifiable machine-learning inference: run models, prove the runs, follow the proofs.',
          'Errors are `application/problem+json` with a stable `code`.',
        ].join('\n'),
        version: projectVersion(),
        license: { name: 'GPL-3.0-or-later', identifier: 'GPL-3.0-or-later' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'models', description: 'What can be run' },
        { name: 'inferences', description: 'Runs and proofs' },
        { name: 'verification', description: 'Checks of proofs and commitments' },
        { name: 'market', description: 'Between the requester of a market request and its prover' },
        { name: 'operation', description: "For the operator's tools" },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: `A token of the operator. Scopes, each of which includes those before it: ${SCOPES.join(', ')}. The operator may allow some without a token.`,
          },
        },
      },
    },
    transform: ({ schema, url }) => ({ schema: withProblems(schema), url }),
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, i) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema${i}`,
    },
  })
}

/** The schema of a route with the problems that it may answer with. */
function withProblems(schema: FastifySchema): FastifySchema {
  const { 'x-problems': statuses, ...rest } = schema as FastifySchema & { readonly 'x-problems'?: readonly number[] }
  return { ...rest, response: { ...problemResponses(statuses ?? []), ...(rest.response as object) } }
}
