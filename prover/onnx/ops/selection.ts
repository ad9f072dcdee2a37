// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'

/** ArgMax with ties going to the lowest index. */
export const argMax: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireNumber(x)
  const axis = scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const keepdims = scope.attributes.flag('keepdims', true)
  if (scope.opset >= 12 && scope.attributes.flag('select_last_index', false)) {
    throw scope.unsupported('select_last_index is 1; ties go to the lowest index, so use 0')
  }
  const shape = x.shape.flatMap((size, index) => (index !== axis ? [size] : keepdims ? [1] : []))
  return { operation: { op: 'ArgMax', axis, keepdims }, inputs: [x], shape, elementType: 'int64' }
}
