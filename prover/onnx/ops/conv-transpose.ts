// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { ElementPairs } from '../graph'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt } from '../shape'
import { MAX_WINDOW } from './window'

/** One spatial axis of a transposed convolution: output p = i·stride + k·dilation − begin takes x[i]·w[k]. */
type Axis = {
  readonly input: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly begin: number
  readonly output: number
}

/** ConvTranspose over one to three spatial axes: the sum, for each output, of what the inputs put there. */
export const convTranspose: Rule = (scope) => {
  scope.arity(2, 3)
  const [x, w, bias] = [scope.input(0), scope.input(1), scope.optional(2)]
  scope.requireFloat(x)
  scope.requireSameType(bias === undefined ? [x, w] : [x, w, bias])
  if (x.shape.length < 3 || x.shape.length > 5)
    throw scope.unsupported(`the input has shape ${formatShape(x.shape)}; only 1-D to 3-D convolutions are supported`)
  if (w.shape.length !== x.shape.length)
    throw scope.misfit(`weights ${formatShape(w.shape)} do not have as many axes as input ${formatShape(x.shape)}`)
  const group = scope.attributes.int('group', 1)
  const channels = sizeAt(x.shape, 1)
  if (group < 1 || channels % group !== 0 || sizeAt(w.shape, 0) !== channels)
    throw scope.misfit(`${channels} input channels in ${group} groups do not fit weights ${formatShape(w.shape)}`)
  const filters = sizeAt(w.shape, 1) * group
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== filters))
    throw scope.misfit(`the bias has shape ${formatShape(bias.shape)} where [${filters}] is expected`)
  const axes = resolveAxes(scope, x.shape.slice(2), w.shape.slice(2))
  const output = axes.map((axis) => axis.output)
  const { add, contract, reshape } = new Algebra(scope)
  const shape = [sizeAt(x.shape, 0), filters, ...output]
  const sums = contract(x, w, pairsOf(sizeAt(x.shape, 0), channels, filters, group, axes), shape)
  return bias === undefined ? sums : add(sums, reshape(bias, [filters, ...output.map(() => 1)]))
}

function resolveAxes(scope: NodeScope, spatial: readonly number[], kernel: readonly number[]): readonly Axis[] {
  const rank = spatial.length
  const declared = scope.attributes.ints('kernel_shape')
  if (declared !== undefined && declared.join() !== kernel.join())
    throw scope.misfit(`kernel_shape ${formatShape(declared)} contradicts weights of ${formatShape(kernel)}`)
  const sizes = (name: string, length: number, least: number) => {
    const values = scope.attributes.ints(name)
    if (values !== undefined && (values.length !== length || values.some((v) => !(v >= least && v <= MAX_WINDOW))))
      throw scope.invalid(
        `${name} is ${formatShape(values)}; it takes ${length} numbers from ${least} to ${MAX_WINDOW}`,
      )
    return values
  }
  const [strides, dilations] = [sizes('strides', rank, 1), sizes('dilations', rank, 1)]
  const [pads, extra] = [sizes('pads', 2 * rank, 0), sizes('output_padding', rank, 0)]
  const target = sizes('output_shape', rank, 1)
  const autoPad = scope.attributes.text('auto_pad', 'NOTSET')
  if (!['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'].includes(autoPad))
    throw scope.invalid(`auto_pad is ${JSON.stringify(autoPad)}; use NOTSET, SAME_UPPER, SAME_LOWER or VALID`)
  // Beside output_shape, pads are there to be ignored (ONNX); beside auto_pad they contradict it.
  if (autoPad !== 'NOTSET' && pads?.some((pad) => pad !== 0))
    throw scope.invalid(`auto_pad ${autoPad} and pads are both given; keep one`)
  const same = autoPad.startsWith('SAME')
  return spatial.map((input, axis): Axis => {
    const [stride, dilation, size] = [strides?.[axis] ?? 1, dilations?.[axis] ?? 1, sizeAt(kernel, axis)]
    const full = (input - 1) * stride + (extra?.[axis] ?? 0) + (size - 1) * dilation + 1
    const wanted = target?.[axis] ?? (same ? input * stride : undefined)
    const total = wanted === undefined ? 0 : Math.max(full - wanted, 0)
    const [begin, end] =
      wanted === undefined
        ? autoPad === 'VALID'
          ? [0, 0]
          : [pads?.[axis] ?? 0, pads?.[axis + rank] ?? 0]
        : autoPad === 'SAME_UPPER'
          ? [total >> 1, total - (total >> 1)]
          : [total - (total >> 1), total >> 1]
    const output = wanted ?? full - begin - end
    if (output < 1) throw scope.misfit(`pads leave nothing of the ${full} elements along spatial axis ${axis}`)
    return { input, kernel: size, stride, dilation, begin, output }
  })
}

function pairsOf(batch: number, channels: number, filters: number, group: number, axes: readonly Axis[]): ElementPairs {
  const [inPlane, outPlane] = [elementCount(axes.map((a) => a.input)), elementCount(axes.map((a) => a.output))]
  const taps = elementCount(axes.map((a) => a.kernel))
  const rows = Array.from({ length: outPlane }, (_, flat) => contributions(axes, flat))
  const [groupIn, groupOut] = [channels / group, filters / group]
  const [left, right]: [number[], number[]] = [[], []]
  const start = new Uint32Array(batch * filters * outPlane + 1)
  let at = 0
  for (let item = 0; item < batch; item++) {
    for (let filter = 0; filter < filters; filter++) {
      const first = Math.floor(filter / groupOut) * groupIn
      for (const row of rows) {
        for (let channel = first; channel < first + groupIn; channel++) {
          for (const { x, w } of row) {
            left.push((item * channels + channel) * inPlane + x)
            right.push((channel * groupOut + (filter % groupOut)) * taps + w)
          }
        }
        start[++at] = left.length
      }
    }
  }
  return { start, left: Uint32Array.from(left), right: Uint32Array.from(right) }
}

/** The elements of an input plane and of a kernel that meet at an output position. */
function contributions(axes: readonly Axis[], flat: number): readonly { readonly x: number; readonly w: number }[] {
  let row = [{ x: 0, w: 0 }]
  let rest = flat
  let [strideX, strideW] = [1, 1]
  for (const { input, kernel, stride, dilation, begin, output } of [...axes].reverse()) {
    const p = (rest % output) + begin
    rest = Math.floor(rest / output)
    const meeting: { x: number; w: number }[] = []
    for (let k = 0; k < kernel; k++) {
      const i = (p - k * dilation) / stride
      if (Number.isInteger(i) && i >= 0 && i < input) meeting.push({ x: i * strideX, w: k * strideW })
    }
    row = meeting.flatMap((outer) => row.map((inner) => ({ x: outer.x + inner.x, w: outer.w + inner.w })))
    strideX *= input
    strideW *= kernel
  }
  return row
}
