// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount } from '../shape'
import type { Operand } from '../tensor'

type RowRule = (scope: NodeScope, x: Operand, axis: number) => Operand

/** Softmax along one axis; before opset 13 over all axes from `axis` on together. */
export const softmax: Rule = (scope) => alongRows(scope, softmaxOf)

/** LogSoftmax as (x − max) − log Σ e^(x − max), so that nothing overflows. */
export const logSoftmax: Rule = (scope) =>
  alongRows(scope, (_, x, axis) => {
    const { decay, fn, reduceMax, sub, sum } = new Algebra(scope)
    const largest = reduceMax(x, [axis])
    return sub(sub(x, largest), fn({ name: 'log' }, sum(decay(sub(largest, x)), [axis])))
  })

function softmaxOf(scope: NodeScope, x: Operand, axis: number): Operand {
  const { shape, elementType } = x
  return scope.emit('softmax', { operation: { op: 'Softmax', axis }, inputs: [x], shape, elementType })
}

function alongRows(scope: NodeScope, rule: RowRule): Operand {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const rank = x.shape.length
  if (rank === 0) throw scope.unsupported('the input is a scalar')
  const axis = scope.axis(scope.attributes.int('axis', scope.opset < 13 && rank > 1 ? 1 : -1), rank)
  if (scope.opset >= 13 || axis === rank - 1) return rule(scope, x, axis)
  const { reshape } = new Algebra(scope)
  const rows = elementCount(x.shape.slice(0, axis))
  return reshape(rule(scope, reshape(x, [rows, elementCount(x.shape) / rows]), 1), x.shape)
}
