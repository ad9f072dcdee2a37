// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Rule } from '../node-scope'
import { elementCount } from '../shape'
import type { Operand } from '../tensor'

export const softmax = alongRows((algebra, x, axis) => algebra.softmax(x, axis))

/** LogSoftmax as (x − max) − log Σ e^(x − max), so that nothing overflows. */
export const logSoftmax = alongRows(({ decay, fn, reduceMax, sub, sum }, x, axis) => {
  const largest = reduceMax(x, [axis])
  return sub(sub(x, largest), fn({ name: 'log' }, sum(decay(sub(largest, x)), [axis])))
})

/** A formula along one axis of floats; before opset 13 along all axes from `axis` on together. */
export function alongRows(formula: (algebra: Algebra, x: Operand, axis: number) => Operand): Rule {
  return (scope) => {
    scope.arity(1)
    const x = scope.input(0)
    scope.requireFloat(x)
    const rank = x.shape.length
    if (rank === 0) throw scope.unsupported('the input is a scalar')
    const axis = scope.axis(scope.attributes.int('axis', scope.opset < 13 && rank > 1 ? 1 : -1), rank)
    return along(new Algebra(scope), x, { axis, opset: scope.opset }, formula)
  }
}

/** The formula along one axis, or before opset 13 along all from it on together. */
export function along(
  algebra: Algebra,
  x: Operand,
  { axis, opset }: { readonly axis: number; readonly opset: number },
  formula: (algebra: Algebra, x: Operand, axis: number) => Operand,
): Operand {
  if (opset >= 13 || axis === x.shape.length - 1) return formula(algebra, x, axis)
  const rows = elementCount(x.shape.slice(0, axis))
  const flat = algebra.reshape(x, [rows, elementCount(x.shape) / rows])
  return algebra.reshape(formula(algebra, flat, 1), x.shape)
}
