// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { concat, toBeHex } from 'ethers'
import { ethers } from 'hardhat'
import * as encodings from '../../prover/encodings'
import type { IoSchema, TensorSpec } from '../../prover/encodings'
import { canonicalKeyHex, parseCanonicalKeyBytes, vkHash } from '../../prover/groth16/vkey'
import { argmax } from '../../prover/quantize'
import { quantizeInput } from '../../prover/quantize/input-range'
import { VECTOR_DIRECTORY, vectorFiles } from '../../scripts/generate-vectors'
import { LibraryHarness__factory, type LibraryHarness } from '../../typechain-types'

type Json<T> = {
  [K in keyof T]: T[K] extends bigint ? string : T[K] extends readonly bigint[] ? readonly string[] : T[K]
}
type JsonSpec = Omit<TensorSpec, 'lo'> & { readonly lo: string }
type JsonSchema = { readonly outputs: JsonSpec[]; readonly inputs: JsonSpec[]; readonly weightsCommitted: boolean }

const readVectors = <T>(name: string): T => JSON.parse(readFileSync(join(VECTOR_DIRECTORY, name), 'utf8')) as T
const bigints = (values: readonly string[]): bigint[] => values.map(BigInt)
const toWords = (values: readonly string[]): string => concat(values.map((value) => toBeHex(value, 32)))

function parseSchema(json: JsonSchema): IoSchema {
  const parse = (spec: JsonSpec): TensorSpec => ({ ...spec, lo: BigInt(spec.lo) })
  return { ...json, outputs: json.outputs.map(parse), inputs: json.inputs.map(parse) }
}

describe('Encodings: shared vectors', () => {
  let harness: LibraryHarness

  before(async () => {
    harness = await new LibraryHarness__factory(await ethers.provider.getSigner(0)).deploy()
  })

  it('are fresh', async () => {
    for (const [name, text] of await vectorFiles()) {
      expect(readFileSync(join(VECTOR_DIRECTORY, name), 'utf8'), `run scripts/generate-vectors.ts: ${name}`).to.equal(
        text,
      )
    }
  })

  it('domains', async () => {
    const vectors = readVectors<Record<string, string>>('domains.json')
    // Nothing on chain computes a commitment to weights.
    const { PROOF_SYSTEM_GROTH16: system, DOMAIN_WEIGHTS: weights, ...domains } = vectors
    expect(weights).to.match(/^0x[0-9a-f]{64}$/)
    expect(system).to.equal(encodings.PROOF_SYSTEM_GROTH16)
    expect(await harness.domains()).to.deep.equal(Object.values(domains))
  })

  it('requests of market and ledger', async () => {
    type Numbers<T> = { [K in keyof T]: T[K] extends bigint ? string : T[K] }
    type MarketCase = {
      request: Numbers<encodings.MarketRequest>
      hash: string
      id: string
      prices: { time: string; price: string; lockExpiry: string }[]
    }
    type LedgerCase = { request: Numbers<encodings.LedgerRequest>; id: string }
    const { coordinator, market, ledger } = readVectors<{
      coordinator: string
      market: MarketCase[]
      ledger: LedgerCase[]
    }>('request.json')
    const parse = <T>(request: object): T =>
      Object.fromEntries(
        Object.entries(request).map(([key, value]) => [
          key,
          /^\d+$/.test(String(value)) ? BigInt(String(value)) : value,
        ]),
      ) as T
    for (const { request: json, hash, id, prices } of market) {
      const request = parse<encodings.MarketRequest>(json)
      expect(encodings.marketRequestHash(request)).to.equal(hash)
      expect(encodings.marketRequestId(31337n, coordinator, request)).to.equal(id)
      expect(await harness.requestHash(request)).to.equal(hash)
      for (const { time, price, lockExpiry } of prices) {
        expect(encodings.marketPriceAt(request, BigInt(time))).to.equal(BigInt(price))
        expect(encodings.marketLockExpiry(request, BigInt(time))).to.equal(BigInt(lockExpiry))
        expect(await harness.requestPriceAt(request, time)).to.equal(price)
        expect(await harness.requestLockExpiry(request, time)).to.equal(lockExpiry)
      }
    }
    for (const { request, id } of ledger) {
      expect(encodings.ledgerRequestId(parse<encodings.LedgerRequest>(request))).to.equal(id)
    }
  })

  it('packing', async () => {
    type Case = { lo: string; bits: number; count: number; values: string[]; words: string[] }
    const { cases, packRejects, unpackRejects } = readVectors<{
      cases: Case[]
      packRejects: Omit<Case, 'words' | 'count'>[]
      unpackRejects: Omit<Case, 'values'>[]
    }>('packing.json')
    for (const { lo, bits, count, values, words } of cases) {
      const format = { lo: BigInt(lo), bits }
      expect(encodings.pack(bigints(values), format)).to.deep.equal(bigints(words))
      expect(encodings.unpack(bigints(words), format, count)).to.deep.equal(bigints(values))
      expect(await harness.pack(values, { ...format, count })).to.deep.equal(bigints(words))
      expect(await harness.unpack(words, { ...format, count })).to.deep.equal(bigints(values))
    }
    for (const { lo, bits, values } of packRejects) {
      expect(() => encodings.pack(bigints(values), { lo: BigInt(lo), bits })).to.throw(encodings.PackingError)
      const packing = harness.pack(values, { lo, bits, count: values.length })
      await expect(packing).to.be.revertedWithCustomError(harness, 'ValueOutOfRange')
    }
    for (const { lo, bits, count, words } of unpackRejects) {
      expect(() => encodings.unpack(bigints(words), { lo: BigInt(lo), bits }, count)).to.throw(encodings.PackingError)
      await expect(harness.unpack(words, { lo, bits, count })).to.be.revertedWithCustomError(
        harness,
        words.length === Math.ceil(count / Math.floor(252 / bits)) ? 'UnusedBitsSet' : 'WrongLength',
      )
    }
  })

  it('the greatest element, the lowest of equals', async () => {
    for (const values of [[5], [1, 2, 3], [3, 2, 1], [-1, -1], [-5, 7, 7, -9, 7], [0, -1, 0]]) {
      expect(await harness.argmax(values)).to.equal(argmax(values))
    }
    await expect(harness.argmax([])).to.be.revertedWithCustomError(harness, 'EmptyTensor').withArgs()
  })

  it('quantizing real values', async () => {
    type Case = { real?: number; value: string; exponent: number; lo: string; bits: number; q: string }
    const { cases, clamped, dequantized, dequantizeRejects, exponentRejects } = readVectors<{
      cases: Case[]
      clamped: Case[]
      dequantized: { q: string; exponent: number; value: string }[]
      dequantizeRejects: { q: string; exponent: number }[]
      exponentRejects: number[]
    }>('quantize.json')
    for (const { real, value, exponent, lo, bits, q } of cases) {
      const format = { lo: BigInt(lo), bits }
      expect(encodings.quantizeWad(BigInt(value), exponent, format)).to.equal(BigInt(q))
      expect(encodings.quantizeWadClamped(BigInt(value), exponent, format)).to.equal(BigInt(q))
      expect(await harness.quantize(value, exponent, { ...format, count: 1 }), value).to.equal(BigInt(q))
      expect(await harness.quantizeClamped(value, exponent, { ...format, count: 1 })).to.equal(BigInt(q))
      if (real === undefined) continue
      // What the prover makes of the same real number.
      const recipe = { name: 'x', visibility: 'public' as const, bits, exponent, lo: Number(lo) }
      expect(quantizeInput(recipe, [real])[0], `${real} at 2^${exponent}`).to.equal(Number(q))
    }
    expect(cases.filter(({ real }) => real !== undefined)).to.have.length.greaterThan(20)
    for (const { value, exponent, lo, bits, q } of clamped) {
      const format = { lo: BigInt(lo), bits }
      expect(() => encodings.quantizeWad(BigInt(value), exponent, format)).to.throw(encodings.EncodingValueError)
      expect(encodings.quantizeWadClamped(BigInt(value), exponent, format)).to.equal(BigInt(q))
      await expect(harness.quantize(value, exponent, { ...format, count: 1 }))
        .to.be.revertedWithCustomError(harness, 'NotRepresentable')
        .withArgs(value, exponent)
      expect(await harness.quantizeClamped(value, exponent, { ...format, count: 1 })).to.equal(BigInt(q))
    }
    for (const { q, exponent, value } of dequantized) {
      expect(encodings.dequantizeWad(BigInt(q), exponent)).to.equal(BigInt(value))
      expect(await harness.dequantize(q, exponent)).to.equal(BigInt(value))
    }
    for (const { q, exponent } of dequantizeRejects) {
      expect(() => encodings.dequantizeWad(BigInt(q), exponent)).to.throw(encodings.EncodingValueError)
      await expect(harness.dequantize(q, exponent))
        .to.be.revertedWithCustomError(harness, 'NotRepresentable')
        .withArgs(q, exponent)
    }
    for (const exponent of exponentRejects) {
      expect(() => encodings.quantizeWad(0n, exponent, { lo: 0n, bits: 8 })).to.throw(encodings.EncodingValueError)
      expect(() => encodings.dequantizeWad(0n, exponent)).to.throw(encodings.EncodingValueError)
      for (const call of [
        () => harness.quantize(0, exponent, { lo: 0, bits: 8, count: 1 }),
        () => harness.quantizeClamped(0, exponent, { lo: 0, bits: 8, count: 1 }),
        () => harness.dequantize(0, exponent),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(harness, 'ExponentOutOfRange').withArgs(exponent)
      }
    }
    for (const bits of [0, 253]) {
      for (const call of [
        () => harness.quantize(0, 0, { lo: 0, bits, count: 1 }),
        () => harness.quantizeClamped(0, 0, { lo: 0, bits, count: 1 }),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(harness, 'BadDigitWidth').withArgs(bits)
      }
    }
  })

  it('dequantizing undoes quantizing, for every digit', async () => {
    const format = { lo: -8n, bits: 4, count: 16 }
    for (const exponent of [0, 1, 18, 40, -3]) {
      for (let q = -8n; q < 8n; q++) {
        const value = await harness.dequantize(q, exponent)
        expect(await harness.quantizeClamped(value, exponent, format)).to.equal(q)
        // Above 18 the decimals may round the least value out of the format.
        if (exponent <= 18) expect(await harness.quantize(value, exponent, format)).to.equal(q)
      }
    }
  })

  it('commitments of hashed tensors', async () => {
    type Case = {
      lo: string
      bits: number
      count: number
      tag: string
      salt: string
      words: string[]
      commitment: string
    }
    for (const { lo, bits, count, tag, salt, words, commitment } of readVectors<Case[]>('commitment.json')) {
      const format = { lo: BigInt(lo), bits, count }
      expect(encodings.tensorTag(format)).to.equal(BigInt(tag))
      expect(await harness.tensorTag(lo, bits, count)).to.equal(BigInt(tag))
      expect(encodings.tensorCommitment(bigints(words), BigInt(salt), format)).to.equal(BigInt(commitment))
    }
    const alias = [encodings.FIELD_R]
    expect(() => encodings.tensorCommitment(alias, 0n, { lo: 0n, bits: 8, count: 1 })).to.throw(
      encodings.EncodingValueError,
    )
  })

  it('context', async () => {
    for (const { signal, ...json } of readVectors<Json<encodings.ProofContext & { signal: bigint }>[]>(
      'context.json',
    )) {
      const context = { ...json, chainId: BigInt(json.chainId), modelId: BigInt(json.modelId) }
      expect(encodings.contextSignal(context)).to.equal(BigInt(signal))
      const { chainId, caller, requestId, modelId, prover } = context
      expect(await harness.context(chainId, caller, requestId, modelId, prover)).to.equal(BigInt(signal))
    }
  })

  it('io schemas and their layouts', async () => {
    type Case = { schema: JsonSchema; layout: encodings.SignalLayout; ioSchemaHash: string }
    for (const { schema: json, layout, ioSchemaHash } of readVectors<Case[]>('io-schema.json')) {
      const schema = parseSchema(json)
      const solidity = encodings.toSolidityIoSchema(schema)
      expect(encodings.ioSchemaHash(schema)).to.equal(ioSchemaHash)
      expect(await harness.schemaHash(solidity)).to.equal(ioSchemaHash)
      expect(encodings.signalLayout(schema)).to.deep.equal(layout)
      const [outputs, inputs, weightsCommitted, total] = await harness.layoutOf(solidity)
      expect([outputs, inputs, weightsCommitted, total]).to.deep.equal([
        BigInt(layout.outputs),
        BigInt(layout.inputs),
        schema.weightsCommitted,
        BigInt(layout.total),
      ])
      expect(await harness.storedSchemaHash(solidity)).to.equal(ioSchemaHash)
    }
  })

  it('io schemas that both refuse', async () => {
    const [first] = readVectors<{ schema: JsonSchema }[]>('io-schema.json')
    if (first === undefined) throw new Error('no vectors')
    const good = parseSchema(first.schema)
    const [output, input] = [good.outputs[0], good.inputs[0]]
    if (output === undefined || input === undefined) throw new Error('no tensors')
    const badCounts: readonly IoSchema[] = [
      { ...good, outputs: [] },
      { ...good, inputs: [] },
      { ...good, inputs: Array.from({ length: 65 }, () => input) },
    ]
    const badOutput: IoSchema = { ...good, outputs: [{ ...output, visibility: 'private' }] }
    const badInputs: readonly IoSchema[] = [
      { ...good, inputs: [{ ...input, bits: 0 }] },
      { ...good, inputs: [{ ...input, bits: 253 }] },
      { ...good, inputs: [{ ...input, shape: [4, 0] }] },
      { ...good, inputs: [{ ...input, shape: [2 ** 32 - 1, 2 ** 32 - 1] }] },
      { ...good, inputs: [{ ...input, shape: Array.from({ length: 9 }, () => 1) }] },
      { ...good, inputs: [{ ...input, lo: encodings.MAX_MAGNITUDE }] },
      { ...good, inputs: [{ ...input, lo: -encodings.MAX_MAGNITUDE - 1n }] },
      { ...good, inputs: [{ ...input, name: 'x'.repeat(65) }] },
      { ...good, inputs: [{ ...input, bits: 252, shape: [65536] }] },
    ]
    const refuses = async (schema: IoSchema, error: string, ...args: readonly unknown[]) => {
      expect(() => encodings.ioSchemaHash(schema)).to.throw(encodings.SchemaError)
      await expect(harness.layoutOf(encodings.toSolidityIoSchema(schema)))
        .to.be.revertedWithCustomError(harness, error)
        .withArgs(...args)
    }
    for (const schema of badCounts) {
      await refuses(schema, 'BadTensorCount', schema.outputs.length, schema.inputs.length)
    }
    await refuses(badOutput, 'BadTensorSpec', false, 0)
    for (const schema of badInputs) await refuses(schema, 'BadTensorSpec', true, 0)
  })

  it('input commitments', async () => {
    type Case = { schema: JsonSchema; inputWords: string[]; inputCommitment: string }
    for (const { schema: json, inputWords, inputCommitment } of readVectors<Case[]>('input-commitment.json')) {
      const schema = parseSchema(json)
      expect(encodings.inputCommitment(schema, bigints(inputWords))).to.equal(inputCommitment)
      const solidity = encodings.toSolidityIoSchema(schema)
      expect(await harness.inputCommitment(solidity, toWords(inputWords))).to.equal(inputCommitment)
      expect(() => encodings.inputCommitment(schema, [...bigints(inputWords), 1n])).to.throw(
        encodings.EncodingValueError,
      )
    }
  })

  it('verifying keys', async () => {
    type Case = { signals: number; bytes: string; vkHash: string }
    for (const { signals, bytes, vkHash: hash } of readVectors<Case[]>('key-bytes.json')) {
      const vk = parseCanonicalKeyBytes(ethers.getBytes(bytes))
      expect(canonicalKeyHex(vk)).to.equal(bytes)
      expect(vkHash(vk)).to.equal(hash)
      expect(await harness.checkKey(bytes)).to.deep.equal([BigInt(signals), hash])
    }
  })

  it('recipes', () => {
    type Case = { recipe: unknown; canonical: string; recipeHash: string }
    for (const { recipe, canonical, recipeHash } of readVectors<Case[]>('recipe.json')) {
      expect(encodings.canonicalJson(recipe)).to.equal(canonical)
      expect(encodings.recipeHash(recipe)).to.equal(recipeHash)
    }
    for (const bad of [
      0.5,
      2 ** 53,
      NaN,
      undefined,
      1n,
      [undefined],
      { a: () => 1 },
      new Date(),
      '\ud800',
      new Array(1),
    ]) {
      expect(() => encodings.canonicalJson(bad)).to.throw(encodings.CanonicalJsonError)
    }
  })

  it('identity', async () => {
    type Case = {
      schema: JsonSchema
      circuit: Json<encodings.CircuitIdentity>
      model: Required<encodings.ModelIdentity>
      modelId: string
    }
    for (const { schema, circuit, model, modelId } of readVectors<Case[]>('identity.json')) {
      const parsed = { ...circuit, weightsCommitment: BigInt(circuit.weightsCommitment) }
      expect(encodings.circuitHash(parsed)).to.equal(model.circuitHash)
      const ioSchema = encodings.toSolidityIoSchema(parseSchema(schema))
      expect(await harness.circuitHashOf({ ...circuit, ioSchema })).to.equal(model.circuitHash)
      expect(encodings.modelId(model)).to.equal(BigInt(modelId))
      const { publisher, modelHash, circuitHash, vkHash: key, proofSystemId } = model
      expect(await harness.modelIdOf(publisher, modelHash, circuitHash, key, proofSystemId)).to.equal(BigInt(modelId))
    }
  })

  it('proof blobs', async () => {
    type Case = { points: string[]; inputWords: string[]; requestId: string; prover: string; bytes: string }
    for (const { points, inputWords, requestId, prover, bytes } of readVectors<Case[]>('proof-blob.json')) {
      const blob: encodings.ProofBlob = {
        points: bigints(points),
        inputWords: bigints(inputWords),
        requestId,
        prover: ethers.getAddress(prover.toLowerCase()),
      }
      // Where the offset of the input words is.
      const at = points.length
      expect(encodings.encodeProofBlob(blob)).to.equal(bytes)
      expect(encodings.decodeProofBlob(bytes)).to.deep.equal(blob)
      expect(await harness.openProof(bytes)).to.deep.equal([requestId, blob.prover, toWords(inputWords)])
      for (const bad of [
        bytes.slice(0, -2),
        bytes + '00',
        bytes + '00'.repeat(32),
        '0x',
        bytes.slice(0, 2 + 64 * (at + 3)),
      ]) {
        await expect(harness.openProof(bad)).to.be.revertedWithCustomError(harness, 'MalformedProof')
      }
      const moved = bytes.slice(0, 2 + 64 * at) + toBeHex(32 * at + 128, 32).slice(2) + bytes.slice(66 + 64 * at)
      await expect(harness.openProof(moved)).to.be.revertedWithCustomError(harness, 'MalformedProof')
      const dirty = bytes.slice(0, 2 + 64 * (at + 2)) + '01' + bytes.slice(4 + 64 * (at + 2))
      await expect(harness.openProof(dirty)).to.be.revertedWithCustomError(harness, 'MalformedProof')
      const huge = bytes.slice(0, 2 + 64 * (at + 3)) + 'ff'.repeat(32) + bytes.slice(2 + 64 * (at + 4))
      await expect(harness.openProof(huge)).to.be.revertedWithCustomError(harness, 'MalformedProof')
      for (const refused of [`${bytes}00`, moved, dirty, huge])
        expect(() => encodings.decodeProofBlob(refused)).to.throw(encodings.EncodingValueError)
    }
    expect(() => encodings.decodeProofBlob('0x1234')).to.throw(encodings.EncodingValueError)
    expect(encodings.decodeOutput(encodings.encodeOutput([1n, 2n]))).to.deep.equal([1n, 2n])
  })
})
