// SPDX-License-Identifier: GPL-3.0-or-later

import { Type } from '@sinclair/typebox'
import { pack, tensorCommitment, elementCount } from '../../../encodings'
import { contradictingPart, proofFromJson } from '../../../pipeline'
import { InputShapeError } from '../errors'
import { readField, readTensor } from '../input'
import * as schemas from '../schemas'
import type { Api, RouteContext } from '../types'
import { statementView } from '../views'
import { requireModel } from './models'

/** `POST /v1/verify` and `POST /v1/commitments/open`. */
export function verificationRoutes(api: Api, { backend, limitProofs }: RouteContext): void {
  api.post(
    '/v1/verify',
    {
      schema: {
        operationId: 'verifyProof',
        summary: 'Verify a proof',
        description: [
          'Against a model of this prover, off chain. A proof with `context` counts only where and for what that says; one without is',
          'portable. Whoever must not trust this prover verifies with `zkml verify` or on chain.',
        ].join('\n'),
        tags: ['verification'],
        security: schemas.needs('infer'),
        body: schemas.strict({
          model: Type.String({ description: 'Name of a model at this prover, or its model hash', maxLength: 128 }),
          proof: schemas.ref(schemas.ProofSchema),
        }),
        response: {
          200: Type.Object(
            {
              valid: Type.Boolean(),
              reason: schemas.nullable(Type.String({ description: 'Why not' })),
              portable: Type.Boolean({ description: 'Bound to nothing' }),
              outputs: Type.Array(schemas.ref(schemas.TensorValueSchema), {
                description: 'What was proved, if it is valid',
              }),
            },
            { description: 'What verification found' },
          ),
        },
        ...schemas.problems(401, 403, 404, 413, 415, 422, 503),
      },
    },
    async (request) => {
      const { body } = request
      await limitProofs(request)
      const model = requireModel(backend, body.model)
      const text = JSON.stringify(body.proof)
      const statement = proofFromJson(text, 'body/proof')
      const { valid, reason, portable } = await backend.verify(model, statement)
      if (!valid) return { valid, reason, portable, outputs: [] }
      const { schema } = model.file
      const part = contradictingPart(text, schema, statement)
      if (part !== undefined)
        return { valid: false, reason: `its "${part}" are not those of its public signals`, portable, outputs: [] }
      return { valid, reason, portable, outputs: statementView(schema, statement.publicSignals).outputs }
    },
  )

  api.post(
    '/v1/commitments/open',
    {
      schema: {
        operationId: 'openCommitment',
        summary: 'Check the opening of a commitment',
        description: 'Whether salt and tensor give the commitment to a hashed tensor of a model. Nothing is stored.',
        tags: ['verification'],
        security: schemas.needs('read'),
        body: schemas.strict({
          model: Type.String({ description: 'Name of a model at this prover, or its model hash', maxLength: 128 }),
          tensor: Type.String({ description: 'Name of an input or output', maxLength: 64 }),
          commitment: schemas.decimal('The commitment, as in the public signals'),
          salt: schemas.decimal('The salt'),
          values: Type.Optional(Type.Array(Type.Number(), { description: 'Real values, row-major' })),
          integers: Type.Optional(Type.Array(schemas.WholeNumber, { description: 'The integers q, row-major' })),
        }),
        response: {
          200: Type.Object({ opens: Type.Boolean() }, { description: 'Whether it does' }),
        },
        ...schemas.problems(401, 403, 404, 413, 415, 422),
      },
    },
    ({ body }) => {
      const { schema } = requireModel(backend, body.model).file
      const spec = [...schema.outputs, ...schema.inputs].find(({ name }) => name === body.tensor)
      if (!spec)
        throw new InputShapeError('The model has no input or output of that name; GET /v1/models/{id} lists them.')
      const words = pack(readTensor(spec, body), spec)
      const format = { lo: spec.lo, bits: spec.bits, count: elementCount(spec) }
      return { opens: tensorCommitment(words, readField(body.salt, 'The salt'), format) === BigInt(body.commitment) }
    },
  )
}
