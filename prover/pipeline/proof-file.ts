// SPDX-License-Identifier: GPL-3.0-or-later

import { isDeepStrictEqual } from 'node:util'
import { isAddress, isHexString } from 'ethers'
import {
  contextSignal,
  encodeOutput,
  encodeProofBlob,
  inputCommitment,
  PORTABLE_CONTEXT,
  signalLayout,
  tensorSignals,
  elementCount,
  unpack,
  type IoSchema,
  type ProofContext,
} from '../encodings'
import { ZkmlError } from '../errors'
import { parsePublicSignals, parseSnarkjsProof, proofWords, toSnarkjsProof, type Groth16Proof } from '../groth16'
import {
  parseSnarkjsUniversalProof,
  SYSTEM_NAMES,
  toSnarkjsUniversalProof,
  UNIVERSAL_SYSTEMS,
  type ProofSystem,
  type UniversalProof,
} from '../universal'
import { realValues } from './secrets'

/** Thrown for a proof file that is not one, or contradicts itself. */
export class ProofFileError extends ZkmlError {
  readonly code = 'PROOF_FILE_INVALID'
}

/** The arguments of `verifyInference`, after the model id. */
export type InferenceCall = { readonly inputCommitment: string; readonly output: string; readonly proof: string }

/** A proof of any system. */
export type AnyProof = Groth16Proof | UniversalProof

/** Whether a proof is one of PLONK or FFLONK. */
export function isUniversalProof(proof: AnyProof): proof is UniversalProof {
  return 'system' in proof
}

/** The system that a proof is of. */
export function systemOf(proof: AnyProof): ProofSystem {
  return isUniversalProof(proof) ? proof.system : 'groth16'
}

/** A proof with the statement it proves. */
export type InferenceProof = {
  readonly proof: AnyProof
  readonly publicSignals: readonly bigint[]
  /** Null for a portable proof. */
  readonly context: ProofContext | null
  readonly modelHash: string
  readonly circuitHash: string
  readonly vkHash: string
}

/** A public output read back from the proof's own signals. */
export type DecodedOutput = {
  readonly name: string
  readonly shape: readonly number[]
  /** Real values; null for a hashed output. */
  readonly values: readonly number[] | null
  readonly commitment: string | null
}

/** The value of the context signal that a statement must have. */
export function expectedContext(context: ProofContext | null): bigint {
  return context ? contextSignal(context) : PORTABLE_CONTEXT
}

/** Outputs as anyone can read them from the public signals. */
export function decodeOutputs(schema: IoSchema, signals: readonly bigint[]): DecodedOutput[] {
  let next = 0
  return schema.outputs.map((spec) => {
    const words = signals.slice(next, (next += tensorSignals(spec)))
    const { name, shape } = spec
    if (spec.visibility === 'hashed') return { name, shape, values: null, commitment: words[0]!.toString() }
    const values = realValues({ integers: unpack(words, spec, elementCount(spec)), exponent: spec.exponent })
    return { name, shape, values, commitment: null }
  })
}

/** What to pass to `verifyInference(modelId, inputCommitment, output, proof)`. */
export function inferenceCall(schema: IoSchema, statement: InferenceProof): InferenceCall {
  const layout = signalLayout(schema)
  const inputWords = statement.publicSignals.slice(layout.outputs, layout.outputs + layout.inputs)
  return {
    inputCommitment: inputCommitment(schema, inputWords),
    output: encodeOutput(statement.publicSignals.slice(0, layout.outputs)),
    proof: encodeProofBlob({
      points: isUniversalProof(statement.proof) ? statement.proof.words : proofWords(statement.proof),
      inputWords,
      requestId: statement.context?.requestId ?? `0x${'0'.repeat(64)}`,
      prover: statement.context?.prover ?? `0x${'0'.repeat(40)}`,
    }),
  }
}

/** JSON of a proof: `proof` and `publicSignals` are as snarkjs writes them. */
export function proofToJson(schema: IoSchema, statement: InferenceProof): object {
  const { context, proof } = statement
  return {
    format: 'zkml-proof/1',
    system: SYSTEM_NAMES[systemOf(proof)],
    modelHash: statement.modelHash,
    circuitHash: statement.circuitHash,
    vkHash: statement.vkHash,
    context: context && { ...context, chainId: context.chainId.toString(), modelId: context.modelId.toString() },
    outputs: decodeOutputs(schema, statement.publicSignals),
    call: inferenceCall(schema, statement),
    publicSignals: statement.publicSignals.map(String),
    proof: isUniversalProof(proof) ? toSnarkjsUniversalProof(proof) : toSnarkjsProof(proof),
  }
}

/**
 * Reads a proof file. Outputs and call data in it are for people; what counts is recomputed from the signals.
 *
 * @throws ProofFileError
 */
export function proofFromJson(text: string, file: string): InferenceProof {
  const fail = (problem: string, cause?: unknown): never => {
    throw new ProofFileError(`${file}: ${problem}; make it again with "zkml prove"`, { cause })
  }
  let value: Readonly<Record<string, unknown>>
  try {
    value = JSON.parse(text) as typeof value
  } catch (error) {
    return fail('it is not valid JSON', error)
  }
  if (typeof value !== 'object' || value === null || value.format !== 'zkml-proof/1') return fail('it is no zkml proof')
  const text_ = (name: string): string => {
    const field = value[name]
    return typeof field === 'string' && isHexString(field, 32) ? field : fail(`"${name}" is not a 32-byte hash`)
  }
  const isGroth16 = value.system === undefined || value.system === SYSTEM_NAMES.groth16
  const universal = UNIVERSAL_SYSTEMS.find((name) => SYSTEM_NAMES[name] === value.system)
  if (!isGroth16 && universal === undefined) return fail('its "system" is none that this version knows')
  try {
    return {
      proof: universal ? parseSnarkjsUniversalProof(value.proof, universal) : parseSnarkjsProof(value.proof),
      publicSignals: parsePublicSignals(value.publicSignals),
      context: value.context === null ? null : parseContext(value.context, fail),
      modelHash: text_('modelHash'),
      circuitHash: text_('circuitHash'),
      vkHash: text_('vkHash'),
    }
  } catch (error) {
    if (error instanceof ProofFileError) throw error
    return fail((error as Error).message, error)
  }
}

/**
 * The first part of a proof file, meant for people, that says something else than the proof: its decoded outputs or
 * its call data. They prove nothing, but a reader may take them for what was proven.
 */
export function contradictingPart(text: string, schema: IoSchema, statement: InferenceProof): string | undefined {
  const given = JSON.parse(text) as Readonly<Record<string, unknown>>
  const proven = JSON.parse(JSON.stringify(proofToJson(schema, statement))) as Readonly<Record<string, unknown>>
  return ['outputs', 'call'].find((part) => part in given && !isDeepStrictEqual(given[part], proven[part]))
}

function parseContext(value: unknown, fail: (problem: string) => never): ProofContext {
  if (typeof value !== 'object' || value === null) return fail('"context" is neither null nor an object')
  const { chainId, caller, requestId, modelId, prover } = value as Readonly<Record<string, unknown>>
  const whole = (field: unknown, name: string) =>
    typeof field === 'string' && /^\d+$/.test(field) ? BigInt(field) : fail(`context.${name} is not a decimal string`)
  const address = (field: unknown, name: string) =>
    typeof field === 'string' && isAddress(field) ? field : fail(`context.${name} is not an address`)
  return {
    chainId: whole(chainId, 'chainId'),
    modelId: whole(modelId, 'modelId'),
    caller: address(caller, 'caller'),
    prover: address(prover, 'prover'),
    requestId: isHexString(requestId, 32) ? requestId : fail('context.requestId is not 32 bytes of hex'),
  }
}
