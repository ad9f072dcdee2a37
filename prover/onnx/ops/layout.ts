// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'

/** Transpose; without `perm` the axes are reversed. */
export const transpose: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  const rank = x.shape.length
  const perm = scope.attributes.ints('perm') ?? x.shape.map((_, axis) => rank - 1 - axis)
  if (perm.length !== rank || [...perm].sort((a, b) => a - b).some((axis, index) => axis !== index)) {
    throw scope.invalid(`perm ${formatShape(perm)} is not a permutation of ${rank} axes`)
  }
  const shape = perm.map((axis) => sizeAt(x.shape, axis))
  return { operation: { op: 'Transpose', perm }, inputs: [x], shape, elementType: x.elementType }
}

/** Concat along an axis on which alone the inputs may differ. */
export const concat: Rule = (scope) => {
  scope.arity(1, Infinity)
  const inputs = scope.all()
  scope.requireSameType(inputs)
  const first = scope.input(0)
  if (!scope.attributes.has('axis')) throw scope.invalid('attribute "axis" is missing')
  const axis = scope.axis(scope.attributes.int('axis', 0), first.shape.length)
  const odd = inputs.find(
    ({ shape }) =>
      shape.length !== first.shape.length || shape.some((size, at) => at !== axis && size !== first.shape[at]),
  )
  if (odd !== undefined) {
    const shapes = `${formatShape(first.shape)} and ${formatShape(odd.shape)}`
    throw scope.misfit(`${shapes} differ on an axis other than ${axis}`)
  }
  const length = inputs.reduce((sum, { shape }) => sum + sizeAt(shape, axis), 0)
  const shape = first.shape.map((size, at) => (at === axis ? length : size))
  return { operation: { op: 'Concat', axis }, inputs, shape, elementType: first.elementType }
}
