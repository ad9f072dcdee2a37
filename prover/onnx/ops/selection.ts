// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'

/**
 * Softmax along one axis. Before opset 13 all axes from `axis` on were flattened into one; that is the same thing as
 * long as at most one of them is longer than 1.
 */
export const softmax: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const rank = x.shape.length
  if (rank === 0) throw scope.unsupported('the input is a scalar')
  const declared = scope.axis(scope.attributes.int('axis', scope.opset < 13 && rank > 1 ? 1 : -1), rank)
  const output = { inputs: [x], shape: x.shape, elementType: x.elementType }
  if (scope.opset >= 13) return { operation: { op: 'Softmax', axis: declared }, ...output }
  const long = x.shape.flatMap((size, axis) => (axis >= declared && size > 1 ? [axis] : []))
  if (long.length > 1) {
    throw scope.unsupported(
      `before opset 13 Softmax flattens all axes from ${declared} on; export with opset 13 or use the last axis`,
    )
  }
  return { operation: { op: 'Softmax', axis: long[0] ?? rank - 1 }, ...output }
}

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
