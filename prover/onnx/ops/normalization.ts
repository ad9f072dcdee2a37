// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'

/** BatchNormalization in inference mode with constant statistics. */
export const batchNormalization: Rule = (scope) => {
  scope.arity(5)
  const x = scope.input(0)
  scope.requireFloat(x)
  const parameters = [1, 2, 3, 4].map((index) => scope.constant(index, 'batch statistics must be constant'))
  const epsilon = scope.attributes.float('epsilon', 1e-5)
  scope.attributes.ignore('momentum')
  if (scope.opset >= 14 && scope.attributes.flag('training_mode', false)) {
    throw scope.unsupported('training_mode is 1; export the model in evaluation mode')
  }
  scope.singleOutput('the running statistics are used; export the model in evaluation mode')
  if (x.shape.length < 2) throw scope.misfit(`the input ${formatShape(x.shape)} has no channel axis`)
  const channels = sizeAt(x.shape, 1)
  const wrong = parameters.find(({ shape }) => shape.length !== 1 || shape[0] !== channels)
  if (wrong !== undefined) {
    throw scope.misfit(`"${wrong.name}" has shape ${formatShape(wrong.shape)} where [${channels}] is expected`)
  }
  const variance = scope.constant(4, 'batch statistics must be constant')
  if (variance.data.some((value) => !(value + epsilon > 0))) {
    throw scope.invalid(`variance "${variance.name}" plus epsilon is not positive`)
  }
  return {
    operation: { op: 'BatchNormalization', epsilon },
    inputs: [x, ...parameters],
    shape: x.shape,
    elementType: x.elementType,
  }
}
