// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'
import { resolveWindow } from './window'

/** Conv over one or two spatial axes, with groups, dilations and auto_pad; weights and bias are constant. */
export const conv: Rule = (scope) => {
  scope.arity(2, 3)
  const x = scope.input(0)
  const w = scope.constant(1, 'convolution weights must be constant')
  const bias = scope.optional(2) && scope.constant(2, 'the bias of a convolution must be constant')
  const inputs = bias === undefined ? [x, w] : [x, w, bias]
  scope.requireFloat(x)
  scope.requireSameType(inputs)
  if (x.shape.length !== 3 && x.shape.length !== 4) {
    throw scope.unsupported(`the input has shape ${formatShape(x.shape)}; only 1-D and 2-D convolutions are supported`)
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
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== filters)) {
    throw scope.misfit(`the bias has shape ${formatShape(bias.shape)} where [${filters}] is expected`)
  }
  const kernel = scope.attributes.ints('kernel_shape') ?? w.shape.slice(2)
  if (kernel.join() !== w.shape.slice(2).join()) {
    throw scope.misfit(`kernel_shape ${formatShape(kernel)} contradicts weights ${formatShape(w.shape)}`)
  }
  const options = { kernel, dilations: true, ceilMode: false, pooling: false }
  const { window, output } = resolveWindow(scope, x.shape.slice(2), options)
  return {
    operation: { op: 'Conv', window, group },
    inputs,
    shape: [sizeAt(x.shape, 0), filters, ...output],
    elementType: x.elementType,
  }
}
