// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import type { Operation } from '../graph'
import { formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'
import { resolveWindow } from './window'

/** Conv over one to three spatial axes, with groups, dilations and auto_pad. */
export const conv: Rule = (scope) => {
  scope.arity(2, 3)
  const x = scope.input(0)
  const w = scope.input(1)
  const bias = scope.optional(2)
  const inputs = bias === undefined ? [x, w] : [x, w, bias]
  scope.requireFloat(x)
  scope.requireSameType(inputs)
  const { operation, shape, filters } = convolve(scope, x, w)
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== filters)) {
    throw scope.misfit(`the bias has shape ${formatShape(bias.shape)} where [${filters}] is expected`)
  }
  const result = { operation, shape, elementType: x.elementType }
  if (bias === undefined) return { ...result, inputs: [x, w] }
  if (w.data !== undefined && bias.data !== undefined) return { ...result, inputs }
  const { add, reshape } = new Algebra(scope)
  const sums = scope.emit('product', { ...result, inputs: [x, w] })
  return add(sums, reshape(bias, [filters, ...w.shape.slice(2).map(() => 1)]))
}

/** Checks input and weights of a convolution and reads its attributes. */
export function convolve(
  scope: NodeScope,
  x: Operand,
  w: Operand,
): { readonly operation: Operation; readonly shape: readonly number[]; readonly filters: number } {
  if (x.shape.length < 3 || x.shape.length > 5) {
    throw scope.unsupported(`the input has shape ${formatShape(x.shape)}; only 1-D to 3-D convolutions are supported`)
  }
  if (w.shape.length !== x.shape.length) {
    throw scope.misfit(`weights ${formatShape(w.shape)} do not have as many axes as input ${formatShape(x.shape)}`)
  }
  const group = scope.attributes.int('group', 1)
  const channels = sizeAt(x.shape, 1)
  const filters = sizeAt(w.shape, 0)
  if (group < 1 || filters % group !== 0 || channels !== sizeAt(w.shape, 1) * group) {
    const weights = `weights ${formatShape(w.shape)}`
    throw scope.misfit(`${channels} input channels in ${group} groups do not fit ${weights}`)
  }
  const kernel = scope.attributes.ints('kernel_shape') ?? w.shape.slice(2)
  if (kernel.join() !== w.shape.slice(2).join()) {
    throw scope.misfit(`kernel_shape ${formatShape(kernel)} contradicts weights ${formatShape(w.shape)}`)
  }
  const options = { kernel, dilations: true, ceilMode: false, pooling: false }
  const { window, output } = resolveWindow(scope, x.shape.slice(2), options)
  return { operation: { op: 'Conv', window, group }, shape: [sizeAt(x.shape, 0), filters, ...output], filters }
}
