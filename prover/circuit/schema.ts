// SPDX-License-Identifier: GPL-3.0-or-later

import {
  digitsPerWord,
  tensorTag,
  wordCount,
  type CommitmentFormat,
  type IoSchema,
  type TensorSpec,
} from '../encodings'
import { bitLength, hull, type QuantizedProgram } from '../quantize'
import { LinkError } from './constraint-builder'
import type { Feed } from './feed'

/** The io schema of a quantised program: inputs as the recipe says, outputs as wide as their proven intervals. */
export function ioSchemaOf(program: QuantizedProgram): IoSchema {
  const inputs = program.inputs.flatMap(({ tensor, recipe }): TensorSpec[] => {
    const { name, shape } = program.tensors[tensor]!
    const { bits, exponent, visibility } = recipe
    return visibility === 'weights' ? [] : [{ name, shape, lo: BigInt(recipe.lo), bits, exponent, visibility }]
  })
  const outputs = program.outputs.map(({ tensor, recipe }): TensorSpec => {
    const { name, shape, exponent, ranges } = program.tensors[tensor]!
    const { lo, hi } = hull(ranges)
    const bits = Math.max(1, bitLength(hi - lo))
    if (bits > 252)
      throw new LinkError(`output "${name}" needs ${bits} bits; at most 252 fit a word, so round it with an activation`)
    return { name, shape, lo, bits, exponent, visibility: recipe.visibility }
  })
  return { outputs, inputs, weightsCommitted: weightsOf(program).length > 0 }
}

/** The tensors of private weights, in the order of the program. */
export function weightsOf(program: QuantizedProgram): QuantizedProgram['inputs'] {
  return program.inputs.filter(({ recipe }) => recipe.visibility === 'weights')
}

/** The packed words of all private weights as feeds, each tensor from a word of its own on. */
export function weightWords(program: QuantizedProgram): Feed[] {
  return weightsOf(program).flatMap(({ tensor, recipe }) =>
    wordFeeds({ lo: BigInt(recipe.lo), bits: recipe.bits }, tensor, program.tensors[tensor]!.size),
  )
}

/** The packed words of a tensor as feeds: digit i of a word is element − lo (docs/encodings.md). */
export function wordFeeds(spec: Pick<TensorSpec, 'lo' | 'bits'>, tensor: number, size: number): Feed[] {
  const perWord = digitsPerWord(spec.bits)
  return Array.from({ length: wordCount(size, spec.bits) }, (_, word) => {
    const terms = []
    let constant = 0n
    for (let digit = 0; digit < perWord && word * perWord + digit < size; digit++) {
      const factor = 1n << BigInt(spec.bits * digit)
      terms.push({ tensor, element: word * perWord + digit, factor })
      constant -= spec.lo * factor
    }
    return { terms, constant }
  })
}

/** Tag of a hashed tensor's commitment. */
export function commitmentTag(spec: TensorSpec, size: number): bigint {
  return tensorTag({ lo: spec.lo, bits: spec.bits, count: size })
}

/** What the commitment to private weights says of one tensor. */
export function weightFormat(recipe: { readonly lo: number; readonly bits: number }, count: number): CommitmentFormat {
  return { lo: BigInt(recipe.lo), bits: recipe.bits, count }
}
