// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { Lowered, NodeScope, Rule } from '../../node-scope'
import { checkSize } from '../../shape'
import type { Operand } from '../../tensor'
import { checkForest, type Forest, leavesOf, walkForest } from './forest'
import { forestSums } from './forest-sums'
import { readIndexedNodes } from './indexed-nodes'
import { binaryLabelOf, bothClasses, labelOf, type Labels, readLabels } from './labels'
import { readNumberedNodes } from './numbered-nodes'
import {
  type PostTransform,
  postTransform,
  postTransformNamed,
  readPostTransform,
  requireTransformable,
} from './post-transform'
import { SampleSums } from './sample-sums'
import { numbersOf, samplesOf } from './samples'

/** In the order in which TreeEnsemble numbers them. */
const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'] as const
const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const

type Aggregate = (typeof AGGREGATES)[number]

/** What regressors have in common. */
type Regression = {
  readonly forest: Forest
  readonly targets: number
  readonly aggregate: Aggregate
  readonly base: readonly number[]
  readonly transform: PostTransform
}

/** TreeEnsemble: regression, with branches and leaves by position. */
export const treeEnsemble: Rule = (scope) => {
  if (scope.opset < 5) throw scope.unsupported(`it is none of ai.onnx.ml opset ${scope.opset}; export it with opset 5`)
  const { attributes } = scope
  const aggregate = AGGREGATES[attributes.int('aggregate_function', 1)]
  if (aggregate === undefined) throw scope.invalid('attribute "aggregate_function" is not 0 to 3')
  const transform = postTransformNamed(scope, TRANSFORMS[attributes.int('post_transform', 0)] ?? 'unknown')
  const targets = attributes.int('n_targets', 1)
  const result = regression(scope, { forest: readIndexedNodes(scope), targets, aggregate, base: [], transform })
  return new Algebra(scope).as(result, scope.input(0).elementType)
}

/** TreeEnsembleRegressor. */
export const treeEnsembleRegressor: Rule = (scope) => {
  const name = scope.attributes.text('aggregate_function', 'SUM')
  const aggregate = AGGREGATES.find((candidate) => candidate === name)
  if (aggregate === undefined) throw scope.invalid(`attribute "aggregate_function" is "${name}"`)
  const base = numbersOf(scope, 'base_values')
  const transform = readPostTransform(scope)
  const targets = scope.attributes.int('n_targets', 1)
  return regression(scope, { forest: readNumberedNodes(scope, 'target'), targets, aggregate, base, transform })
}

function regression(scope: NodeScope, { forest, targets, aggregate, base, transform }: Regression): Operand {
  const x = samplesOf(scope)
  checkTargets(scope, x, targets, base)
  checkForest(scope, forest, x.shape[1]!, targets)
  if (base.length !== 0 && base.length !== targets)
    throw scope.invalid(`it has ${base.length} base_values for ${targets} targets`)
  requireTransformable(scope, transform, targets)
  const algebra = new Algebra(scope)
  const all = Array.from({ length: targets }, (_, target) => ({ target, bias: base[target] ?? 0 }))
  if (aggregate === 'MIN' || aggregate === 'MAX') {
    return postTransform(algebra, transform, extremes(scope, x, { forest, sums: all, isLeast: aggregate === 'MIN' }))
  }
  const scaled = aggregate === 'SUM' ? forest : scaledForest(forest, 1 / forest.roots.length)
  return postTransform(algebra, transform, forestSums(scope, x, scaled, all))
}

function scaledForest(forest: Forest, factor: number): Forest {
  const leaves = forest.leaves.map((leaf) => new Map([...leaf].map(([target, weight]) => [target, weight * factor])))
  return { ...forest, leaves }
}

/** The least or largest value of the trees, and the base value on top. */
function extremes(
  scope: NodeScope,
  x: Operand,
  request: {
    readonly forest: Forest
    readonly sums: readonly { readonly target: number; readonly bias: number }[]
    readonly isLeast: boolean
  },
): Operand {
  const { forest, sums, isLeast } = request
  const algebra = new Algebra(scope)
  const missing = sums.find(({ target }) => forest.leaves.some((leaf) => !leaf.has(target)))
  if (missing !== undefined)
    throw scope.unsupported(
      `aggregate_function MIN or MAX skips leaves without a weight for target ${missing.target}; give every leaf one`,
    )
  const trees = forest.roots.length
  const values = forestSums(
    scope,
    x,
    forest,
    sums.flatMap(({ target, bias }) => Array.from({ length: trees }, (_, tree) => ({ target, bias, trees: [tree] }))),
  )
  const grouped = algebra.reshape(isLeast ? algebra.neg(values) : values, [x.shape[0]!, sums.length, trees])
  const largest = algebra.reshape(algebra.reduceMax(grouped, [2]), [x.shape[0]!, sums.length])
  return isLeast ? algebra.neg(largest) : largest
}

function checkTargets(scope: NodeScope, x: Operand, targets: number, base: readonly number[]): void {
  if (!(targets >= 1)) throw scope.invalid(`it has ${targets} targets`)
  checkSize(`the output of node "${scope.node.name}"`, [x.shape[0]!, targets])
  if (!base.every(Number.isFinite)) throw scope.invalid('a base value is not finite')
}

/** TreeEnsembleClassifier: labels, and scores by class. */
export const treeEnsembleClassifier: Rule = (scope) => {
  const x = samplesOf(scope)
  const labels = readLabels(scope, 'classlabels_int64s')
  const base = numbersOf(scope, 'base_values')
  const transform = readPostTransform(scope)
  const forest = readNumberedNodes(scope, 'class')
  checkTargets(scope, x, labels.count, base)
  checkForest(scope, forest, x.shape[1]!, labels.count)
  const weighted = new Set(forest.leaves.flatMap((leaf) => [...leaf.keys()]))
  if (labels.count === 2 && weighted.size === 1)
    return binary(scope, x, { forest, labels, base, transform, target: [...weighted][0]! })
  if (labels.count < 2) throw scope.unsupported('it has one class only')
  if (base.length !== 0 && base.length !== labels.count)
    throw scope.invalid(`it has ${base.length} base_values for ${labels.count} classes`)
  if (base.length === 0) requireScores(scope, forest, labels.count)
  const algebra = new Algebra(scope)
  const sums = Array.from({ length: labels.count }, (_, target) => ({ target, bias: base[target] ?? 0 }))
  const scores = forestSums(scope, x, forest, sums)
  return [labelOf(algebra, labels, algebra.argMax(scores)), postTransform(algebra, transform, scores)]
}

/**
 * Runtimes take the largest score among the classes that a leaf on the way has a weight for. With a negative one that
 * is another class than the largest of all, unless each class has a tree all of whose leaves name it.
 */
function requireScores(scope: NodeScope, forest: Forest, classes: number): void {
  if (!forest.leaves.some((leaf) => [...leaf.values()].some((weight) => weight < 0))) return
  const scored = new Set<number>()
  for (const tree of walkForest(scope, forest)) {
    const leaves = leavesOf(forest, tree)
    for (const target of leaves[0]!.keys()) if (leaves.every((leaf) => leaf.has(target))) scored.add(target)
  }
  for (let target = 0; target < classes; target++) {
    if (scored.has(target)) continue
    throw scope.unsupported(`some leaves have no weight for class ${target}; give them one of 0`)
  }
}

/** Two classes and one weight a leaf: the score of the second class, whose threshold depends on the signs of the weights. */
function binary(
  scope: NodeScope,
  x: Operand,
  parts: {
    readonly forest: Forest
    readonly labels: Labels
    readonly base: readonly number[]
    readonly transform: PostTransform
    readonly target: number
  },
): readonly (Lowered | Operand)[] {
  const { forest, labels, base, transform, target } = parts
  if (base.length > 1) throw scope.unsupported('it has weights for one class and base_values for two; give one of each')
  const isPositive = forest.leaves.every((leaf) => [...leaf.values()].every((weight) => weight >= 0))
  const algebra = new Algebra(scope)
  const score = forestSums(scope, x, forest, [{ target, bias: base[0] ?? 0 }])
  const below = new SampleSums(algebra, [score]).combine([{ terms: [[0, -1]], bias: isPositive ? 0.5 : 0 }])
  const label = binaryLabelOf(algebra, labels, algebra.not(algebra.nonNegative(below)))
  if (isPositive) return [label, bothClasses(algebra, score, 1)]
  if (transform !== 'LOGISTIC')
    throw scope.unsupported(
      `runtimes differ in the scores of two classes by one weight and post_transform ${transform}; use LOGISTIC`,
    )
  return [label, bothClasses(algebra, postTransform(algebra, transform, score), 1)]
}
