// SPDX-License-Identifier: GPL-3.0-or-later

import { signalLayout, tensorSignals, type IoSchema } from '../encodings'
import { toBigInts, type IntegerValues, type QuantizedProgram } from '../quantize'

/** What opens the commitment to a hashed tensor. Whoever has it knows the tensor. */
export type TensorSecret = {
  readonly side: 'output' | 'input'
  readonly name: string
  /** As in the public signals. */
  readonly commitment: bigint
  readonly salt: bigint
  /** The integers q that are committed to, in units of 2^-exponent. */
  readonly integers: readonly bigint[]
  readonly values: readonly number[]
}

/** The real values of integers in units of 2^-exponent. */
export function realValues(tensor: { readonly integers: readonly bigint[]; readonly exponent: number }): number[] {
  return tensor.integers.map((q) => Number(q) * 2 ** -tensor.exponent)
}

/** The secrets of every hashed tensor, in signal order, which is that of the salts. */
export function tensorSecrets(
  schema: IoSchema,
  program: QuantizedProgram,
  witness: {
    readonly tensors: readonly IntegerValues[]
    readonly signals: readonly bigint[]
    readonly salts: readonly bigint[]
  },
): TensorSecret[] {
  const layout = signalLayout(schema)
  const secrets: TensorSecret[] = []
  for (const side of ['output', 'input'] as const) {
    const [specs, slots] = side === 'output' ? [schema.outputs, program.outputs] : [schema.inputs, program.inputs]
    let signal = side === 'output' ? 0 : layout.outputs
    specs.forEach((spec, i) => {
      if (spec.visibility === 'hashed') {
        const integers = Array.from(toBigInts(witness.tensors[slots[i]!.tensor]!))
        const values = realValues({ integers, exponent: spec.exponent })
        const salt = witness.salts[secrets.length]!
        secrets.push({ side, name: spec.name, commitment: witness.signals[signal]!, salt, integers, values })
      }
      signal += tensorSignals(spec)
    })
  }
  return secrets
}

/** JSON of the secrets of one proof; numbers that may exceed 2^53 are decimal strings. */
export function secretsToJson(modelHash: string, secrets: readonly TensorSecret[]): object {
  return {
    format: 'zkml-secrets/1',
    modelHash,
    tensors: secrets.map(({ commitment, salt, integers, ...rest }) => ({
      ...rest,
      commitment: commitment.toString(),
      salt: salt.toString(),
      integers: integers.map(String),
    })),
  }
}
