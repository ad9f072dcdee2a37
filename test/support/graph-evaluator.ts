// SPDX-License-Identifier: GPL-3.0-or-later
import { evaluateDouble } from '../../prover/functions'
import type { ElementGroups, Graph, GraphNode, Window } from '../../prover/onnx'

/** A tensor of doubles. */
export type Values = { readonly shape: readonly number[]; readonly data: Float64Array }

/**
 * Evaluates a parsed graph in doubles, straight from the comments on Operation: slow, obvious, for small tests.
 *
 * @param feeds Inputs by name, row-major.
 * @returns Every value of the graph by name.
 */
export function evaluateGraph(
  graph: Graph,
  feeds: Readonly<Record<string, Iterable<number>>>,
): ReadonlyMap<string, Values> {
  const values = new Map<string, Values>(graph.constants)
  for (const { name, shape } of graph.inputs) values.set(name, { shape, data: Float64Array.from(feeds[name] ?? []) })
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => must(values.get(name)))
    const shape = must(graph.values.get(node.output)).shape
    const compute = evaluateNode(node, inputs, shape)
    values.set(node.output, { shape, data: Float64Array.from(positions(shape), compute) })
  }
  return values
}

type Position = readonly number[]

function evaluateNode(node: GraphNode, inputs: readonly Values[], shape: Position): (at: Position) => number {
  const x = must(inputs[0])
  const map = (compute: (value: number) => number) => (at: Position) => compute(read(x, at))
  const pair = (compute: (a: number, b: number) => number) => (at: Position) =>
    compute(readBroadcast(x, at), readBroadcast(must(inputs[1]), at))
  switch (node.op) {
    case 'Add':
      return pair((a, b) => a + b)
    case 'Sub':
      return pair((a, b) => a - b)
    case 'Mul':
      return pair((a, b) => a * b)
    case 'Div':
      return pair((a, b) => a / b)
    case 'Neg':
      return map((value) => -value)
    case 'Relu':
      return map((value) => Math.max(0, value))
    case 'Function':
      return map((value) => evaluateDouble(node.fn, value))
    case 'SquareRoot':
      return map((value) => Math.sqrt(Math.max(value, 0)))
    case 'Compare':
      return map((value) => Number(node.relation === 'zero' ? value === 0 : value >= 0))
    case 'Round':
      return map((value) => (node.mode === 'floor' ? Math.floor(value) : roundEven(value)))
    case 'BitwiseAnd':
      return pair((a, b) => Number(BigInt(a) & BigInt(b)))
    case 'GroupMax':
      return (at) => Math.max(...group(inputs, node.groups, offset(shape, at)))
    case 'OneHot':
      return (at) => Number(x.data[offset(x.shape, at.slice(0, -1))] === at.at(-1))
    case 'Thresholds':
      return (at) => {
        const i = offset(shape, at)
        const [value, threshold] = [must(x.data[must(node.element[i])]), must(node.threshold[i])]
        return Number(node.strict[i] ? value > threshold : value >= threshold)
      }
    case 'Select':
      return (at) => {
        const from = must(node.index[offset(shape, at)])
        return from < 0 ? node.fill : must(joined(inputs)[from])
      }
    case 'Contract':
      return (at) => {
        const [{ start, left, right }, row] = [node.pairs, offset(shape, at)]
        let sum = 0
        for (let i = must(start[row]); i < must(start[row + 1]); i++)
          sum += must(x.data[must(left[i])]) * must(must(inputs[1]).data[must(right[i])])
        return sum
      }
    case 'Settle': {
      const { bound = Infinity } = node
      return map((value) => Math.min(Math.max(value, -bound), bound))
    }
    case 'Combine': {
      const all = joined(inputs)
      return (at) => {
        const row = offset(shape, at)
        let sum = must(node.rows.bias[row])
        for (let i = must(node.rows.start[row]); i < must(node.rows.start[row + 1]); i++)
          sum += must(node.rows.weight[i]) * must(all[must(node.rows.column[i])])
        return sum
      }
    }
    case 'LeakyRelu':
      return map((value) => (value < 0 ? node.alpha * value : value))
    case 'Clip':
      return map((value) => Math.min(Math.max(value, node.min ?? -Infinity), node.max ?? Infinity))
    case 'Reshape':
      return (at) => must(x.data[offset(shape, at)])
    case 'Transpose':
      return (at) =>
        read(
          x,
          x.shape.map((_, axis) => must(at[node.perm.indexOf(axis)])),
        )
    case 'Slice':
      return (at) =>
        read(
          x,
          at.map((index, axis) => must(node.starts[axis]) + index * must(node.steps[axis])),
        )
    case 'Concat':
      return (at) => readConcat(inputs, at, node.axis)
    case 'Gemm':
      return gemm(node, inputs)
    case 'MatMul':
      return matMul(x, must(inputs[1]))
    case 'Conv':
      return conv(node, inputs)
    case 'BatchNormalization':
      return (at) => {
        const [scale, bias, mean, variance] = inputs.slice(1).map(({ data }) => must(data[must(at[1])]))
        return (must(scale) * (read(x, at) - must(mean))) / Math.sqrt(must(variance) + node.epsilon) + must(bias)
      }
    case 'MaxPool':
      return (at) => Math.max(...taps(node.window, x, at).map((tap) => tap ?? -Infinity))
    case 'AveragePool':
      return (at) => {
        const all = taps(node.window, x, at)
        const real = all.filter((tap) => tap !== undefined)
        return real.reduce((sum, tap) => sum + tap, 0) / (node.countIncludePad ? all.length : real.length)
      }
    case 'Softmax':
      return (at) => {
        const masked = { shape, data: Float64Array.from(node.masked ?? x.data.map(() => 0)) }
        const kept = along(masked, at, node.axis).map((mark) => 1 - mark)
        const values = along(x, at, node.axis)
        const largest = Math.max(...values)
        const row = values.map((value, i) => must(kept[i]) * Math.exp(value - largest))
        return ((1 - read(masked, at)) * Math.exp(read(x, at) - largest)) / row.reduce((sum, value) => sum + value, 0)
      }
    case 'ArgMax':
      return (at) => {
        const row = along(x, node.keepdims ? at : [...at.slice(0, node.axis), 0, ...at.slice(node.axis)], node.axis)
        return row.indexOf(Math.max(...row))
      }
  }
}

function roundEven(value: number): number {
  const nearest = Math.round(value)
  return Math.abs(nearest - value) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}

/** All elements of the inputs, one input after the other. */
function joined(inputs: readonly Values[]): readonly number[] {
  return inputs.flatMap(({ data }) => [...data])
}

function group(inputs: readonly Values[], { start, column }: ElementGroups, row: number): number[] {
  const all = joined(inputs)
  return [...column.subarray(must(start[row]), must(start[row + 1]))].map((at) => must(all[at]))
}

function gemm(node: Extract<GraphNode, { op: 'Gemm' }>, [a, b, c]: readonly Values[]): (at: Position) => number {
  const inner = must(a?.shape[node.transA ? 0 : 1])
  return ([row, column]) => {
    let sum = 0
    for (let k = 0; k < inner; k++) {
      const left = read(must(a), node.transA ? [k, must(row)] : [must(row), k])
      sum += left * read(must(b), node.transB ? [must(column), k] : [k, must(column)])
    }
    return node.alpha * sum + (c === undefined ? 0 : node.beta * readBroadcast(c, [must(row), must(column)]))
  }
}

function matMul(a: Values, b: Values): (at: Position) => number {
  const left = a.shape.length === 1 ? { ...a, shape: [1, ...a.shape] } : a
  const right = b.shape.length === 1 ? { ...b, shape: [...b.shape, 1] } : b
  return (at) => {
    const full = [...at]
    if (b.shape.length === 1) full.push(0)
    if (a.shape.length === 1) full.splice(full.length - 1, 0, 0)
    const [row, column] = full.splice(-2)
    let sum = 0
    for (let k = 0; k < must(left.shape[left.shape.length - 1]); k++) {
      sum += readBroadcast(left, [...full, must(row), k]) * readBroadcast(right, [...full, k, must(column)])
    }
    return sum
  }
}

function conv(node: Extract<GraphNode, { op: 'Conv' }>, [x, w, bias]: readonly Values[]): (at: Position) => number {
  const [filters, channels] = must(w).shape
  return ([batch, filter, ...spatial]) => {
    const group = Math.floor(must(filter) / (must(filters) / node.group))
    let sum = must(bias === undefined ? 0 : bias.data[must(filter)])
    for (let channel = 0; channel < must(channels); channel++) {
      const at = [must(batch), group * must(channels) + channel, ...spatial]
      const kernel = positions(node.window.kernel)
      taps(node.window, must(x), at).forEach((tap, index) => {
        sum += (tap ?? 0) * read(must(w), [must(filter), channel, ...must(kernel[index])])
      })
    }
    return sum
  }
}

/** The values under a window; undefined in the padding. */
function taps(window: Window, x: Values, [batch, channel, ...out]: Position): readonly (number | undefined)[] {
  return positions(window.kernel).map((tap) => {
    const spatial = tap.map(
      (k, axis) =>
        must(out[axis]) * must(window.strides[axis]) - must(window.padsBegin[axis]) + k * must(window.dilations[axis]),
    )
    const inside = spatial.every((index, axis) => index >= 0 && index < must(x.shape[axis + 2]))
    return inside ? read(x, [must(batch), must(channel), ...spatial]) : undefined
  })
}

function readConcat(inputs: readonly Values[], at: Position, axis: number): number {
  let index = must(at[axis])
  for (const input of inputs) {
    const size = must(input.shape[axis])
    if (index < size) return read(input, [...at.slice(0, axis), index, ...at.slice(axis + 1)])
    index -= size
  }
  throw new Error('position outside the concatenation')
}

function along(x: Values, at: Position, axis: number): number[] {
  const size = must(x.shape[axis])
  return Array.from({ length: size }, (_, index) => read(x, [...at.slice(0, axis), index, ...at.slice(axis + 1)]))
}

function read(x: Values, at: Position): number {
  return must(x.data[offset(x.shape, at)])
}

function readBroadcast(x: Values, at: Position): number {
  const own = at.slice(at.length - x.shape.length)
  return read(
    x,
    own.map((index, axis) => (x.shape[axis] === 1 ? 0 : index)),
  )
}

function offset(shape: Position, at: Position): number {
  return shape.reduce((sum, size, axis) => sum * size + must(at[axis]), 0)
}

/** Every position of a tensor in row-major order. */
function positions(shape: Position): readonly Position[] {
  return shape.reduce<readonly Position[]>(
    (outer, size) => outer.flatMap((at) => Array.from({ length: size }, (_, index) => [...at, index])),
    [[]],
  )
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the graph refers to a value that does not exist')
  return value
}
