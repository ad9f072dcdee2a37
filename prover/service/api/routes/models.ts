// SPDX-License-Identifier: GPL-3.0-or-later

import { Type } from '@sinclair/typebox'
import type { CatalogueModel } from '../../artefacts/types'
import type { ApiBackend } from '../backend'
import { ModelUnknownError } from '../errors'
import { ModelId, ModelSchema, needs, problems, ref } from '../schemas'
import type { Api, RouteContext } from '../types'
import { modelView } from '../views'

/**
 * The model of that name or hash.
 *
 * @throws ModelUnknownError
 */
export function requireModel(backend: ApiBackend, id: string): CatalogueModel {
  const model = backend.getModel(id)
  if (!model) throw new ModelUnknownError('This prover does not serve that model; GET /v1/models lists those it does.')
  return model
}

/** `/v1/models`. */
export function modelRoutes(api: Api, { backend }: RouteContext): void {
  const view = (model: CatalogueModel) => modelView(model, backend.modelFacts(model))

  api.get(
    '/v1/models',
    {
      schema: {
        operationId: 'listModels',
        summary: 'List the models',
        description: 'Every model that this prover serves.',
        tags: ['models'],
        security: needs('read'),
        response: {
          200: Type.Object({ models: Type.Array(ref(ModelSchema)) }, { description: 'The models' }),
        },
        ...problems(401, 403),
      },
    },
    () => ({ models: backend.listModels().map(view) }),
  )

  api.get(
    '/v1/models/:id',
    {
      schema: {
        operationId: 'getModel',
        summary: 'Describe a model',
        description:
          'Its inputs and outputs with their ranges, its hashes, how long a proof takes and where it is registered.',
        tags: ['models'],
        security: needs('read'),
        params: ModelId,
        response: { 200: ref(ModelSchema) },
        ...problems(401, 403, 404),
      },
    },
    (request) => view(requireModel(backend, request.params.id)),
  )
}
