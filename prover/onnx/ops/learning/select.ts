// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { Rule } from '../../node-scope'
import { elementCount, formatShape, sizeAt } from '../../shape'

/** ArrayFeatureExtractor: elements of the last axis by constant indices. */
export const arrayFeatureExtractor: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const indices = scope.constant(1, 'an index that depends on the input is not supported; use OneHot and MatMul')
  if (indices.kind !== 'int') throw scope.invalid(`the indices are ${indices.elementType}`)
  if (x.shape.length === 0) throw scope.misfit('the input is a scalar')
  const size = sizeAt(x.shape, x.shape.length - 1)
  const chosen = [...indices.data]
  const outside = chosen.find((index) => !(index >= 0 && index < size))
  if (outside !== undefined) throw scope.invalid(`index ${outside} is outside ${formatShape(x.shape)}`)
  const rows = elementCount(x.shape.slice(0, -1))
  const index = Array.from({ length: rows }, (_, row) => chosen.map((at) => row * size + at)).flat()
  const shape = x.shape.length === 1 ? [1, chosen.length] : [...x.shape.slice(0, -1), chosen.length]
  return new Algebra(scope).select([x], Int32Array.from(index), shape)
}

/** ZipMap: the scores as they are; a circuit has no maps. */
export const zipMap: Rule = (scope) => {
  scope.arity(1)
  scope.attributes.ignore('classlabels_int64s')
  scope.attributes.ignore('classlabels_strings')
  const x = scope.input(0)
  return { operation: { op: 'Reshape' }, inputs: [x], shape: x.shape, elementType: x.elementType }
}
