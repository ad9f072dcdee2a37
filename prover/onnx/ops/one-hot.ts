// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Rule } from '../node-scope'
import { formatShape } from '../shape'
import type { Operand } from '../tensor'
import { selectors } from './indexing'

/** OneHot: a new axis with one value at the index and another elsewhere; negative indices count from the end. */
export const oneHot: Rule = (scope) => {
  scope.arity(3)
  const [indices, values] = [scope.input(0), scope.input(2)]
  scope.requireNumber(indices)
  const depth = Math.trunc(scope.scalar(1, 'the depth') ?? 0)
  if (!(depth >= 1)) throw scope.invalid(`the depth is ${depth}`)
  if (values.shape.join() !== '2')
    throw scope.misfit(`the values are ${formatShape(values.shape)} where [2] is expected`)
  const rank = indices.shape.length
  const axis = scope.axis(scope.attributes.int('axis', -1), rank + 1)
  const algebra = new Algebra(scope)
  const chosen = selectors(algebra, indices.kind === 'float' ? whole(algebra, indices) : indices, depth)
  const [off, on] = [0, 1].map((at) => algebra.reshape(algebra.slice(values, 0, at, at + 1), [])) as [Operand, Operand]
  return algebra.moveAxis(algebra.where(chosen, on, off), rank, axis)
}

/** Without its fraction. */
function whole(algebra: Algebra, x: Operand): Operand {
  const [down, up] = [algebra.floor(x), algebra.neg(algebra.floor(algebra.neg(x)))]
  return algebra.as(algebra.where(algebra.nonNegative(x), down, up), 'int64')
}
