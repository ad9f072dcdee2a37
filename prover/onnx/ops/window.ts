// SPDX-License-Identifier: GPL-3.0-or-later
import type { Window } from '../graph'
import type { NodeScope } from '../node-scope'
import { formatShape, OnnxTooLargeError, sizeAt } from '../shape'

/** Most a kernel, stride, dilation or pad may be along one axis. */
export const MAX_WINDOW = 2 ** 16

/** A resolved window, the spatial sizes it gives, and how far ceil_mode makes the last window reach beyond the padding. */
export type ResolvedWindow = {
  readonly window: Window
  readonly output: readonly number[]
  readonly overhang: readonly number[]
}

/** Which of the attributes the operator has in this opset. */
export type WindowOptions = {
  readonly kernel: readonly number[]
  readonly dilations: boolean
  readonly ceilMode: boolean
  /** Pooling: no window may lie in the padding altogether. */
  readonly pooling: boolean
}

/**
 * Resolves strides, pads, auto_pad, dilations and ceil_mode into explicit pads and output sizes. Under ceil_mode the
 * overhang of the last window becomes padding at the end.
 *
 * @param spatial Sizes of the spatial axes of the input.
 * @throws {OnnxInvalidNodeError} For attributes of wrong length or sign.
 * @throws {OnnxShapeError} When the window is larger than the padded input.
 */
export function resolveWindow(scope: NodeScope, spatial: readonly number[], options: WindowOptions): ResolvedWindow {
  const rank = spatial.length
  const kernel = checkSizes(scope, 'kernel_shape', options.kernel, rank, 1)
  const strides = readSizes(scope, 'strides', rank, 1) ?? spatial.map(() => 1)
  const dilations = (options.dilations ? readSizes(scope, 'dilations', rank, 1) : undefined) ?? spatial.map(() => 1)
  const pads = readSizes(scope, 'pads', 2 * rank, 0)
  const autoPad = readAutoPad(scope, pads)
  const same = autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER'
  if (same && dilations.some((dilation) => dilation > 1)) {
    throw scope.unsupported(`auto_pad ${autoPad} is combined with dilations; use explicit pads`)
  }
  const ceilMode = options.ceilMode && scope.attributes.flag('ceil_mode', false)
  const padsBegin: number[] = []
  const padsEnd: number[] = []
  const output: number[] = []
  const overhang: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const stride = sizeAt(strides, axis)
    const dilation = sizeAt(dilations, axis)
    const size = sizeAt(spatial, axis)
    const extent = (sizeAt(kernel, axis) - 1) * dilation + 1
    let [begin, end] = [pads?.[axis] ?? 0, pads?.[axis + rank] ?? 0]
    if (same) {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size)
      begin = autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)
      end = total - begin
    }
    const room = size + begin + end - extent
    if (room < 0) {
      const padded = `${size} padded to ${size + begin + end}`
      throw scope.misfit(`the window covers ${extent} along spatial axis ${axis}, but the input has ${padded}`)
    }
    const most = (ceilMode && !same ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1
    // A window of ceil_mode that would start in the padding at the end is left out.
    const count = ceilMode && (most - 1) * stride >= size + begin ? most - 1 : most
    const beyond = Math.max(0, (count - 1) * stride - room)
    if (options.pooling) {
      checkCoverage(scope, { size, begin, stride, dilation, count, kernel: sizeAt(kernel, axis), extent, end })
    }
    overhang.push(beyond)
    padsBegin.push(begin)
    padsEnd.push(end + beyond)
    output.push(count)
  }
  return { window: { kernel, strides, dilations, padsBegin, padsEnd }, output, overhang }
}

type AxisWindow = {
  readonly size: number
  readonly begin: number
  readonly end: number
  readonly stride: number
  readonly dilation: number
  readonly count: number
  readonly kernel: number
  readonly extent: number
}

/** Refuses windows without a single real element, whose maximum or average does not exist. */
function checkCoverage(scope: NodeScope, axis: AxisWindow): void {
  if (axis.begin >= axis.extent || axis.end >= axis.extent) throw scope.invalid('pads must be smaller than the kernel')
  for (let start = -axis.begin, index = 0; start < 0 && index < axis.count; index++, start += axis.stride) {
    const firstTap = Math.ceil(-start / axis.dilation)
    if (firstTap < axis.kernel && start + firstTap * axis.dilation < axis.size) continue
    throw scope.unsupported('a dilated window touches padding only; use smaller pads')
  }
}

function readAutoPad(scope: NodeScope, pads: readonly number[] | undefined): string {
  const autoPad = scope.attributes.text('auto_pad', 'NOTSET')
  if (!['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'].includes(autoPad)) {
    throw scope.invalid(`auto_pad is ${JSON.stringify(autoPad)}; use NOTSET, SAME_UPPER, SAME_LOWER or VALID`)
  }
  if (autoPad !== 'NOTSET' && pads?.some((pad) => pad !== 0)) {
    throw scope.invalid(`auto_pad ${autoPad} and pads are both given; keep one`)
  }
  return autoPad
}

function readSizes(scope: NodeScope, name: string, length: number, least: number): readonly number[] | undefined {
  const sizes = scope.attributes.ints(name)
  return sizes === undefined ? undefined : checkSizes(scope, name, sizes, length, least)
}

function checkSizes(
  scope: NodeScope,
  name: string,
  sizes: readonly number[],
  length: number,
  least: number,
): readonly number[] {
  if (sizes.length !== length) throw scope.invalid(`${name} has ${sizes.length} entries where ${length} are expected`)
  if (sizes.some((size) => size < least)) throw scope.invalid(`${name} is ${formatShape(sizes)}, below ${least}`)
  if (sizes.some((size) => size > MAX_WINDOW)) {
    throw new OnnxTooLargeError(`${name} ${formatShape(sizes)} of node "${scope.node.name}"`, `${MAX_WINDOW} per axis`)
  }
  return sizes
}
