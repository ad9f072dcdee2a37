// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { NodeScope, Rule } from '../../node-scope'
import { elementCount, formatShape } from '../../shape'
import type { Operand } from '../../tensor'
import { numbersIn } from './samples'

/** One number for all features, or one for each, as a tensor that broadcasts with x. */
function perFeature(scope: NodeScope, name: string, x: Operand, values: readonly number[]): Operand {
  const features = x.shape.at(-1) ?? 1
  if (values.length !== 1 && values.length !== features)
    throw scope.invalid(`attribute "${name}" has ${values.length} entries for ${features} features`)
  if (!values.every(Number.isFinite)) throw scope.invalid(`attribute "${name}" has an entry that is not finite`)
  return new Algebra(scope).constant(values, [values.length], 'float32')
}

/** The only input as float32. */
function floatInput(scope: NodeScope): Operand {
  return new Algebra(scope).as(numbersIn(scope), 'float32')
}

/** Scaler: (x − offset)·scale. */
export const scaler: Rule = (scope) => {
  const x = floatInput(scope)
  const { sub, mul } = new Algebra(scope)
  const offset = perFeature(scope, 'offset', x, scope.attributes.floats('offset') ?? [0])
  const scale = perFeature(scope, 'scale', x, scope.attributes.floats('scale') ?? [1])
  return mul(sub(x, offset), scale)
}

/** Normalizer: each sample over its largest element, the sum of its magnitudes, or its length. */
export const normalizer: Rule = (scope) => {
  const x = floatInput(scope)
  if (x.shape.length === 0) throw scope.misfit('the input is a scalar')
  const algebra = new Algebra(scope)
  const axes = [x.shape.length - 1]
  const norm = scope.attributes.text('norm', 'MAX')
  switch (norm) {
    case 'MAX': {
      // A divisor must not be negative: the sign goes to the numerator.
      const largest = algebra.reduceMax(x, axes)
      const positive = algebra.mul(algebra.nonNegative(largest), x)
      return algebra.div(algebra.sub(algebra.scale(positive, 2), x), algebra.abs(largest))
    }
    case 'L1':
      return algebra.div(x, algebra.sum(algebra.abs(x), axes))
    case 'L2':
      return algebra.div(x, algebra.squareRoot(algebra.sum(algebra.mul(x, x), axes)))
    default:
      throw scope.invalid(`attribute "norm" is "${norm}"; it is MAX, L1 or L2`)
  }
}

/** Binarizer: 1 where an element is above the threshold, and else 0. */
export const binarizer: Rule = (scope) => {
  const x = numbersIn(scope)
  const threshold = scope.attributes.float('threshold', 0)
  const algebra = new Algebra(scope)
  const count = elementCount(x.shape)
  const comparisons = {
    element: Int32Array.from({ length: count }, (_, at) => at),
    threshold: new Float64Array(count).fill(threshold),
    strict: new Uint8Array(count).fill(1),
  }
  return algebra.as(algebra.thresholds(x, comparisons, x.shape), x.elementType)
}

/** Imputer: nothing to do, as no input is NaN; a number that stands for "missing" is replaced. */
export const imputer: Rule = (scope) => {
  const x = numbersIn(scope)
  const algebra = new Algebra(scope)
  if (x.kind === 'float') {
    const values = scope.attributes.floats('imputed_value_floats')
    if (values === undefined) throw scope.invalid('attribute "imputed_value_floats" is missing')
    const imputed = perFeature(scope, 'imputed_value_floats', x, values)
    if (!scope.attributes.isNumber('replaced_value_float')) return algebra.reshape(x, x.shape)
    const missing = scope.attributes.float('replaced_value_float', 0)
    return algebra.where(algebra.isZero(algebra.shift(x, -missing)), algebra.as(imputed, x.elementType), x)
  }
  const missing = scope.attributes.int('replaced_value_int64', 0)
  const values = scope.attributes.ints('imputed_value_int64s')
  if (values === undefined) throw scope.invalid('attribute "imputed_value_int64s" is missing')
  const imputed = algebra.as(perFeature(scope, 'imputed_value_int64s', x, values), x.elementType)
  return algebra.where(algebra.equal(x, algebra.number(missing, x)), imputed, x)
}

/** FeatureVectorizer: the features of several tensors side by side. */
export const featureVectorizer: Rule = (scope) => {
  const algebra = new Algebra(scope)
  const sizes = scope.attributes.ints('inputdimensions')
  const parts = scope.all().map((x, at) => {
    scope.requireNumber(x)
    const [samples, features] = x.shape.length === 1 ? [1, x.shape[0]!] : x.shape
    if (x.shape.length > 2 || features === undefined || (sizes !== undefined && sizes[at] !== features))
      throw scope.misfit(`input ${at} of shape ${formatShape(x.shape)} has not ${sizes?.[at] ?? 'a list of'} features`)
    return algebra.as(algebra.reshape(x, [samples!, features]), 'float32')
  })
  if (parts.some(({ shape }) => shape[0] !== parts[0]!.shape[0])) throw scope.misfit('its inputs differ in samples')
  return algebra.concat(parts, 1)
}
