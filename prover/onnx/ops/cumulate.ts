// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Rule } from '../node-scope'
import { checkSize, elementCount, sizeAt } from '../shape'

/** CumSum: sums of what goes before along a constant axis, itself included unless `exclusive`. */
export const cumSum: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  scope.requireNumber(x)
  const axis = scope.axis(scope.scalar(1, 'the axis') ?? 0, x.shape.length)
  const exclusive = scope.attributes.flag('exclusive', false)
  const reverse = scope.attributes.flag('reverse', false)
  const size = sizeAt(x.shape, axis)
  const inner = elementCount(x.shape.slice(axis + 1))
  const count = elementCount(x.shape)
  const terms = (size * (size + (exclusive ? -1 : 1))) / 2
  checkSize(`the sums of node "${scope.node.name}"`, [count / size, Math.max(terms, 1)])
  const start = new Uint32Array(count + 1)
  const column = new Uint32Array((count / size) * terms)
  let used = 0
  for (let element = 0; element < count; element++) {
    const own = Math.floor(element / inner) % size
    const [from, to] = reverse ? [own + (exclusive ? 1 : 0), size - 1] : [0, own - (exclusive ? 1 : 0)]
    for (let at = from; at <= to; at++) column[used++] = element + (at - own) * inner
    start[element + 1] = used
  }
  return new Algebra(scope).groupSum([x], { start, column }, x.shape)
}
