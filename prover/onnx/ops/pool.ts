// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Operation, Window } from '../graph'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt, stridesOf } from '../shape'
import type { Operand } from '../tensor'
import { pick } from './indexing'
import { resolveWindow, type WindowOptions } from './window'
import { windowElements } from './window-elements'

/** MaxPool; ceil_mode becomes padding at the end. The Indices output costs an argmax more. */
export const maxPool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireNumber(x)
  const columnMajor = scope.attributes.flag('storage_order', false)
  const { window, output } = resolveWindow(scope, spatialAxes(scope, x), {
    kernel: requireKernel(scope),
    dilations: scope.opset >= 10,
    ceilMode: scope.opset >= 10,
    pooling: true,
  })
  const largest = pooled(x, { op: 'MaxPool', window }, output)
  return scope.uses(1) ? [largest, maxIndices(scope, x, window, output, columnMajor)] : largest
}

/** The flat position of each window's first maximum: its place in the window, one-hot, times constants. */
function maxIndices(
  scope: NodeScope,
  x: Operand,
  window: Window,
  output: readonly number[],
  columnMajor: boolean,
): Operand {
  const { argMax, as, combine, oneHot, select } = new Algebra(scope)
  const { start, column } = windowElements(x.shape, window, output)
  const [rows, most] = [start.length - 1, elementCount(window.kernel)]
  // Windows at the edge have fewer elements: their first one, repeated, never comes first.
  const index = Int32Array.from({ length: rows * most }, (_, i) => {
    const [row, k] = [Math.floor(i / most), i % most]
    const [from, to] = [start[row]!, start[row + 1]!]
    return column[from + k < to ? from + k : from]!
  })
  const place = oneHot(argMax(select([x], index, [rows, most])), most)
  const spatial = x.shape.slice(2)
  const combination = {
    start: Uint32Array.from({ length: rows + 1 }, (_, row) => row * most),
    column: Uint32Array.from({ length: rows * most }, (_, i) => i),
    weight: Float64Array.from(index, (at) => (columnMajor ? transposed(at, spatial) : at)),
    bias: new Float64Array(rows),
  }
  return combine([as(place, 'int64')], combination, [...x.shape.slice(0, 2), ...output])
}

/** The position of an element if the axes of its plane were stored in reverse order. */
function transposed(at: number, spatial: readonly number[]): number {
  const size = elementCount(spatial)
  let rest = at % size
  let [position, stride] = [0, size]
  for (let axis = spatial.length - 1; axis >= 0; axis--) {
    const length = sizeAt(spatial, axis)
    stride /= length
    position += (rest % length) * stride
    rest = Math.floor(rest / length)
  }
  return at - (at % size) + position
}

/** AveragePool. With count_include_pad the padding counts, but not what ceil_mode adds beyond it. */
export const averagePool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  return averageOfWindows(scope, x, { dilations: scope.opset >= 19, ceilMode: scope.opset >= 10 })
}

/** The averages that the attributes of AveragePool describe, as far as the operator has them. */
export function averageOfWindows(
  scope: NodeScope,
  x: Operand,
  has: Pick<WindowOptions, 'dilations' | 'ceilMode'>,
): Lowered {
  const countIncludePad = scope.attributes.flag('count_include_pad', false)
  const { window, output, overhang } = resolveWindow(scope, spatialAxes(scope, x), {
    kernel: requireKernel(scope),
    ...has,
    pooling: true,
  })
  if (!countIncludePad || overhang.every((beyond) => beyond === 0))
    return pooled(x, { op: 'AveragePool', window, countIncludePad }, output)
  const padding = window.padsEnd.map((end, axis) => end - sizeAt(overhang, axis))
  const rest = { ...window, padsBegin: window.padsBegin.map(() => 0), padsEnd: overhang }
  const padded = withZeros(scope, x, window.padsBegin, padding)
  return pooled(padded, { op: 'AveragePool', window: rest, countIncludePad: false }, output)
}

/** The planes with zeros around them. */
function withZeros(scope: NodeScope, x: Operand, begin: readonly number[], end: readonly number[]): Operand {
  const [planes, spatial] = [x.shape.slice(0, 2), x.shape.slice(2)]
  const strides = stridesOf(x.shape)
  const shape = [...planes, ...spatial.map((size, axis) => size + sizeAt(begin, axis) + sizeAt(end, axis))]
  const offsets = [0, 0, ...begin]
  return pick(scope, [x], shape, (position) => {
    const from = position.map((at, axis) => at - sizeAt(offsets, axis))
    const inside = from.every((at, axis) => at >= 0 && at < sizeAt(x.shape, axis))
    return inside ? from.reduce((sum, at, axis) => sum + at * sizeAt(strides, axis), 0) : -1
  })
}

/** LpPool: the p-norm of each window. */
export const lpPool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const p = scope.attributes.int('p', 2)
  const { window, output } = resolveWindow(scope, spatialAxes(scope, x), {
    kernel: requireKernel(scope),
    dilations: scope.opset >= 18,
    ceilMode: scope.opset >= 18,
    pooling: true,
  })
  return lpNorms(scope, x, p, window, output)
}

/**
 * (Σ |x|^p)^(1/p) over each window. A table of the p-th root would be poor near 0, where it is steep; one of the smooth
 * power that is left after enough square roots is not.
 */
function lpNorms(scope: NodeScope, x: Operand, p: number, window: Window, output: readonly number[]): Operand {
  if (p < 1 || p > 16) throw scope.unsupported(`p is ${p}; norms from 1 to 16 are supported`)
  const { abs, fn, groupSum, mul, settle, squareRoot } = new Algebra(scope)
  const base = p % 2 === 0 ? settle(x) : abs(x)
  let power = base
  for (let k = 1; k < p; k++) power = mul(power, base)
  let norm = groupSum([power], windowElements(x.shape, window, output), [...x.shape.slice(0, 2), ...output])
  let rest = 1 / p
  for (; rest < 1; rest *= 2) norm = squareRoot(norm)
  return rest === 1 ? norm : fn({ name: 'power', parameters: [rest] }, norm)
}

/** GlobalAveragePool: an average over the whole plane. */
export const globalAveragePool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  return averageOfPlanes(scope, x)
}

/** The average of every plane. */
export function averageOfPlanes(scope: NodeScope, x: Operand): Lowered {
  const { window, output } = wholePlane(scope, x)
  return pooled(x, { op: 'AveragePool', window, countIncludePad: false }, output)
}

/** GlobalMaxPool: the maximum over the whole plane. */
export const globalMaxPool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const { window, output } = wholePlane(scope, x)
  return pooled(x, { op: 'MaxPool', window }, output)
}

/** GlobalLpPool: the p-norm of the whole plane. */
export const globalLpPool: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireFloat(x)
  const { window, output } = wholePlane(scope, x)
  return lpNorms(scope, x, scope.attributes.int('p', 2), window, output)
}

function wholePlane(scope: NodeScope, x: Operand): { window: Window; output: readonly number[] } {
  const kernel = spatialAxes(scope, x)
  const zeros = kernel.map(() => 0)
  const ones = kernel.map(() => 1)
  return { window: { kernel, strides: ones, dilations: ones, padsBegin: zeros, padsEnd: zeros }, output: ones }
}

function pooled(x: Operand, operation: Operation, output: readonly number[]): Lowered {
  const shape = [sizeAt(x.shape, 0), sizeAt(x.shape, 1), ...output]
  return { operation, inputs: [x], shape, elementType: x.elementType }
}

function spatialAxes(scope: NodeScope, { shape }: Operand): readonly number[] {
  if (shape.length >= 3 && shape.length <= 5) return shape.slice(2)
  throw scope.unsupported(`the input has shape ${formatShape(shape)}; only 1-D to 3-D pooling is supported`)
}

function requireKernel(scope: NodeScope): readonly number[] {
  const kernel = scope.attributes.ints('kernel_shape')
  if (kernel === undefined) throw scope.invalid('attribute "kernel_shape" is missing')
  return kernel
}
