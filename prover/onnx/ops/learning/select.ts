// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { Rule } from '../../node-scope'
import { elementCount, formatShape, sizeAt } from '../../shape'

/** ArrayFeatureExtractor: elements of the last axis by index. Variable indices are made one-hot and multiplied with the data. */
export const arrayFeatureExtractor: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  const indices = scope.input(1)
  if (indices.kind !== 'int') throw scope.invalid(`the indices are ${indices.elementType}`)
  if (x.shape.length === 0) throw scope.misfit('the input is a scalar')
  const size = sizeAt(x.shape, x.shape.length - 1)
  const algebra = new Algebra(scope)
  const count = elementCount(indices.shape)
  const rows = elementCount(x.shape.slice(0, -1))
  const shape = x.shape.length === 1 ? [1, count] : [...x.shape.slice(0, -1), count]
  if (indices.data === undefined) {
    const selectors = algebra.oneHot(algebra.reshape(indices, [count]), size)
    const columns = algebra.transpose(algebra.reshape(x, [rows, size]), [1, 0])
    return algebra.reshape(algebra.transpose(algebra.matMul(selectors, columns), [1, 0]), shape)
  }
  const chosen = [...indices.data]
  const outside = chosen.find((index) => !(index >= 0 && index < size))
  if (outside !== undefined) throw scope.invalid(`index ${outside} is outside ${formatShape(x.shape)}`)
  const index = Array.from({ length: rows }, (_, row) => chosen.map((at) => row * size + at)).flat()
  return algebra.select([x], Int32Array.from(index), shape)
}

/** ZipMap: the scores as they are, [samples, classes]; a circuit has no maps, and the names of the classes are not computed. */
export const zipMap: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  const [numbers, texts] = [scope.attributes.ints('classlabels_int64s'), scope.attributes.texts('classlabels_strings')]
  const names = numbers?.length ? numbers : (texts ?? [])
  if (names.length !== x.shape.at(-1))
    throw scope.misfit(`it has ${names.length} labels for scores of shape ${formatShape(x.shape)}`)
  return { operation: { op: 'Reshape' }, inputs: [x], shape: x.shape, elementType: x.elementType }
}
