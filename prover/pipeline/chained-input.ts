// SPDX-License-Identifier: GPL-3.0-or-later

import type { IoSchema } from '../encodings'
import type { Sample } from '../quantize'
import { randomFieldElement } from '../witness'
import { formatOf, OpeningError, type TensorOpening } from './opening'
import { realValues } from './secrets'

/** What {@link proveInference} takes so that an input has the commitment that another proof's tensor has. */
export type ChainedInput = {
  readonly sample: Sample
  /** Of every hashed tensor, in signal order: those of the openings, fresh ones otherwise. */
  readonly salts: readonly bigint[]
}

/**
 * Takes hashed inputs of a model from openings, mostly of another proof's outputs: with the same integers, format and salt, the
 * commitment is the same, so a contract sees that the one inference goes on where the other ended.
 *
 * @param openings - by input name
 * @param sample - all inputs, needed unless each has an opening; must agree with the openings
 * @throws OpeningError for an input that is not there or not hashed, another format, or values that differ
 * @example
 * ```ts
 * const first = await proveInference(a, { sample, context: contextA })
 * const opening = openCommitment(a.circuit.schema, first, 'embedding')
 * const chained = chainInput(b.circuit.schema, new Map([['embedding', opening]]))
 * const second = await proveInference(b, { ...chained, context: contextB })
 * ```
 */
export function chainInput(
  schema: IoSchema,
  openings: ReadonlyMap<string, TensorOpening>,
  sample?: Sample,
): ChainedInput {
  const names = schema.inputs.map(({ name }) => name)
  const unknown = [...openings.keys()].find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new OpeningError(`the model has no input "${unknown}"; its inputs are ${names.join(', ')}`)
  const values = schema.inputs.map((spec, i) => {
    const [opening, given] = [openings.get(spec.name), sample?.[i]]
    if (opening === undefined) {
      if (given === undefined)
        throw new OpeningError(`the input "${spec.name}" has no opening; give its values as well`)
      return given
    }
    if (spec.visibility !== 'hashed')
      throw new OpeningError(`the input "${spec.name}" is ${spec.visibility}; only a hashed one has a commitment`)
    requireSameFormat(spec.name, spec, opening)
    const opened = Float64Array.from(realValues(opening))
    if (given !== undefined && !opened.every((value, j) => value === given[j]))
      throw new OpeningError(`the input "${spec.name}" has other values than its opening; leave one of them out`)
    return opened
  })
  const outputSalts = schema.outputs.filter(({ visibility }) => visibility === 'hashed').map(randomFieldElement)
  const inputSalts = schema.inputs
    .filter(({ visibility }) => visibility === 'hashed')
    .map(({ name }) => openings.get(name)?.salt ?? randomFieldElement())
  return { sample: values, salts: [...outputSalts, ...inputSalts] }
}

/** The shape may differ: what is committed to is a row-major list. */
function requireSameFormat(name: string, spec: Parameters<typeof formatOf>[0], opening: TensorOpening): void {
  const describe = ({ lo, bits, exponent, shape }: ReturnType<typeof formatOf>): string =>
    `lo ${lo}, ${bits} bits, exponent ${exponent}, ${shape.reduce((a, b) => a * b, 1)} elements`
  const [own, other] = [describe(formatOf(spec)), describe(formatOf(opening))]
  if (own !== other)
    throw new OpeningError(`the input "${name}" has ${own}, and the opening ${other}; their commitments never agree`)
}
