// SPDX-License-Identifier: GPL-3.0-or-later

import { Type, type Static } from '@sinclair/typebox'
import { getAddress, recoverAddress } from 'ethers'
import { requestInputMessage, requestOutputMessage, typedDataDigest, type TypedData } from '../../../encodings'
import type { ApiBackend, MarketTarget } from '../backend'
import {
  ModelUnknownError,
  PartAbsentError,
  RequestInvalidError,
  RequestUnknownError,
  SignatureRefusedError,
} from '../errors'
import { inputIntegers, readInput, readSalts } from '../input'
import * as schemas from '../schemas'
import type { Api, RouteContext } from '../types'

const Signature = Type.String({
  description: 'EIP-712 signature of the requester; of a contract whatever its `isValidSignature` takes, as hex',
  pattern: '^0x([0-9a-fA-F]{2}){1,4096}$',
})
const Second = (description: string) => Type.Integer({ description, minimum: 0, maximum: 2 ** 47 })

/** Longest a signature for outputs may count, and how far clocks may differ. Seconds. */
const MAX_VALIDITY = 600
const CLOCK_SKEW = 60

/** `/v1/requests/{id}`: what the requester of a market request and its prover have to tell each other. */
export function requestRoutes(api: Api, { backend, limitSigned }: RouteContext): void {
  api.post(
    '/v1/requests/:id/input',
    {
      schema: {
        operationId: 'sendRequestInput',
        summary: 'Send the input of a market request',
        description: [
          'For requests whose input is hashed: the chain has only the commitment. No token is needed; the requester signs typed data,',
          'domain {name: "zkml prover input", version: "1", chainId, verifyingContract: coordinator}, type',
          'RequestInput(bytes32 requestId, bytes32 inputHash), inputHash = keccak256(abi.encode(int256[][] integers, uint256[] salts)).',
          'The input is kept encrypted, and erased some hours after the job. Sending it again is no error.',
        ].join('\n'),
        tags: ['market'],
        security: schemas.OPEN,
        params: schemas.RequestId,
        body: schemas.strict({
          chainId: schemas.ChainId,
          input_data: Type.Optional(schemas.Rows),
          input_integers: Type.Optional(schemas.IntegerRows),
          salts: Type.Array(schemas.decimal('A field element'), {
            description: 'Of the hashed input tensors, in order',
            maxItems: 64,
          }),
          signature: Signature,
        }),
        response: {
          202: Type.Object(
            { chainId: Type.Integer(), requestId: Type.String() },
            { description: 'The input is the committed one, and kept' },
          ),
        },
        ...schemas.problems(403, 404, 409, 413, 415, 422, 503),
      },
    },
    async (request, reply) => {
      await limitSigned(request)
      const { body } = request
      const target = await requireRequest(backend, body.chainId, request.params.id)
      if (!target.model) throw new ModelUnknownError('This prover does not serve the model of that request.')
      const input = readInput(target.model, body)
      const salts = readSalts(target.model.file.schema.inputs, body.salts)
      const message = requestInputMessage(reference(target), inputIntegers(input), salts)
      await requireSignature(backend, target, message, body.signature)
      await backend.submitRequestInput(target, { input, salts })
      return reply.code(202).send({ chainId: target.chainId, requestId: target.requestId })
    },
  )

  api.post(
    '/v1/requests/:id/output',
    {
      schema: {
        operationId: 'openRequestOutput',
        summary: 'Get what opens the hashed outputs of a market request',
        description: [
          'For its requester, who signs typed data, domain {name: "zkml prover output", version: "1", chainId, verifyingContract:',
          'coordinator}, type RequestOutput(bytes32 requestId, uint48 issuedAt, uint48 expiresAt). Seconds since 1970; it may count for',
          `${MAX_VALIDITY} seconds at most. Whoever has the signature gets the outputs as long as it counts.`,
        ].join('\n'),
        tags: ['market'],
        security: schemas.OPEN,
        params: schemas.RequestId,
        body: schemas.strict({
          chainId: schemas.ChainId,
          issuedAt: Second('When it was signed'),
          expiresAt: Second('Until when it counts'),
          signature: Signature,
        }),
        response: {
          200: schemas.ref(schemas.SecretsSchema),
        },
        ...schemas.problems(403, 404, 409, 413, 415, 503),
      },
    },
    async (request, reply) => {
      await limitSigned(request)
      const { chainId, issuedAt, expiresAt, signature } = request.body
      const now = Date.now() / 1000
      if (issuedAt > now + CLOCK_SKEW || expiresAt <= now || expiresAt - issuedAt > MAX_VALIDITY)
        throw new RequestInvalidError(
          `The signature counts from ${issuedAt} to ${expiresAt}; it must count now, and for ${MAX_VALIDITY} seconds at most.`,
        )
      const target = await requireRequest(backend, chainId, request.params.id)
      const validity = { issuedAt: BigInt(issuedAt), expiresAt: BigInt(expiresAt) }
      await requireSignature(backend, target, requestOutputMessage(reference(target), validity), signature)
      const secrets = await backend.secrets(target.jobId)
      const tensors = secrets?.tensors.filter(({ side }) => side === 'output') ?? []
      if (!secrets || tensors.length === 0)
        throw new PartAbsentError(
          'No output of the request is hashed, it is not proved yet, or its opening was erased.',
        )
      reply.header('cache-control', 'no-store')
      return { ...secrets, tensors } as Static<typeof schemas.SecretsSchema>
    },
  )
}

async function requireRequest(backend: ApiBackend, chainId: number, id: string): Promise<MarketTarget> {
  const target = await backend.findRequest(chainId, id.toLowerCase())
  if (target) return target
  throw new RequestUnknownError(
    'This prover has not seen that request on that chain; if it is new, try again in a moment.',
  )
}

const reference = ({ chainId, coordinator, requestId }: MarketTarget) => ({
  chainId: BigInt(chainId),
  coordinator,
  requestId,
})

/** The requester signed, as an account or as a contract. */
async function requireSignature(
  backend: ApiBackend,
  { chainId, requester }: MarketTarget,
  message: TypedData,
  signature: string,
): Promise<void> {
  const digest = typedDataDigest(message)
  if (recovered(digest, signature) === getAddress(requester)) return
  if (await backend.isContractSignature(chainId, requester, digest, signature)) return
  throw new SignatureRefusedError(
    'The signature is not that of the requester over this request and body; sign it again.',
  )
}

function recovered(digest: string, signature: string): string | undefined {
  try {
    return recoverAddress(digest, signature)
  } catch {
    return undefined
  }
}
