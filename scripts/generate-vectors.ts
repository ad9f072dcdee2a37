// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hexlify, id, ZeroAddress, ZeroHash } from 'ethers'
import { format, resolveConfig } from 'prettier'
import * as encodings from '../prover/encodings'
import type { CommitmentFormat, DigitFormat, IoSchema, TensorSpec } from '../prover/encodings'
import { canonicalKeyBytes, vkHash } from '../prover/groth16/vkey'
import { trapdoorKey } from '../test/support/trapdoor'

export const VECTOR_DIRECTORY = join(__dirname, '..', 'test', 'vectors')

const spec = (name: string, shape: readonly number[], more: Partial<TensorSpec>): TensorSpec => ({
  name,
  shape,
  lo: 0n,
  bits: 8,
  exponent: 8,
  visibility: 'public',
  ...more,
})

const LOGITS = spec('logits', [1, 10], { lo: -(1n << 20n), bits: 21, exponent: 12 })
const IMAGE = spec('image', [1, 1, 8, 8], {})
const PROFILE = spec('профиль', [30], { lo: -128n, exponent: 5, visibility: 'hashed' })
const SECRET = spec('secret', [4], { visibility: 'private' })
const SCALAR = spec('score', [], { lo: -1n, bits: 252, exponent: -3, visibility: 'hashed' })

const SCHEMAS: readonly IoSchema[] = [
  { outputs: [LOGITS], inputs: [IMAGE], weightsCommitted: false },
  { outputs: [LOGITS], inputs: [PROFILE], weightsCommitted: true },
  { outputs: [SCALAR], inputs: [SECRET], weightsCommitted: false },
  { outputs: [LOGITS, SCALAR], inputs: [IMAGE, PROFILE, SECRET, IMAGE], weightsCommitted: true },
]

const ADDRESSES = ['0x52908400098527886E0F7030069857D2E4169EE7', '0xde709f2102306220921060314715629080e2fb77'] as const

/** Deterministic numbers that look like nothing in particular. */
const sample = (index: number): bigint => (BigInt(index) * 2_654_435_761n + 40_503n) ** 7n

function packing(): unknown {
  const formats: readonly (DigitFormat & { count: number })[] = [
    { lo: 0n, bits: 1, count: 253 },
    { lo: 0n, bits: 8, count: 31 },
    { lo: 0n, bits: 8, count: 32 },
    { lo: -(1n << 20n), bits: 21, count: 10 },
    { lo: -5n, bits: 3, count: 84 },
    { lo: 7n, bits: 84, count: 4 },
    { lo: -(1n << 251n), bits: 252, count: 2 },
    { lo: 0n, bits: 127, count: 2 },
  ]
  const cases = formats.map(({ lo, bits, count }) => {
    const top = (1n << BigInt(bits)) - 1n
    const values = Array.from({ length: count }, (_, i) => lo + (i === 0 ? top : i === 1 ? 0n : sample(i) & top))
    return { lo, bits, count, values, words: encodings.pack(values, { lo, bits }) }
  })
  return {
    cases,
    packRejects: [
      { lo: 0n, bits: 8, values: [0n, 256n] },
      { lo: -4n, bits: 3, values: [-5n] },
      { lo: -(1n << 251n), bits: 252, values: [1n << 251n] },
    ],
    unpackRejects: [
      { lo: 0n, bits: 8, count: 30, words: [1n << 240n] },
      { lo: 0n, bits: 8, count: 31, words: [1n << 248n] },
      { lo: 0n, bits: 8, count: 32, words: [0n, 256n] },
      { lo: 0n, bits: 252, count: 1, words: [1n << 252n] },
      { lo: 0n, bits: 8, count: 32, words: [0n] },
      { lo: 0n, bits: 8, count: 31, words: [0n, 0n] },
      { lo: 0n, bits: 8, count: 31, words: [encodings.FIELD_R - 1n] },
    ],
  }
}

/** A real number with at most 18 binary places, with 18 decimals: exact. */
const wad = (real: number): bigint => BigInt(real * 2 ** 18) * 5n ** 18n

function quantizing(): unknown {
  const byte = { lo: -128n, bits: 8 }
  const reals = [0, 0.5, -0.5, 1.5, -1.5, 0.25, -0.75, 126.5, 127.5, 128, -128, 3.00390625, -7.126953125]
  const scales = [0, 3, -2, 18]
  const wide = { lo: -(1n << 251n), bits: 252 }
  const [smallest, largest] = [-(1n << 255n), (1n << 255n) - 1n]
  const cases = [
    // Real numbers that a float holds exactly too.
    ...scales.flatMap((exponent) =>
      reals
        .filter((real) => real * 2 ** exponent >= -128 && real * 2 ** exponent <= 128)
        .map((real) => ({ real, value: wad(real), exponent, ...byte })),
    ),
    // Just below, at and just above one half.
    ...[-1n, 0n, 1n].flatMap((by) =>
      [1, -1].map((sign) => ({ value: BigInt(sign) * 5n * 10n ** 17n + by, exponent: 0, ...byte })),
    ),
    { value: largest, exponent: 0, ...wide },
    { value: smallest, exponent: 0, ...wide },
    { value: largest, exponent: 55, ...wide },
    { value: largest, exponent: -196, ...wide },
    { value: smallest, exponent: -196, ...wide },
    { value: 1n, exponent: 255, ...wide },
    { value: -1n, exponent: 255, ...wide },
    { value: -3n, exponent: 60, ...wide },
  ]
  const clamped = [
    ...[wad(128) + 1n, wad(-128) - 1n, wad(-128.5), wad(-128.75), wad(130)].map((value) => ({
      value,
      exponent: 0,
      ...byte,
    })),
    { value: largest, exponent: 255, ...wide },
    { value: smallest, exponent: 255, ...wide },
    { value: 10n ** 18n, exponent: 255, ...wide },
    { value: largest, exponent: 60, ...wide },
    { value: -1n, exponent: 0, lo: 0n, bits: 8 },
  ]
  const dequantized = [
    ...[0n, 1n, -1n, 12_345n, -12_345n].flatMap((q) => [0, 5, 18, 19, 60, 61, -7].map((exponent) => ({ q, exponent }))),
    { q: (1n << 251n) - 1n, exponent: 60 },
    { q: -(1n << 251n), exponent: 57 },
    { q: largest, exponent: 255 },
    { q: 1n, exponent: -195 },
  ]
  return {
    cases: cases.map((c) => ({ ...c, q: encodings.quantizeWad(c.value, c.exponent, c) })),
    clamped: clamped.map((c) => ({ ...c, q: encodings.quantizeWadClamped(c.value, c.exponent, c) })),
    dequantized: dequantized.map((c) => ({ ...c, value: encodings.dequantizeWad(c.q, c.exponent) })),
    dequantizeRejects: [
      { q: 1n, exponent: -196 },
      { q: largest, exponent: 0 },
      { q: smallest, exponent: 59 },
    ],
    exponentRejects: [-197, 256, 32767, -32768],
  }
}

function commitments(): unknown {
  return [0, 1, 3, 4, 7, 8].map((words) => {
    const format: CommitmentFormat = { lo: -128n, bits: 8, count: words * 31 }
    const values = Array.from({ length: format.count }, (_, i) => (sample(i) & 255n) - 128n)
    const salt = sample(words + 1000) % encodings.FIELD_R
    const packed = encodings.pack(values, format)
    const commitment = encodings.tensorCommitment(packed, salt, format)
    return { ...format, tag: encodings.tensorTag(format), salt, words: packed, commitment }
  })
}

function weightsCommitments(): unknown {
  const tensors = [
    { lo: -256n, bits: 9, count: 30 },
    { lo: -(1n << 39n), bits: 40, count: 2 },
    { lo: -8n, bits: 4, count: 1 },
  ].map((format, i) => {
    const top = (1n << BigInt(format.bits)) - 1n
    return { ...format, values: Array.from({ length: format.count }, (_, k) => format.lo + (sample(k + i) & top)) }
  })
  return [1, 2, 3].map((count) => {
    const chosen = tensors.slice(0, count)
    const formats: CommitmentFormat[] = chosen.map(({ lo, bits, count: size }) => ({ lo, bits, count: size }))
    const words = chosen.flatMap(({ values, ...format }) => encodings.pack(values, format))
    const salt = sample(count + 2000) % encodings.FIELD_R
    const commitment = encodings.weightsCommitment(words, salt, formats)
    return { tensors: chosen, tag: encodings.weightsTag(formats), salt, words, commitment }
  })
}

function contexts(): unknown {
  return [1n, 31337n, (1n << 256n) - 1n].map((chainId, index) => {
    const context: encodings.ProofContext = {
      chainId,
      caller: ADDRESSES[0],
      requestId: id(`request ${index}`),
      modelId: BigInt(id(`model ${index}`)),
      prover: ADDRESSES[1],
    }
    return { ...context, signal: encodings.contextSignal(context) }
  })
}

function schemas(): unknown {
  return SCHEMAS.map((schema) => ({
    schema,
    layout: encodings.signalLayout(schema),
    ioSchemaHash: encodings.ioSchemaHash(schema),
  }))
}

function inputCommitments(): unknown {
  return SCHEMAS.map((schema, index) => {
    const count = encodings.signalLayout(schema).inputs
    const inputWords = Array.from({ length: count }, (_, i) => sample(i + index) % encodings.FIELD_R)
    return { schema, inputWords, inputCommitment: encodings.inputCommitment(schema, inputWords) }
  })
}

function keys(): unknown {
  return [1, 4].map((signals) => {
    const { vk } = trapdoorKey(signals, BigInt(signals))
    return { signals, vk, bytes: hexlify(canonicalKeyBytes(vk)), vkHash: vkHash(vk) }
  })
}

function recipes(): unknown {
  const values: readonly unknown[] = [
    {},
    { version: 1, rounding: 'half-up', layers: [{ name: 'fc1', bits: 24, range: ['-8388608', '8388607'] }] },
    { b: [true, null, -1], a: { '€': '\u20ac\n"\\', '\ud83d\ude00': 9007199254740991, '\ufb33': -0 }, A: '' },
  ]
  return values.map((recipe) => ({
    recipe,
    canonical: encodings.canonicalJson(recipe),
    recipeHash: encodings.recipeHash(recipe),
  }))
}

function identities(): unknown {
  const [first, second] = SCHEMAS as readonly [IoSchema, IoSchema]
  return [
    { schema: first, setupHash: ZeroHash, weightsCommitment: 0n, verifierCodeHash: ZeroHash },
    { schema: second, setupHash: id('transcript'), weightsCommitment: 12345n, verifierCodeHash: id('code') },
  ].map(({ schema, ...parts }, index) => {
    const circuit = {
      r1csHash: id(`r1cs ${index}`),
      ioSchemaHash: encodings.ioSchemaHash(schema),
      recipeHash: id(`recipe ${index}`),
      ...parts,
    }
    const circuitHash = encodings.circuitHash(circuit)
    const model = {
      publisher: ADDRESSES[index % 2] ?? ADDRESSES[0],
      modelHash: id(`onnx ${index}`),
      circuitHash,
      vkHash: id(`key ${index}`),
      proofSystemId: encodings.PROOF_SYSTEM_GROTH16,
    }
    return { schema, circuit, model, modelId: encodings.modelId(model) }
  })
}

function proofBlobs(): unknown {
  const cases = [
    [8, 0],
    [8, 2],
    [24, 0],
    [24, 2],
  ] as const
  return cases.map(([words, count]) => {
    const blob: encodings.ProofBlob = {
      points: Array.from({ length: words }, (_, i) => BigInt(i + 1)),
      inputWords: Array.from({ length: count }, (_, i) => sample(i) % encodings.FIELD_R),
      requestId: id('request'),
      prover: ADDRESSES[0],
    }
    return { ...blob, bytes: encodings.encodeProofBlob(blob) }
  })
}

function domains(): unknown {
  const names = Object.entries(encodings).filter(([name]) => name.startsWith('DOMAIN_') || name.startsWith('PROOF_'))
  return Object.fromEntries(names.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function requests(): unknown {
  const [first, second] = ADDRESSES as readonly [string, string]
  const base = { requester: first, modelId: sample(1), inputCommitment: id('input'), token: second }
  const low = { ...base, nonce: 1n, minPrice: 100n, maxPrice: 1_000n, rampStart: 1_000n, rampSeconds: 70n }
  const high = { ...base, nonce: sample(2), minPrice: 0n, maxPrice: (1n << 128n) - 1n, rampStart: 5n, rampSeconds: 0n }
  const all: encodings.MarketRequest[] = [
    { ...low, lockSeconds: 60n, deadline: 2_000n, bond: 7n, callback: second, callbackGas: 60_000n },
    {
      ...high,
      rampSeconds: (1n << 32n) - 1n,
      lockSeconds: 1n,
      deadline: 9n,
      bond: 0n,
      callback: ZeroAddress,
      callbackGas: 0n,
    },
    {
      ...high,
      lockSeconds: (1n << 32n) - 1n,
      deadline: (1n << 48n) - 1n,
      bond: 1n,
      callback: ZeroAddress,
      callbackGas: 0n,
    },
  ]
  const market = all.map((request) => ({
    request,
    hash: encodings.marketRequestHash(request),
    id: encodings.marketRequestId(31337n, second, request),
    prices: [0n, 5n, 999n, 1_000n, 1_001n, 1_069n, 1_070n].map((time) => ({
      time,
      price: encodings.marketPriceAt(request, time),
      lockExpiry: encodings.marketLockExpiry(request, time),
    })),
  }))
  const ledger = [0n, 1n].map((nonce) => {
    const parts = { chainId: 31337n + nonce, ledger: second, consumer: first, modelId: sample(3), nonce }
    const request = { ...parts, inputCommitment: id('input') }
    return { request, id: encodings.ledgerRequestId(request) }
  })
  return { coordinator: second, market, ledger }
}

/** Contents of every vector file, by name; integers are decimal strings. */
export async function vectorFiles(): Promise<ReadonlyMap<string, string>> {
  const options = { ...(await resolveConfig(VECTOR_DIRECTORY)), parser: 'json', printWidth: 120 }
  const write = async (value: unknown): Promise<string> =>
    format(
      JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)),
      options,
    )
  const files: readonly (readonly [string, unknown])[] = [
    ['domains.json', domains()],
    ['packing.json', packing()],
    ['quantize.json', quantizing()],
    ['commitment.json', commitments()],
    ['weights-commitment.json', weightsCommitments()],
    ['context.json', contexts()],
    ['io-schema.json', schemas()],
    ['input-commitment.json', inputCommitments()],
    ['key-bytes.json', keys()],
    ['recipe.json', recipes()],
    ['identity.json', identities()],
    ['proof-blob.json', proofBlobs()],
    ['request.json', requests()],
  ]
  return new Map(await Promise.all(files.map(async ([name, value]) => [name, await write(value)] as const)))
}

async function main(): Promise<void> {
  mkdirSync(VECTOR_DIRECTORY, { recursive: true })
  for (const [name, text] of await vectorFiles()) writeFileSync(join(VECTOR_DIRECTORY, name), text)
}

if (require.main === module) void main()
