// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'

type Normalized = {
  readonly result: Operand
  readonly mean: Operand
  readonly variance: Operand
  /** 1/√(variance + ε). */
  readonly inverse: Operand
}

/**
 * (x − mean)/√(variance + ε) over axes: one root and one division for each mean, one product for each element. Results are
 * at most √(n − 1) in size over n elements (Samuelson's inequality) and are clamped to that.
 */
function normalize(
  { div, mean, mul, number, settle, shift, square, squareRoot, sub }: Algebra,
  x: Operand,
  axes: readonly number[],
  epsilon: number,
): Normalized {
  // Rounded before the mean, not after: what is centred then needs few bits more than x.
  const rounded = settle(x)
  const average = settle(mean(rounded, axes))
  const centred = settle(sub(rounded, average))
  const variance = mean(square(centred), axes)
  const deviation = squareRoot(shift(variance, epsilon))
  const inverse = div(number(1, x), deviation)
  const count = elementCount(axes.map((axis) => sizeAt(x.shape, axis)))
  const result = settle(mul(centred, inverse), Math.sqrt(Math.max(count - 1, 0)))
  return { result, mean: average, variance, inverse }
}

/** BatchNormalization. In training mode the statistics are those of the batch, and running ones are outputs. */
export const batchNormalization: Rule = (scope) => {
  scope.arity(5)
  const x = scope.input(0)
  scope.requireFloat(x)
  const parameters = [1, 2, 3, 4].map((index) => scope.input(index)) as [Operand, Operand, Operand, Operand]
  const epsilon = scope.attributes.float('epsilon', 1e-5)
  const momentum = scope.attributes.float('momentum', 0.9)
  const training = scope.opset >= 14 && scope.attributes.flag('training_mode', false)
  if (x.shape.length < 2) throw scope.misfit(`the input ${formatShape(x.shape)} has no channel axis`)
  checkChannels(scope, sizeAt(x.shape, 1), parameters)
  if (training) return trained(scope, x, parameters, epsilon, momentum)
  scope.singleOutput('the running statistics are used; export the model in evaluation mode')
  const variance = parameters[3]
  if (variance.data?.some((value) => !(value + epsilon > 0))) {
    throw scope.invalid(`variance "${variance.name}" plus epsilon is not positive`)
  }
  if (x.data === undefined && parameters.every(({ data }) => data !== undefined)) {
    const operation = { op: 'BatchNormalization', epsilon } as const
    return { operation, inputs: [x, ...parameters], shape: x.shape, elementType: x.elementType }
  }
  const algebra = new Algebra(scope)
  const { div, mul, shift, squareRoot, sub } = algebra
  const [scale, bias, mean] = parameters.map((parameter) => perChannel(algebra, x, parameter)) as [
    Operand,
    Operand,
    Operand,
  ]
  const deviation = perChannel(algebra, x, squareRoot(shift(variance, epsilon)))
  return algebra.add(mul(sub(x, mean), div(scale, deviation)), bias)
}

function trained(
  scope: NodeScope,
  x: Operand,
  [scale, bias, mean, variance]: readonly [Operand, Operand, Operand, Operand],
  epsilon: number,
  momentum: number,
): readonly Operand[] {
  const algebra = new Algebra(scope)
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))
  const own = normalize(algebra, x, axes, epsilon)
  const mix = (running: Operand, batch: Operand) =>
    algebra.add(algebra.scale(running, momentum), algebra.scale(algebra.reshape(batch, running.shape), 1 - momentum))
  const scaled = affine(algebra, own.result, perChannel(algebra, x, scale), perChannel(algebra, x, bias))
  return [scaled, mix(mean, own.mean), mix(variance, own.variance)]
}

/** LayerNormalization over the axes from `axis` on; all three outputs. */
export const layerNormalization: Rule = (scope) => {
  scope.arity(2, 3)
  const [x, scale, bias] = [scope.input(0), scope.input(1), scope.optional(2)]
  scope.requireFloat(x)
  // Which float type the statistics have makes no difference here.
  scope.attributes.ignore('stash_type')
  const first = scope.axis(scope.attributes.int('axis', -1), x.shape.length)
  const axes = x.shape.flatMap((_, axis) => (axis >= first ? [axis] : []))
  const algebra = new Algebra(scope)
  const { result, mean, inverse } = normalize(algebra, x, axes, scope.attributes.float('epsilon', 1e-5))
  return [affine(algebra, result, scale, bias), mean, inverse]
}

/** InstanceNormalization: each channel of each item by itself. */
export const instanceNormalization: Rule = (scope) => {
  scope.arity(3)
  const [x, scale, bias] = [scope.input(0), scope.input(1), scope.input(2)]
  scope.requireFloat(x)
  if (x.shape.length < 3) throw scope.misfit(`the input ${formatShape(x.shape)} has no spatial axes`)
  checkChannels(scope, sizeAt(x.shape, 1), [scale, bias])
  const algebra = new Algebra(scope)
  const axes = x.shape.flatMap((_, axis) => (axis >= 2 ? [axis] : []))
  const { result } = normalize(algebra, x, axes, scope.attributes.float('epsilon', 1e-5))
  return affine(algebra, result, perChannel(algebra, x, scale), perChannel(algebra, x, bias))
}

/** GroupNormalization: channels in groups. Scale and bias are per group before opset 21, per channel from then on. */
export const groupNormalization: Rule = (scope) => {
  scope.arity(3)
  const [x, scale, bias] = [scope.input(0), scope.input(1), scope.input(2)]
  scope.requireFloat(x)
  if (scope.opset >= 21) scope.attributes.ignore('stash_type')
  const groups = scope.attributes.int('num_groups', 0)
  if (x.shape.length < 3) throw scope.misfit(`the input ${formatShape(x.shape)} has no spatial axes`)
  const channels = sizeAt(x.shape, 1)
  if (groups < 1 || channels % groups !== 0) throw scope.misfit(`${channels} channels do not form ${groups} groups`)
  checkChannels(scope, scope.opset < 21 ? groups : channels, [scale, bias])
  const algebra = new Algebra(scope)
  const { reshape } = algebra
  const grouped = reshape(x, [sizeAt(x.shape, 0), groups, elementCount(x.shape.slice(1)) / groups])
  const { result } = normalize(algebra, grouped, [2], scope.attributes.float('epsilon', 1e-5))
  if (scope.opset < 21)
    return reshape(affine(algebra, result, reshape(scale, [groups, 1]), reshape(bias, [groups, 1])), x.shape)
  return affine(algebra, reshape(result, x.shape), perChannel(algebra, x, scale), perChannel(algebra, x, bias))
}

/** MeanVarianceNormalization over axes 0, 2 and 3 unless told; ONNX adds 1e-9 to the deviation, below any unit here. */
export const meanVarianceNormalization: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const axes = scope.axes(scope.attributes.ints('axes') ?? [0, 2, 3], x.shape.length)
  return normalize(new Algebra(scope), x, axes, 0).result
}

/** LpNormalization: each vector along an axis by its L1 or L2 norm; a vector of zeros stays one. */
export const lpNormalization: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const p = scope.attributes.int('p', 2)
  const axis = scope.axis(scope.attributes.int('axis', -1), x.shape.length)
  if (p !== 1 && p !== 2) throw scope.invalid(`p is ${p}; use 1 or 2`)
  const { abs, div, mul, number, settle, square, squareRoot, sum } = new Algebra(scope)
  const rounded = settle(x)
  const norm = p === 1 ? sum(abs(rounded), [axis]) : squareRoot(sum(square(rounded), [axis]))
  return settle(mul(rounded, div(number(1, x), norm)), 1)
}

/** LRN: x/(bias + alpha/size·Σ x²)^beta, the sum over neighbouring channels. */
export const localResponseNormalization: Rule = (scope): Operand => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const { attributes } = scope
  if (x.shape.length < 3) throw scope.misfit(`the input ${formatShape(x.shape)} has no spatial axes`)
  const size = attributes.int('size', 0)
  if (size < 1) throw scope.invalid('attribute "size" is missing or below 1')
  const [alpha, beta, bias] = [
    attributes.float('alpha', 1e-4),
    attributes.float('beta', 0.75),
    attributes.float('bias', 1),
  ]
  const { fn, groupSum, mul, settle, shift, square } = new Algebra(scope)
  const rounded = settle(x)
  const [plane, channels] = [elementCount(x.shape.slice(2)), sizeAt(x.shape, 1)]
  const column: number[] = []
  const count = elementCount(x.shape)
  const start = new Uint32Array(count + 1)
  for (let i = 0; i < count; i++) {
    const channel = Math.floor(i / plane) % channels
    const from = Math.max(0, channel - Math.floor((size - 1) / 2))
    const to = Math.min(channels - 1, channel + Math.ceil((size - 1) / 2))
    for (let c = from; c <= to; c++) column.push(i + (c - channel) * plane)
    start[i + 1] = column.length
  }
  const groups = { start, column: Uint32Array.from(column) }
  const sums = shift(groupSum([square(rounded)], groups, x.shape, alpha / size), bias)
  return mul(rounded, fn({ name: 'power', parameters: [-beta] }, sums))
}

function affine({ add, mul }: Algebra, x: Operand, scale: Operand, bias: Operand | undefined): Operand {
  const scaled = mul(x, scale)
  return bias === undefined ? scaled : add(scaled, bias)
}

/** A value for each channel, in a shape that broadcasts with x. */
function perChannel({ reshape }: Algebra, x: Operand, values: Operand): Operand {
  return reshape(values, [elementCount(values.shape), ...x.shape.slice(2).map(() => 1)])
}

function checkChannels(scope: NodeScope, channels: number, parameters: readonly Operand[]): void {
  const wrong = parameters.find(({ shape }) => shape.length !== 1 || shape[0] !== channels)
  if (wrong === undefined) return
  throw scope.misfit(`"${wrong.name}" has shape ${formatShape(wrong.shape)} where [${channels}] is expected`)
}
