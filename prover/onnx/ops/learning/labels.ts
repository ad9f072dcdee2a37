// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../../algebra'
import type { NodeScope } from '../../node-scope'
import type { Operand } from '../../tensor'
import { SampleSums, type WeightedSum } from './sample-sums'

/** The classes of a classifier; none of their numbers are known where they are texts. */
export type Labels = { readonly count: number; readonly numbers: readonly number[] | undefined }

/**
 * Reads the labels of the classes.
 *
 * @param name Of the attribute with numbers.
 * @throws {OnnxUnsupportedUseError} When the label is used but is a text.
 */
export function readLabels(scope: NodeScope, name: 'classlabels_int64s' | 'classlabels_ints'): Labels {
  const numbers = scope.attributes.ints(name)
  const texts = scope.attributes.texts('classlabels_strings')
  if (numbers !== undefined && numbers.length > 0) {
    if (texts !== undefined && texts.length > 0) throw scope.invalid('its labels are given twice, as numbers and texts')
    return { count: numbers.length, numbers }
  }
  if (texts === undefined || texts.length === 0) throw scope.invalid('it has no labels')
  if (scope.uses(0))
    throw scope.unsupported(
      'its labels are texts, which a circuit cannot compute; train on numbered classes, or remove the output of labels and keep that of scores',
    )
  return { count: texts.length, numbers: undefined }
}

/** The label of each sample, from the index of its class [samples]. */
export function labelOf(algebra: Algebra, { count, numbers }: Labels, index: Operand): Operand | undefined {
  if (numbers === undefined) return undefined
  if (numbers.every((label, at) => label === at)) return index
  const chosen = algebra.as(algebra.oneHot(index, count), 'int64')
  return flat(algebra, chosen, { terms: numbers.map((label, at) => [at, label] as const), bias: 0 })
}

/** The second label where a bit [samples, 1] is set, and else the first. */
export function binaryLabelOf(algebra: Algebra, { numbers }: Labels, bit: Operand): Operand | undefined {
  if (numbers === undefined) return undefined
  const [negative, positive] = [numbers[0]!, numbers[1]!]
  return flat(algebra, algebra.as(bit, 'int64'), { terms: [[0, positive - negative]], bias: negative })
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

function flat(algebra: Algebra, x: Operand, sum: WeightedSum): Operand {
  return algebra.reshape(new SampleSums(algebra, [x]).combine([sum]), [x.shape[0]!])
}
