// SPDX-License-Identifier: GPL-3.0-or-later
import type { Operation } from '../graph'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'
import { resolveWindow } from './window'

/** MaxPool; ceil_mode becomes padding at the end, the Indices output is refused. */
export const maxPool: Rule = (scope) => {
  scope.arity(1)
  scope.singleOutput('the Indices output of MaxPool is used; export the model without return_indices')
  const x = scope.input(0)
  scope.requireNumber(x)
  if (scope.attributes.int('storage_order', 0) !== 0) throw scope.unsupported('storage_order must be 0')
  const { window, output } = resolveWindow(scope, spatialAxes(scope, x), {
    kernel: requireKernel(scope),
    dilations: scope.opset >= 10,
    ceilMode: scope.opset >= 10,
    pooling: true,
  })
  return pooled(x, { op: 'MaxPool', window }, output)
}

/** AveragePool; ceil_mode together with count_include_pad is refused where it would matter. */
export const averagePool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const countIncludePad = scope.attributes.flag('count_include_pad', false)
  const { window, output, overhangs } = resolveWindow(scope, spatialAxes(scope, x), {
    kernel: requireKernel(scope),
    dilations: scope.opset >= 19,
    ceilMode: scope.opset >= 10,
    pooling: true,
  })
  if (countIncludePad && overhangs) {
    throw scope.unsupported('ceil_mode with count_include_pad is ambiguous; use ceil_mode 0')
  }
  return pooled(x, { op: 'AveragePool', window, countIncludePad }, output)
}

/** GlobalAveragePool: an average over the whole plane. */
export const globalAveragePool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const kernel = spatialAxes(scope, x)
  const zeros = kernel.map(() => 0)
  const ones = kernel.map(() => 1)
  const window = { kernel, strides: ones, dilations: ones, padsBegin: zeros, padsEnd: zeros }
  return pooled(x, { op: 'AveragePool', window, countIncludePad: false }, ones)
}

function pooled(x: Operand, operation: Operation, output: readonly number[]): Lowered {
  const shape = [sizeAt(x.shape, 0), sizeAt(x.shape, 1), ...output]
  return { operation, inputs: [x], shape, elementType: x.elementType }
}

function spatialAxes(scope: NodeScope, { shape }: Operand): readonly number[] {
  if (shape.length === 3 || shape.length === 4) return shape.slice(2)
  throw scope.unsupported(`the input has shape ${formatShape(shape)}; only 1-D and 2-D pooling is supported`)
}

function requireKernel(scope: NodeScope): readonly number[] {
  const kernel = scope.attributes.ints('kernel_shape')
  if (kernel === undefined) throw scope.invalid('attribute "kernel_shape" is missing')
  return kernel
}
