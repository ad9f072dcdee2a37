// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { NodeScope } from '../../node-scope'
import { OnnxTooLargeError } from '../../shape'
import type { Operand } from '../../tensor'
import { conditionsOf } from './conditions'
import { type Forest, walkForest } from './forest'
import { eachTerm } from './linear-form'
import { ProductLevels } from './product-levels'
import { SampleSums, type WeightedSum } from './sample-sums'
import { type TreeValue, TreeValues } from './tree-values'

/** A constant and trees' values for one target, all of them or those at some positions. */
export type ForestSum = { readonly target: number; readonly bias: number; readonly trees?: readonly number[] }

/** Most terms of all products and sums together. */
const MAX_TERMS = 2 ** 24

/**
 * Sums over a forest, [samples, sums] of float32.
 *
 * All real weights enter in one map, so that they are rounded once and to one scale; whatever is added or multiplied
 * afterwards is exact.
 *
 * @param x [samples, features]
 */
export function forestSums(scope: NodeScope, x: Operand, forest: Forest, sums: readonly ForestSum[]): Operand {
  const trees = walkForest(scope, forest)
  const algebra = new Algebra(scope)
  const { bits, of } = conditionsOf(algebra, x, forest.branches)
  const values = new TreeValues(forest, of)
  const totals = sums.map(({ target, trees: chosen }) => {
    const those = chosen?.map((at) => trees[at]!) ?? trees
    return those.filter((tree) => values.targets(tree).has(target)).map((tree) => values.value(tree, target))
  })

  const paths = new ProductLevels(algebra, bits, bits)
  paths.multiply(values.paths, (at) => splitterOf(paths)([{ by: 'paths', form: values.paths[at]!.plus }]).real)

  const split = splitterOf(paths)
  const rows = [
    ...values.products.map(({ plus, minus }) =>
      split([{ by: 'branches', form: plus }], { by: 'branches', form: minus }),
    ),
    ...totals.map((total) => split(total)),
  ]
  const count = rows.reduce((total, { real, whole }) => total + real.terms.length + whole.length, 0)
  if (count > MAX_TERMS) throw new OnnxTooLargeError(`the forest of node "${scope.node.name}"`, `${MAX_TERMS} terms`)
  const first = values.products.length
  const biased = rows.map(({ real }, at) => ({ ...real, bias: real.bias + (sums[at - first]?.bias ?? 0) }))
  const real = new SampleSums(algebra, [algebra.as(bits, 'float32'), ...paths.products]).combine(biased)
  if (first === 0) return real

  const branches = new ProductLevels(algebra, bits, real)
  const exact = (at: number): WeightedSum => {
    const products = rows[at]!.whole.map(([product, weight]) => [branches.column(product), weight] as const)
    return { terms: [[at, 1], ...products], bias: 0 }
  }
  branches.multiply(values.products, exact)
  return branches.combine(sums.map((_, at) => exact(first + at)))
}

/** Real weights of bits and of products by paths, and whole ones of products by branches. */
type Split = { readonly real: WeightedSum; readonly whole: readonly (readonly [product: number, weight: number])[] }

/** Adds up values, and takes one off. */
function splitterOf(paths: ProductLevels): (values: readonly TreeValue[], less?: TreeValue) => Split {
  return (values, less) => {
    const [real, whole] = [new Map<number, number>(), new Map<number, number>()]
    let bias = 0
    const add = ({ by, form }: TreeValue, sign: number) => {
      bias += sign * form.bias
      eachTerm(form, (kind, index, weight) => {
        const isWhole = by === 'branches' && kind === 'product'
        const [sums, key] = isWhole ? [whole, index] : [real, kind === 'bit' ? index : paths.column(index)]
        sums.set(key, (sums.get(key) ?? 0) + sign * weight)
      })
    }
    for (const value of values) add(value, 1)
    if (less !== undefined) add(less, -1)
    return { real: { terms: [...real], bias }, whole: [...whole] }
  }
}
