// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { NodeScope, Rule } from '../../node-scope'
import type { Operand } from '../../tensor'
import { bothClasses, isPositive, labelOf, readLabels } from './labels'
import { linearScores } from './linear'
import { postTransform, readPostTransform } from './post-transform'
import { SampleSums, type WeightedSum } from './sample-sums'
import { floatSamplesOf } from './samples'

/** The kernel of x with each support vector, [samples, vectors]. */
function kernels(scope: NodeScope, x: Operand, vectors: readonly number[], count: number): Operand {
  const features = x.shape[1]!
  if (vectors.length !== count * features)
    throw scope.invalid(`it has ${vectors.length} numbers for ${count} support vectors of ${features} features`)
  if (!vectors.every(Number.isFinite)) throw scope.invalid('a support vector is not finite')
  const kernel = scope.attributes.text('kernel_type', 'LINEAR')
  const [gamma, offset, degree] = scope.attributes.floats('kernel_params') ?? [0, 0, 0]
  if (![gamma, offset, degree].every((value) => Number.isFinite(value ?? 0)))
    throw scope.invalid('kernel_params are not finite')
  const algebra = new Algebra(scope)
  const dots = (factor: number, bias: number): Operand =>
    linearScores(scope, x, {
      targets: count,
      coefficients: vectors.map((value) => value * factor),
      intercepts: new Array<number>(count).fill(bias),
    })
  switch (kernel) {
    case 'LINEAR':
      return dots(1, 0)
    case 'RBF':
      if (!(gamma! >= 0)) throw scope.unsupported(`gamma is ${gamma}; it must not be negative`)
      return algebra.decay(distances(algebra, x, vectors, count, gamma!))
    case 'SIGMOID':
      return algebra.fn({ name: 'tanh' }, dots(gamma!, offset ?? 0))
    case 'POLY': {
      const base = dots(gamma!, offset ?? 0)
      if (degree === 1) return base
      if (degree === 2) return algebra.mul(base, base)
      if (degree === 3) return algebra.mul(algebra.mul(base, base), base)
      throw scope.unsupported(`its polynomial has degree ${degree}; 1, 2 and 3 are supported`)
    }
    default:
      throw scope.invalid(`attribute "kernel_type" is "${kernel}"`)
  }
}

/** γ·|x − v|² = γ·(x·x − 2·x·v + v·v): only the squares of x are products. */
function distances(algebra: Algebra, x: Operand, vectors: readonly number[], count: number, gamma: number): Operand {
  const features = x.shape[1]!
  const square = algebra.sum(algebra.mul(x, x), [1])
  const sums = Array.from({ length: count }, (_, at): WeightedSum => {
    const vector = vectors.slice(at * features, (at + 1) * features)
    const terms = vector.map((value, feature) => [feature, -2 * gamma * value] as const)
    const length = vector.reduce((sum, value) => sum + value * value, 0)
    return { terms: [...terms, [features, gamma]], bias: gamma * length }
  })
  return new SampleSums(algebra, [x, square]).combine(sums)
}

/** SVMRegressor. */
export const svmRegressor: Rule = (scope) => {
  const x = floatSamplesOf(scope)
  const { attributes } = scope
  const transform = readPostTransform(scope)
  if (transform !== 'NONE')
    throw scope.unsupported(`runtimes ignore post_transform ${transform}; use a node of its own`)
  const count = attributes.int('n_supports', 0)
  const coefficients = attributes.floats('coefficients') ?? []
  const intercepts = [attributes.floats('rho')?.[0] ?? 0]
  const vectors = attributes.floats('support_vectors') ?? []
  const isLinear = count === 0
  if (isLinear) for (const name of ['kernel_type', 'kernel_params']) attributes.ignore(name)
  const algebra = new Algebra(scope)
  const values = isLinear ? x : kernels(scope, x, vectors, count)
  const score = linearScores(scope, values, { targets: 1, coefficients, intercepts })
  if (!attributes.flag('one_class', false)) return score
  const isInside = algebra.as(isPositive(algebra, score), 'float32')
  return new SampleSums(algebra, [isInside]).combine([{ terms: [[0, 2]], bias: -1 }])
}

/** SVMClassifier: the label by votes of all pairs of classes; the scores are those of the pairs, or probabilities of two classes. */
export const svmClassifier: Rule = (scope) => {
  const x = floatSamplesOf(scope)
  const { attributes } = scope
  const labels = readLabels(scope, 'classlabels_ints')
  const transform = readPostTransform(scope)
  const [a, b] = [attributes.floats('prob_a') ?? [], attributes.floats('prob_b') ?? []]
  const perClass = attributes.ints('vectors_per_class') ?? []
  if (perClass.length !== labels.count || !perClass.every((count) => count >= 0))
    throw scope.unsupported(
      'it does not say how many support vectors each class has; use LinearClassifier for linear ones',
    )
  if (labels.count < 2) throw scope.unsupported('it has one class only')
  if (transform !== 'NONE') throw scope.unsupported(`runtimes differ in post_transform ${transform}; use NONE`)
  const total = perClass.reduce((sum, count) => sum + count, 0)
  const algebra = new Algebra(scope)
  const values = kernels(scope, x, attributes.floats('support_vectors') ?? [], total)
  const pairs = new SampleSums(algebra, [values]).combine(pairSums(scope, perClass, total))
  const positive = algebra.as(isPositive(algebra, pairs), 'int64')
  const votes = new SampleSums(algebra, [positive]).combine(voteSums(labels.count))
  const label = labelOf(algebra, labels, algebra.argMax(votes))
  if (labels.count > 2) {
    if (a.length > 0 && scope.uses(1))
      throw scope.unsupported('probabilities of more than two classes are iterated; train without probability=True')
    return [label, a.length > 0 ? undefined : pairs]
  }
  if (a.length === 0) return [label, bothClasses(algebra, pairs, 0)]
  if (a.length !== 1 || b.length !== 1) throw scope.invalid('prob_a and prob_b must have one entry for two classes')
  const second = new SampleSums(algebra, [pairs]).combine([{ terms: [[0, a[0]!]], bias: b[0]! }])
  return [label, bothClasses(algebra, postTransform(algebra, 'LOGISTIC', second), 1)]
}

/** The decision of each pair of classes i < j, from the kernels with their support vectors. */
function pairSums(scope: NodeScope, perClass: readonly number[], total: number): readonly WeightedSum[] {
  const classes = perClass.length
  const coefficients = scope.attributes.floats('coefficients') ?? []
  const rho = scope.attributes.floats('rho') ?? []
  if (coefficients.length !== (classes - 1) * total || rho.length !== (classes * (classes - 1)) / 2)
    throw scope.invalid(`it has ${coefficients.length} coefficients and ${rho.length} rho for ${classes} classes`)
  if (![...coefficients, ...rho].every(Number.isFinite)) throw scope.invalid('a coefficient is not finite')
  const start = perClass.map((_, at) => perClass.slice(0, at).reduce((sum, count) => sum + count, 0))
  const terms = (own: number, row: number) =>
    Array.from({ length: perClass[own]! }, (_, at) => {
      const vector = start[own]! + at
      return [vector, coefficients[row * total + vector]!] as const
    })
  const sums: WeightedSum[] = []
  for (let i = 0; i < classes; i++)
    for (let j = i + 1; j < classes; j++)
      sums.push({ terms: [...terms(i, j - 1), ...terms(j, i)], bias: rho[sums.length]! })
  return sums
}

/** A pair votes for its first class when its decision is positive, and else for the second. */
function voteSums(classes: number): readonly WeightedSum[] {
  const sums = Array.from({ length: classes }, () => ({ terms: [] as (readonly [number, number])[], bias: 0 }))
  let pair = 0
  for (let i = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      sums[i]!.terms.push([pair, 1])
      sums[j]!.terms.push([pair, -1])
      sums[j]!.bias++
    }
  }
  return sums
}
