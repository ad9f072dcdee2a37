// SPDX-License-Identifier: GPL-3.0-or-later

import { Type, type TObject } from '@sinclair/typebox'
import { address, decimal, hex32, nullable, ProblemSchema, ref, strict, text } from './schema-parts'

export * from './schema-parts'

export const ChainId = Type.Integer({ description: 'Chain id', minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
export const Rows = Type.Array(Type.Array(Type.Number()), {
  description: 'Real values: for each input tensor a row of its elements, row-major.',
  minItems: 1,
  maxItems: 64,
})
export const WholeNumber = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  pattern: '^-?[0-9]{1,78}$',
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
})
export const IntegerRows = Type.Array(Type.Array(WholeNumber), {
  description: 'The integers q that the circuit takes, value ≈ q · 2^-exponent, as decimal strings or safe integers.',
  minItems: 1,
  maxItems: 64,
})

export const TensorSchema = Type.Object(
  {
    name: Type.String(),
    shape: Type.Array(Type.Integer()),
    elements: Type.Integer({ description: 'Number of elements: the length of its row' }),
    visibility: Type.Unsafe<'public' | 'hashed' | 'private'>({ type: 'string', enum: ['public', 'hashed', 'private'] }),
    exponent: Type.Integer({ description: 'value ≈ integer · 2^-exponent' }),
    bits: Type.Integer({ description: 'Bits of an element when packed' }),
    integers: Type.Object(
      { min: Type.String(), max: Type.String() },
      { description: 'Least and greatest integer, decimal' },
    ),
    range: Type.Object(
      { min: Type.Number(), max: Type.Number() },
      { description: 'Real values that the circuit accepts or can give' },
    ),
  },
  { $id: 'Tensor', description: 'An input or output of a model' },
)

export const ModelSchema = Type.Object(
  {
    id: Type.String({ description: 'What this prover calls the model' }),
    name: Type.String(),
    source: Type.Unsafe<'local' | 'fetched'>({ type: 'string', enum: ['local', 'fetched'] }),
    inputs: Type.Array(ref(TensorSchema)),
    outputs: Type.Array(ref(TensorSchema)),
    constraints: Type.Integer(),
    publicSignals: Type.Integer(),
    modelHash: hex32('sha-256 of the ONNX file'),
    circuitHash: hex32('Of the circuit with this key served by the shared verifier'),
    r1csHash: hex32('sha-256 of the circuit'),
    ioSchemaHash: hex32('Of inputs and outputs'),
    recipeHash: hex32('Of the recipe'),
    vkHash: hex32('Of the verifying key'),
    setupHash: hex32('Of the ceremony; 0 for a key made by one party'),
    proveMilliseconds: nullable(Type.Number({ description: 'Median of recent proofs; null before the first' })),
    registrations: Type.Array(Type.Object({ chainId: Type.Integer(), modelId: decimal('Id in the registry') }), {
      description: 'Registry entries that speak of this model',
    }),
  },
  { $id: 'Model', description: 'A model that this prover serves' },
)

export const TensorValueSchema = Type.Object(
  {
    name: Type.String(),
    shape: Type.Array(Type.Integer()),
    values: nullable(Type.Array(Type.Number(), { description: 'integer · 2^-exponent; null unless it is public' })),
    integers: nullable(Type.Array(Type.String(), { description: 'Decimal; null unless it is public' })),
    exponent: Type.Integer(),
    commitment: nullable(Type.String({ description: 'Of a hashed tensor, decimal' })),
  },
  { $id: 'TensorValue', description: 'An input or output of a proof' },
)

const runTensors = (description: string) =>
  Type.Array(
    Type.Object({
      name: Type.String(),
      shape: Type.Array(Type.Integer()),
      values: Type.Array(Type.Number()),
      integers: Type.Array(Type.String()),
      exponent: Type.Integer(),
    }),
    { description },
  )

export const RunSchema = Type.Object(
  {
    model: Type.String(),
    modelHash: Type.String(),
    inputs: runTensors('As the model took them: real values are rounded to integer · 2^-exponent'),
    outputs: runTensors('What it says of them'),
  },
  { $id: 'Run', description: 'What a model says of an input, without a proof' },
)

/** What a proof is bound to. */
export const contextMembers = {
  chainId: decimal('Chain of the caller'),
  caller: address('Account that calls verifyInference'),
  requestId: hex32('Names the request'),
  modelId: decimal('Id of the model in the registry'),
  prover: address('Account that is credited'),
}

const STATES = [
  ...(['received', 'waiting', 'locking', 'proving', 'submitting'] as const),
  ...(['done', 'skipped', 'failed', 'cancelled', 'expired'] as const),
]
export const StateSchema = Type.Unsafe<(typeof STATES)[number]>({
  type: 'string',
  enum: STATES,
  description: 'The last five are final',
})

export const KindSchema = Type.Unsafe<'api' | 'market'>({
  type: 'string',
  enum: ['api', 'market'],
  description: 'Asked for here, or by the market',
})

export const OperatorSchema = Type.Object(
  {
    times: Type.Record(Type.String(), Type.String({ format: 'date-time' }), {
      description: 'When it first reached a state, and was locked, proved and mined',
    }),
    money: Type.Record(Type.String(), Type.String(), { description: 'Decimal, wei' }),
    transactions: Type.Array(
      Type.Object({
        purpose: Type.String(),
        state: Type.String(),
        nonce: nullable(Type.Integer()),
        hash: nullable(Type.String()),
        block: nullable(Type.Integer()),
        fee: nullable(Type.String({ description: 'Decimal, wei' })),
        error: nullable(Type.String()),
      }),
      { description: 'Oldest first' },
    ),
  },
  { description: 'With the scope `admin`' },
)

export const InferenceSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    kind: KindSchema,
    model: nullable(Type.String()),
    state: StateSchema,
    error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
    context: nullable(
      Type.Object(contextMembers, { description: 'What the proof is bound to; null for a portable one' }),
    ),
    submitTo: nullable(Type.Integer({ description: 'Chain that gets the proof' })),
    request: nullable(
      Type.Object(
        { chainId: Type.Integer(), coordinator: Type.String(), requestId: Type.String() },
        { description: 'The market request that it is for' },
      ),
    ),
    outputs: nullable(
      Type.Array(ref(TensorValueSchema), {
        description: 'Once proved, for the market once settled, while the model is served',
      }),
    ),
    inputs: nullable(Type.Array(ref(TensorValueSchema), { description: 'Together with the outputs' })),
    transaction: nullable(
      Type.Object(
        {
          chainId: Type.Integer(),
          hash: nullable(Type.String()),
          state: Type.String(),
          block: nullable(Type.Integer()),
        },
        { description: 'The transaction that carries the proof' },
      ),
    ),
    attempts: Type.Integer(),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
    operator: Type.Optional(OperatorSchema),
  },
  { $id: 'Inference', description: 'A proof that was asked for, and where it stands' },
)

const decimals = (count: number) => Type.Array(Type.String(), { minItems: count, maxItems: count })

/** A `zkml-proof/1`, as `zkml prove` writes it; what counts is read by `proofFromJson`. */
export const ProofSchema = Type.Object(
  {
    format: Type.Literal('zkml-proof/1'),
    system: Type.Optional(Type.String()),
    modelHash: hex32('sha-256 of the ONNX file'),
    circuitHash: hex32('Of the circuit'),
    vkHash: hex32('Of the verifying key'),
    context: nullable(Type.Object(contextMembers)),
    outputs: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String(),
          shape: Type.Array(Type.Integer()),
          values: nullable(Type.Array(Type.Number())),
          commitment: nullable(Type.String()),
        }),
      ),
    ),
    call: Type.Optional(
      Type.Object(
        { inputCommitment: Type.String(), output: Type.String(), proof: Type.String() },
        { description: 'Arguments of verifyInference after the model id' },
      ),
    ),
    publicSignals: Type.Array(Type.String(), { maxItems: 65_536 }),
    proof: Type.Object({
      pi_a: decimals(3),
      pi_b: Type.Array(decimals(2), { minItems: 3, maxItems: 3 }),
      pi_c: decimals(3),
      protocol: Type.Optional(Type.String()),
      curve: Type.Optional(Type.String()),
    }),
  },
  { $id: 'Proof', description: 'A proof and its statement' },
)

export const SecretsSchema = Type.Object(
  {
    format: Type.Literal('zkml-secrets/1'),
    modelHash: Type.String(),
    tensors: Type.Array(
      Type.Object({
        side: Type.Unsafe<'output' | 'input'>({ type: 'string', enum: ['output', 'input'] }),
        name: Type.String(),
        commitment: Type.String(),
        salt: Type.String(),
        integers: Type.Array(Type.String()),
        values: Type.Array(Type.Number()),
      }),
    ),
  },
  { $id: 'Secrets', description: 'What opens the commitments of a proof; whoever has it knows the tensors' },
)

/** Schemas that others refer to by name. */
export const SHARED_SCHEMAS: readonly TObject[] = [
  ProblemSchema,
  TensorSchema,
  ModelSchema,
  TensorValueSchema,
  RunSchema,
  InferenceSchema,
  ProofSchema,
  SecretsSchema,
]

export const InferenceId = strict({
  id: text('Id of an inference', { pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' }),
})
export const RequestId = strict({ id: hex32('Id of a market request') })
export const ModelId = strict({ id: text('Name of a model at this prover, or its model hash', { maxLength: 128 }) })
export const Wait = Type.Optional(
  Type.Integer({ description: 'Seconds to wait for the end before answering', minimum: 0, maximum: 60 }),
)
