// SPDX-License-Identifier: GPL-3.0-or-later

import type { ConstantTensor, GraphNode, SparseSums, ValueInfo, Window } from '../onnx'
import { MapBuilder, selectionMap, type LinearMap, type MapSource } from './linear-map'
import type { Groups } from './steps'

/** An input of an affine operation: a tensor of the program, or a constant. */
export type Operand =
  | { readonly source: MapSource; readonly info: ValueInfo }
  | { readonly constant: ConstantTensor; readonly info: ValueInfo }

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!
  return strides
}

/** For each element of `output`, the element of `input` that numpy broadcasting pairs with it. */
export function broadcastIndex(input: readonly number[], output: readonly number[]): Int32Array {
  const pad = output.length - input.length
  const strides = stridesOf(input)
  const index = new Int32Array(sizeOf(output))
  forEachPosition(output, (position, flat) => {
    let at = 0
    for (let axis = 0; axis < input.length; axis++) {
      if (input[axis] !== 1) at += position[axis + pad]! * strides[axis]!
    }
    index[flat] = at
  })
  return index
}

/** Calls `visit` with every position of `shape` in row-major order; the position array is reused. */
export function forEachPosition(
  shape: readonly number[],
  visit: (position: readonly number[], flat: number) => void,
): void {
  const position = new Array<number>(shape.length).fill(0)
  const size = sizeOf(shape)
  for (let flat = 0; flat < size; flat++) {
    visit(position, flat)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]!++
      if (position[axis]! < shape[axis]!) break
      position[axis] = 0
    }
  }
}

/** a·A + b·B elementwise with broadcasting (Add, Sub); either operand may be constant. */
export function sumMap(a: Operand, b: Operand, signB: 1 | -1, output: ValueInfo): LinearMap {
  const size = sizeOf(output.shape)
  const operands = [
    { operand: a, sign: 1, index: broadcastIndex(a.info.shape, output.shape) },
    { operand: b, sign: signB, index: broadcastIndex(b.info.shape, output.shape) },
  ]
  const sources: MapSource[] = []
  const offsets = operands.map(({ operand }) => {
    if (!('source' in operand)) return 0
    const known = sources.findIndex((source) => source.tensor === operand.source.tensor)
    if (known >= 0) return 0
    sources.push(operand.source)
    return sources.length === 2 ? sources[0]!.size : 0
  })
  const builder = new MapBuilder(sources, size)
  for (let i = 0; i < size; i++) {
    operands.forEach(({ operand, sign, index }, k) => {
      if ('source' in operand) builder.term(offsets[k]! + index[i]!, sign)
      else builder.constant(sign * operand.constant.data[index[i]!]!)
    })
    builder.endRow()
  }
  return builder.finish()
}

/** x ⊙ c or x ⊘ c with broadcasting. */
export function scaleMap(x: MapSource, xInfo: ValueInfo, factor: ConstantTensor, divide: boolean, output: ValueInfo) {
  const xIndex = broadcastIndex(xInfo.shape, output.shape)
  const factorIndex = broadcastIndex(factor.shape, output.shape)
  const builder = new MapBuilder([x], xIndex.length)
  for (let i = 0; i < xIndex.length; i++) {
    const value = factor.data[factorIndex[i]!]!
    builder.term(xIndex[i]!, divide ? 1 / value : value)
    builder.endRow()
  }
  return builder.finish()
}

/**
 * The terms of a bilinear operation: calls `term` with the elements of both operands that are multiplied, and `endRow`
 * after those of each element of the result.
 */
export type Terms = (term: (a: number, b: number) => void, endRow: () => void) => void

/** Products of Gemm and MatMul. Batched operands broadcast as numpy.matmul does. */
export function matrixTerms(
  a: readonly number[],
  b: readonly number[],
  node: GraphNode,
  output: readonly number[],
): Terms {
  const gemm = node.op === 'Gemm' ? node : undefined
  const shapeA = a.length === 1 ? [1, ...a] : a
  const shapeB = b.length === 1 ? [...b, 1] : b
  const [rowsA, colsA] = lastTwo(shapeA)
  const [rowsB, colsB] = lastTwo(shapeB)
  const rows = gemm?.transA ? colsA : rowsA
  const inner = gemm?.transA ? rowsA : colsA
  const columns = gemm?.transB ? rowsB : colsB
  const batch = output.slice(0, Math.max(shapeA.length, shapeB.length) - 2)
  const batchA = broadcastIndex(shapeA.slice(0, -2), batch)
  const batchB = broadcastIndex(shapeB.slice(0, -2), batch)
  return (term, endRow) => {
    for (let item = 0; item < batchA.length; item++) {
      const baseA = batchA[item]! * rowsA * colsA
      const baseB = batchB[item]! * rowsB * colsB
      for (let m = 0; m < rows; m++) {
        for (let n = 0; n < columns; n++) {
          for (let k = 0; k < inner; k++) {
            const atA = baseA + (gemm?.transA ? k * colsA + m : m * colsA + k)
            const atB = baseB + (gemm?.transB ? n * colsB + k : k * colsB + n)
            term(atA, atB)
          }
          endRow()
        }
      }
    }
  }
}

/** A bilinear operation with one constant operand as a map, scaled, with an optional constant that is broadcast and added. */
export function mapOfTerms(
  a: Operand,
  b: Operand,
  terms: Terms,
  scale: number,
  bias?: { readonly tensor: ConstantTensor; readonly scale: number; readonly product: ValueInfo },
): LinearMap {
  const rows = bias ? sizeOf(bias.product.shape) : countRows(terms)
  const biasIndex = bias && broadcastIndex(bias.tensor.shape, bias.product.shape)
  const variable = 'source' in a ? a.source : (b as { source: MapSource }).source
  const builder = new MapBuilder([variable], rows)
  let row = 0
  const term =
    'constant' in b
      ? (i: number, j: number) => builder.term(i, scale * b.constant.data[j]!)
      : (i: number, j: number) => builder.term(j, scale * (a as { constant: ConstantTensor }).constant.data[i]!)
  terms(term, () => {
    if (bias && biasIndex) builder.constant(bias.scale * bias.tensor.data[biasIndex[row]!]!)
    row++
    builder.endRow()
  })
  return builder.finish()
}

function countRows(terms: Terms): number {
  let rows = 0
  terms(
    () => undefined,
    () => rows++,
  )
  return rows
}

/** Elements of the concatenation of operands by index; a negative one is `fill`. */
export function pickMap(operands: readonly Operand[], index: Int32Array, fill = 0): LinearMap {
  return combinationMap(operands, {
    start: Uint32Array.from({ length: index.length + 1 }, (_, i) => i),
    column: Uint32Array.from(index, (at) => Math.max(at, 0)),
    weight: Float64Array.from(index, (at) => (at < 0 ? 0 : 1)),
    bias: Float64Array.from(index, (at) => (at < 0 ? fill : 0)),
  })
}

/** Sparse rows over the concatenation of operands; constant ones become biases. */
export function combinationMap(operands: readonly Operand[], rows: SparseSums): LinearMap {
  const sources: MapSource[] = []
  const offsets = new Map<number, number>()
  let total = 0
  for (const operand of operands) {
    if (!('source' in operand) || offsets.has(operand.source.tensor)) continue
    offsets.set(operand.source.tensor, total)
    sources.push(operand.source)
    total += operand.source.size
  }
  // Per element of the concatenation: its column, or −1 − position among the constants.
  const target: number[] = []
  const constants: number[] = []
  for (const operand of operands) {
    if ('source' in operand) {
      const offset = offsets.get(operand.source.tensor)!
      for (let i = 0; i < operand.source.size; i++) target.push(offset + i)
    } else {
      for (const value of operand.constant.data) target.push(-constants.push(value))
    }
  }
  const builder = new MapBuilder(sources, rows.bias.length)
  for (let row = 0; row < rows.bias.length; row++) {
    builder.constant(rows.bias[row]!)
    for (let i = rows.start[row]!; i < rows.start[row + 1]!; i++) {
      const weight = rows.weight[i]!
      if (weight === 0) continue
      const at = target[rows.column[i]!]!
      if (at >= 0) builder.term(at, weight)
      else builder.constant(weight * constants[-at - 1]!)
    }
    builder.endRow()
  }
  return builder.finish()
}

function lastTwo(shape: readonly number[]): [number, number] {
  return [shape[shape.length - 2]!, shape[shape.length - 1]!]
}

/**
 * Visits, for each output position of a sliding window over the spatial axes, the taps that fall inside the input.
 * `tap` receives the flat index within the input plane and within the kernel.
 */
export function forEachWindow(
  input: readonly number[],
  output: readonly number[],
  window: Window,
  visit: (plane: number, taps: readonly { readonly at: number; readonly tap: number }[]) => void,
): void {
  const strides = stridesOf(input)
  const kernelStrides = stridesOf(window.kernel)
  forEachPosition(output, (position, plane) => {
    const taps: { at: number; tap: number }[] = []
    forEachPosition(window.kernel, (offset) => {
      let at = 0
      let tap = 0
      for (let axis = 0; axis < input.length; axis++) {
        const x =
          position[axis]! * window.strides[axis]! + offset[axis]! * window.dilations[axis]! - window.padsBegin[axis]!
        if (x < 0 || x >= input[axis]!) return
        at += x * strides[axis]!
        tap += offset[axis]! * kernelStrides[axis]!
      }
      taps.push({ at, tap })
    })
    visit(plane, taps)
  })
}

/** Products of a convolution of [N, C, …] with weights [M, C/group, …kernel]. */
export function convTerms(
  x: readonly number[],
  weights: readonly number[],
  node: Extract<GraphNode, { op: 'Conv' }>,
  output: readonly number[],
): Terms {
  const [batch, channels] = [x[0]!, x[1]!]
  const inPlane = sizeOf(x.slice(2))
  const outPlane = sizeOf(output.slice(2))
  const outChannels = weights[0]!
  const groupIn = channels / node.group
  const groupOut = outChannels / node.group
  const kernelSize = sizeOf(node.window.kernel)
  const taps: { readonly at: number; readonly tap: number }[][] = new Array(outPlane)
  forEachWindow(x.slice(2), output.slice(2), node.window, (plane, list) => (taps[plane] = [...list]))
  return (term, endRow) => {
    for (let item = 0; item < batch; item++) {
      for (let m = 0; m < outChannels; m++) {
        const firstChannel = Math.floor(m / groupOut) * groupIn
        for (let plane = 0; plane < outPlane; plane++) {
          for (let c = 0; c < groupIn; c++) {
            const baseX = (item * channels + firstChannel + c) * inPlane
            const baseW = (m * groupIn + c) * kernelSize
            for (const { at, tap } of taps[plane]!) term(baseX + at, baseW + tap)
          }
          endRow()
        }
      }
    }
  }
}

/** The input elements under each window of a pooling over [N, C, …spatial]. */
export function poolGroups(xShape: readonly number[], window: Window, output: readonly number[]): Groups {
  const planes = xShape[0]! * xShape[1]!
  const inPlane = sizeOf(xShape.slice(2))
  const rows: number[][] = []
  forEachWindow(xShape.slice(2), output.slice(2), window, (plane, taps) => (rows[plane] = taps.map(({ at }) => at)))
  const column: number[] = []
  const start = new Uint32Array(planes * rows.length + 1)
  for (let p = 0; p < planes; p++) {
    rows.forEach((row, i) => {
      for (const at of row) column.push(p * inPlane + at)
      start[p * rows.length + i + 1] = column.length
    })
  }
  return { start, column: Uint32Array.from(column) }
}

/** Sums each group. */
export function sumGroupsMap(x: MapSource, groups: Groups): LinearMap {
  const builder = new MapBuilder([x], groups.start.length - 1)
  for (let row = 0; row + 1 < groups.start.length; row++) {
    for (let i = groups.start[row]!; i < groups.start[row + 1]!; i++) builder.term(groups.column[i]!, 1)
    builder.endRow()
  }
  return builder.finish()
}

/** Groups of the elements along one axis, in axis order; one group per remaining position. */
export function axisGroups(shape: readonly number[], axis: number): Groups {
  const length = shape[axis]!
  const inner = sizeOf(shape.slice(axis + 1))
  const outer = sizeOf(shape.slice(0, axis))
  const column = new Uint32Array(outer * inner * length)
  const start = new Uint32Array(outer * inner + 1)
  let at = 0
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let k = 0; k < length; k++) column[at++] = (o * length + k) * inner + i
      start[o * inner + i + 1] = at
    }
  }
  return { start, column }
}

/** Transpose and Slice as a selection of input elements. */
export function movementMap(x: MapSource, xShape: readonly number[], node: GraphNode, output: ValueInfo): LinearMap {
  const strides = stridesOf(xShape)
  const index = new Int32Array(sizeOf(output.shape))
  forEachPosition(output.shape, (position, flat) => {
    let at = 0
    for (let axis = 0; axis < position.length; axis++) {
      const from = movedFrom(node, axis, position[axis]!)
      at += from.coordinate * strides[from.axis]!
    }
    index[flat] = at
  })
  return selectionMap(x, index)
}

/** Where output coordinate `value` on `axis` comes from. */
function movedFrom(node: GraphNode, axis: number, value: number) {
  switch (node.op) {
    case 'Transpose':
      return { axis: node.perm[axis]!, coordinate: value }
    case 'Slice':
      return { axis, coordinate: node.starts[axis]! + value * node.steps[axis]! }
    default:
      throw new TypeError(`${node.op} does not move data`)
  }
}

/** Concatenation along an axis; constant operands become biases. */
export function concatMap(operands: readonly Operand[], axis: number, output: ValueInfo): LinearMap {
  const sources: MapSource[] = []
  const offset = new Map<number, number>()
  let total = 0
  for (const operand of operands) {
    if (!('source' in operand) || offset.has(operand.source.tensor)) continue
    offset.set(operand.source.tensor, total)
    sources.push(operand.source)
    total += operand.source.size
  }
  const inner = sizeOf(output.shape.slice(axis + 1))
  const outer = sizeOf(output.shape.slice(0, axis))
  const builder = new MapBuilder(sources, sizeOf(output.shape))
  for (let o = 0; o < outer; o++) {
    for (const operand of operands) {
      const run = operand.info.shape[axis]! * inner
      for (let i = 0; i < run; i++) {
        const at = o * run + i
        if ('source' in operand) builder.term(offset.get(operand.source.tensor)! + at, 1)
        else builder.constant(operand.constant.data[at]!)
        builder.endRow()
      }
    }
  }
  return builder.finish()
}
