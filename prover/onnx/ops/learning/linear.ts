// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { NodeScope, Rule } from '../../node-scope'
import type { Operand } from '../../tensor'
import { binaryLabelOf, bothClasses, isPositive, labelOf, readLabels } from './labels'
import { postTransform, readPostTransform, requireTransformable } from './post-transform'
import { SampleSums } from './sample-sums'
import { floatSamplesOf } from './samples'

/** x·coefficients + intercepts, [samples, targets]; coefficients are [targets, features]. */
export function linearScores(
  scope: NodeScope,
  x: Operand,
  { targets, coefficients, intercepts }: LinearModel,
): Operand {
  const features = x.shape[1]!
  if (!(targets >= 1) || coefficients.length !== targets * features)
    throw scope.invalid(`it has ${coefficients.length} coefficients for ${targets} targets and ${features} features`)
  if (intercepts.length !== 0 && intercepts.length !== targets)
    throw scope.invalid(`it has ${intercepts.length} intercepts for ${targets} targets`)
  if (![...coefficients, ...intercepts].every(Number.isFinite)) throw scope.invalid('a coefficient is not finite')
  const sums = Array.from({ length: targets }, (_, target) => ({
    terms: Array.from({ length: features }, (_unused, at) => [at, coefficients[target * features + at]!] as const),
    bias: intercepts[target] ?? 0,
  }))
  return new SampleSums(new Algebra(scope), [x]).combine(sums)
}

type LinearModel = {
  readonly targets: number
  readonly coefficients: readonly number[]
  readonly intercepts: readonly number[]
}

/** LinearRegressor. */
export const linearRegressor: Rule = (scope) => {
  const x = floatSamplesOf(scope)
  const transform = readPostTransform(scope)
  const targets = scope.attributes.int('targets', 1)
  requireTransformable(scope, transform, targets)
  const coefficients = scope.attributes.floats('coefficients') ?? []
  const intercepts = scope.attributes.floats('intercepts') ?? []
  return postTransform(new Algebra(scope), transform, linearScores(scope, x, { targets, coefficients, intercepts }))
}

/** LinearClassifier: labels, and scores by class; of two classes with one row of coefficients both. */
export const linearClassifier: Rule = (scope) => {
  const x = floatSamplesOf(scope)
  const transform = readPostTransform(scope)
  const labels = readLabels(scope, 'classlabels_ints')
  scope.attributes.ignore('multi_class')
  const coefficients = scope.attributes.floats('coefficients') ?? []
  const intercepts = scope.attributes.floats('intercepts') ?? []
  const targets = intercepts.length
  const algebra = new Algebra(scope)
  const scores = linearScores(scope, x, { targets, coefficients, intercepts })
  if (targets > 1) {
    if (labels.count !== targets) throw scope.invalid(`it has ${labels.count} labels for ${targets} classes`)
    return [labelOf(algebra, labels, algebra.argMax(scores)), postTransform(algebra, transform, scores)]
  }
  if (labels.count !== 2) throw scope.unsupported(`it has ${labels.count} labels for one row of coefficients; use two`)
  if (transform !== 'NONE' && transform !== 'LOGISTIC')
    throw scope.unsupported(`runtimes differ in post_transform ${transform} of one row of coefficients; use LOGISTIC`)
  const positive = isPositive(algebra, scores)
  const both = bothClasses(algebra, postTransform(algebra, transform, scores), 1)
  return [binaryLabelOf(algebra, labels, positive), both]
}
