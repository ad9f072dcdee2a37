// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../../algebra'
import type { Lowered, NodeScope } from '../../node-scope'
import { numbered, type Operand } from '../../tensor'
import { SampleSums, type WeightedSum } from './sample-sums'

/** The classes of a classifier: numbers, which where they are texts count through these. */
export type Labels = {
  readonly count: number
  readonly numbers: readonly number[]
  readonly texts?: readonly string[]
}

/**
 * Reads the labels of the classes.
 *
 * @param name Of the attribute with numbers.
 * @throws {OnnxInvalidNodeError} When there are none, or two lists of them.
 */
export function readLabels(scope: NodeScope, name: 'classlabels_int64s' | 'classlabels_ints'): Labels {
  const numbers = scope.attributes.ints(name)
  const texts = scope.attributes.texts('classlabels_strings')
  if (numbers !== undefined && numbers.length > 0) {
    if (texts !== undefined && texts.length > 0) throw scope.invalid('its labels are given twice, as numbers and texts')
    return { count: numbers.length, numbers }
  }
  if (texts === undefined || texts.length === 0) throw scope.invalid('it has no labels')
  const list = numbered(texts)
  return { count: texts.length, numbers: [...list.numbers], texts: list.texts }
}

/** The label of each sample, from the index of its class [samples]. */
export function labelOf(algebra: Algebra, { count, numbers, texts }: Labels, index: Operand): Lowered | Operand {
  if (numbers.every((label, at) => label === at)) return named(index, texts)
  const chosen = algebra.as(algebra.oneHot(index, count), 'int64')
  return named(flat(algebra, chosen, { terms: numbers.map((label, at) => [at, label] as const), bias: 0 }), texts)
}

/** The second label where a bit [samples, 1] is set, and else the first. */
export function binaryLabelOf(algebra: Algebra, { numbers, texts }: Labels, bit: Operand): Lowered | Operand {
  const [negative, positive] = [numbers[0]!, numbers[1]!]
  const label = flat(algebra, algebra.as(bit, 'int64'), { terms: [[0, positive - negative]], bias: negative })
  return named(label, texts)
}

/** Scores of two classes, [samples, 2], from that of the second: the first is `total` less it. */
export function bothClasses(algebra: Algebra, second: Operand, total: number): Operand {
  return new SampleSums(algebra, [second]).combine([
    { terms: [[0, -1]], bias: total },
    { terms: [[0, 1]], bias: 0 },
  ])
}

/** [x > 0]. */
export function isPositive(algebra: Algebra, x: Operand): Operand {
  return algebra.not(algebra.nonNegative(algebra.neg(x)))
}

/** The same numbers, as those of texts. */
function named(label: Operand, texts: readonly string[] | undefined): Lowered | Operand {
  if (texts === undefined) return label
  return { operation: { op: 'Reshape' }, inputs: [label], shape: label.shape, elementType: 'string', texts }
}

function flat(algebra: Algebra, x: Operand, sum: WeightedSum): Operand {
  return algebra.reshape(new SampleSums(algebra, [x]).combine([sum]), [x.shape[0]!])
}
