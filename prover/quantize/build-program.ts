// SPDX-License-Identifier: GPL-3.0-or-later

import type { ConstantTensor, Graph, GraphNode, ValueInfo } from '../onnx'
import { fuseLinearSteps } from './fuse'
import { MapBuilder, diagonalMap, selectionMap, type LinearMap, type MapSource } from './linear-map'
import {
  axisGroups,
  broadcastIndex,
  concatMap,
  convMap,
  matrixMap,
  movementMap,
  poolGroups,
  scaleMap,
  sizeOf,
  sumGroupsMap,
  sumMap,
  type Operand,
} from './linear-ops'
import type { Program } from './program'
import type { Origin, ProgramTensor, Step, TableFunction } from './steps'

/** Splits a graph into affine maps and non-linear steps, folding neighbouring maps into one. */
export function buildProgram(graph: Graph): Program {
  return fuseLinearSteps(new Builder(graph).run())
}

type NodeOf<Op extends GraphNode['op']> = GraphNode & { readonly op: Op }

class Builder {
  private readonly tensors: ProgramTensor[] = []
  private readonly steps: Step[] = []
  private readonly tensorOf = new Map<string, number>()

  constructor(private readonly graph: Graph) {}

  run(): Program {
    const inputs = this.graph.inputs.map((info) => this.declare(info.name, info.shape))
    this.graph.inputs.forEach((info, i) => this.tensorOf.set(info.name, inputs[i]!))
    for (const node of this.graph.nodes) this.tensorOf.set(node.output, this.node(node))
    return {
      tensors: this.tensors,
      inputs,
      outputs: this.graph.outputs.map((info) => this.output(info)),
      steps: this.steps,
    }
  }

  /** An output that is an input, or the output of two names, still gets a tensor of its own. */
  private output(info: ValueInfo): number {
    const id = this.tensorOf.get(info.name)!
    const source = this.source(id)
    const named = this.declare(info.name, info.shape)
    const map = selectionMap(
      source,
      Int32Array.from({ length: source.size }, (_, i) => i),
    )
    this.steps.push({ kind: 'linear', name: `output:${info.name}`, origin: this.originOf(info), output: named, map })
    return named
  }

  private originOf(info: ValueInfo): Origin {
    const node = this.graph.nodes.find((candidate) => candidate.output === info.name)
    return node ? { node: node.name, op: node.onnxOp } : { node: info.name, op: 'Output' }
  }

  private node(node: GraphNode): number {
    switch (node.op) {
      case 'Gemm':
      case 'MatMul':
        return this.linear(node, this.matrix(node))
      case 'Add':
      case 'Sub': {
        const [a, b] = [this.operand(node, 0), this.operand(node, 1)]
        return this.linear(node, sumMap(a, b, node.op === 'Add' ? 1 : -1, this.info(node)))
      }
      case 'Mul':
      case 'Div':
        return this.multiply(node)
      case 'Neg': {
        const x = this.variable(node, 0)
        return this.linear(node, diagonalMap(x, new Float64Array(x.size).fill(-1)))
      }
      case 'Conv': {
        const bias = node.inputs.length > 2 ? this.constant(node, 2) : undefined
        const x = this.variable(node, 0)
        return this.linear(node, convMap(x, this.shapeOf(x), this.constant(node, 1), bias, node, this.info(node)))
      }
      case 'BatchNormalization':
        return this.linear(node, this.batchNormalization(node))
      case 'AveragePool':
        return this.averagePool(node)
      case 'MaxPool': {
        const x = this.variable(node, 0)
        const groups = poolGroups(this.shapeOf(x), node.window, this.info(node).shape)
        return this.emit(node, '', (base) => ({ ...base, kind: 'max', source: x.tensor, groups }))
      }
      case 'Relu':
        return this.rescale(node, '', this.variable(node, 0).tensor, 'relu')
      case 'LeakyRelu':
        return this.leakyRelu(node)
      case 'Clip':
        return this.clip(node)
      case 'Sigmoid':
      case 'Tanh':
        return this.table(node, '', this.variable(node, 0).tensor, node.op === 'Sigmoid' ? 'sigmoid' : 'tanh')
      case 'Softmax':
        return this.softmax(node)
      case 'ArgMax': {
        const x = this.variable(node, 0)
        const groups = axisGroups(this.shapeOf(x), node.axis)
        return this.emit(node, '', (base) => ({ ...base, kind: 'argmax', source: x.tensor, groups }))
      }
      case 'Reshape': {
        const x = this.variable(node, 0)
        return this.linear(
          node,
          selectionMap(
            x,
            Int32Array.from({ length: x.size }, (_, i) => i),
          ),
        )
      }
      case 'Transpose':
      case 'Slice':
      case 'Pad': {
        const x = this.variable(node, 0)
        return this.linear(node, movementMap(x, this.shapeOf(x), node, this.info(node)))
      }
      case 'Concat': {
        const operands = node.inputs.map((_, i) => this.operand(node, i))
        return this.linear(node, concatMap(operands, node.axis, this.info(node)))
      }
    }
  }

  private matrix(node: NodeOf<'Gemm' | 'MatMul'>): LinearMap {
    const [a, b] = [this.operand(node, 0), this.operand(node, 1)]
    const product = this.info(node)
    if (node.op === 'MatMul' || node.inputs.length < 3) return matrixMap(a, b, node, product)
    const c = this.operand(node, 2)
    if ('constant' in c) return matrixMap(a, b, node, product, c.constant)
    // A variable C: beta·C is added as a map of its own.
    const sum = this.linear(node, matrixMap(a, b, node, product), '/product')
    const scaled = this.linear(node, diagonalMap(c.source, new Float64Array(c.source.size).fill(node.beta)), '/scaled')
    const left = { source: this.source(sum), info: product }
    return sumMap(left, { source: this.source(scaled), info: c.info }, 1, product)
  }

  private multiply(node: GraphNode): number {
    const [a, b] = [this.operand(node, 0), this.operand(node, 1)]
    const output = this.info(node)
    if ('source' in a && 'constant' in b)
      return this.linear(node, scaleMap(a.source, a.info, b.constant, node.op === 'Div', output))
    if ('source' in b && 'constant' in a)
      return this.linear(node, scaleMap(b.source, b.info, a.constant, false, output))
    const [left, right] = [this.variable(node, 0), this.variable(node, 1)]
    const indexA = broadcastIndex(a.info.shape, output.shape)
    const indexB = broadcastIndex(b.info.shape, output.shape)
    const operandA = this.rescale(node, '/a', left.tensor, 'identity')
    const operandB = left.tensor === right.tensor ? operandA : this.rescale(node, '/b', right.tensor, 'identity')
    return this.emit(node, '', (base) => ({ ...base, kind: 'product', a: operandA, b: operandB, indexA, indexB }))
  }

  /** scale·(x − mean)/√(variance + ε) + shift. Division and square root are correctly rounded (IEEE 754). */
  private batchNormalization(node: NodeOf<'BatchNormalization'>): LinearMap {
    const x = this.variable(node, 0)
    const shape = this.shapeOf(x)
    const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => this.constant(node, i).data)
    const plane = sizeOf(shape.slice(2))
    const factor = new Float64Array(x.size)
    const offset = new Float64Array(x.size)
    for (let i = 0; i < x.size; i++) {
      const channel = Math.floor(i / plane) % shape[1]!
      factor[i] = scale![channel]! / Math.sqrt(variance![channel]! + node.epsilon)
      offset[i] = shift![channel]! - mean![channel]! * factor[i]!
    }
    return diagonalMap(x, factor, offset)
  }

  /** The sum is exact; the division by the window's size is a separate scale that folds into a neighbouring map. */
  private averagePool(node: NodeOf<'AveragePool'>): number {
    const x = this.variable(node, 0)
    const groups = poolGroups(this.shapeOf(x), node.window, this.info(node).shape)
    const full = sizeOf(node.window.kernel)
    const sum = this.linear(node, sumGroupsMap(x, groups), '/sum')
    const scale = Float64Array.from({ length: groups.start.length - 1 }, (_, row) => {
      const covered = groups.start[row + 1]! - groups.start[row]!
      return 1 / (node.countIncludePad ? full : covered)
    })
    return this.linear(node, diagonalMap(this.source(sum), scale))
  }

  /** αx + (1−α)·max(x, 0): the sign comes out of the same decomposition that rounds x. */
  private leakyRelu(node: NodeOf<'LeakyRelu'>): number {
    const source = this.variable(node, 0).tensor
    const info = this.info(node)
    const positive = this.declare(`${node.name}/positive`, info.shape)
    const rounded = this.emit(node, '/split', (base) => ({ ...base, kind: 'rescale', mode: 'split', source, positive }))
    const size = sizeOf(info.shape)
    const builder = new MapBuilder(
      [
        { tensor: rounded, size },
        { tensor: positive, size },
      ],
      size,
    )
    for (let i = 0; i < size; i++) {
      builder.term(i, node.alpha)
      builder.term(size + i, 1 - node.alpha)
      builder.endRow()
    }
    return this.linear(node, builder.finish())
  }

  /** min(max(x, lo), hi) = lo + u − max(u − (hi − lo), 0) with u = max(x − lo, 0). */
  private clip(node: NodeOf<'Clip'>): number {
    const x = this.variable(node, 0)
    const { min, max } = node
    const affine = (source: number, scale: number, shift: number, suffix: string) => {
      const { size } = this.source(source)
      return this.linear(
        node,
        diagonalMap({ tensor: source, size }, new Float64Array(size).fill(scale), new Float64Array(size).fill(shift)),
        suffix,
      )
    }
    if (min === undefined && max === undefined) return affine(x.tensor, 1, 0, '')
    if (min === undefined) {
      const below = this.rescale(node, '/below', affine(x.tensor, -1, max!, '/reversed'), 'relu')
      return affine(below, -1, max!, '')
    }
    const above = this.rescale(node, '/above', affine(x.tensor, 1, -min, '/shifted'), 'relu')
    if (max === undefined) return affine(above, 1, min, '')
    const excess = this.rescale(node, '/excess', affine(above, 1, min - max, '/overshoot'), 'relu')
    const info = this.info(node)
    const difference = this.linear(
      node,
      sumMap({ source: this.source(above), info }, { source: this.source(excess), info }, -1, info),
      '/difference',
    )
    return affine(difference, 1, min, '')
  }

  private rescale(node: GraphNode, suffix: string, source: number, mode: 'identity' | 'relu'): number {
    return this.emit(node, suffix, (base) => ({ ...base, kind: 'rescale', mode, source }), this.tensors[source]!.shape)
  }

  private table(node: GraphNode, suffix: string, source: number, fn: TableFunction): number {
    const shape = this.tensors[source]!.shape
    const argument = this.emit(
      node,
      `${suffix}/argument`,
      (base) => ({ ...base, kind: 'rescale', mode: fn === 'decay' ? 'relu' : 'identity', source, tableFor: fn }),
      shape,
    )
    return this.emit(node, suffix, (base) => ({ ...base, kind: 'table', fn, source: argument }), shape)
  }

  /** e^−(max − x) / Σ e^−(max − x): arguments of the exponential are never positive, so nothing overflows. */
  private softmax(node: NodeOf<'Softmax'>): number {
    const x = this.variable(node, 0)
    const shape = this.shapeOf(x)
    const groups = axisGroups(shape, node.axis)
    const rows = groups.start.length - 1
    const groupOf = new Int32Array(x.size)
    for (let row = 0; row < rows; row++) {
      for (let i = groups.start[row]!; i < groups.start[row + 1]!; i++) groupOf[groups.column[i]!] = row
    }
    const largest = this.emit(node, '/max', (base) => ({ ...base, kind: 'max', source: x.tensor, groups }), [rows])
    const builder = new MapBuilder([x, { tensor: largest, size: rows }], x.size)
    for (let i = 0; i < x.size; i++) {
      builder.term(i, -1)
      builder.term(x.size + groupOf[i]!, 1)
      builder.endRow()
    }
    const difference = this.linear(node, builder.finish(), '/difference')
    const power = this.table(node, '/exp', difference, 'decay')
    const sum = this.linear(node, sumGroupsMap(this.source(power), groups), '/sum', [rows])
    return this.emit(node, '', (base) => ({
      ...base,
      kind: 'divide',
      numerator: power,
      denominator: sum,
      index: groupOf,
    }))
  }

  private linear(node: GraphNode, map: LinearMap, suffix = '', shape: readonly number[] = this.info(node).shape) {
    const fits = sizeOf(shape) === map.rows ? shape : [map.rows]
    return this.emit(node, suffix, (base) => ({ ...base, kind: 'linear', map }), fits)
  }

  private emit(
    node: GraphNode,
    suffix: string,
    step: (base: { name: string; origin: Origin; output: number }) => Step,
    shape: readonly number[] = this.info(node).shape,
  ): number {
    const name = node.name + suffix
    const output = this.declare(name, shape)
    this.steps.push(step({ name, origin: { node: node.name, op: node.onnxOp }, output }))
    return output
  }

  private declare(name: string, shape: readonly number[]): number {
    const id = this.tensors.length
    this.tensors.push({ id, name, shape, size: sizeOf(shape) })
    return id
  }

  private source(id: number): MapSource {
    return { tensor: id, size: this.tensors[id]!.size }
  }

  private shapeOf(source: MapSource): readonly number[] {
    return this.tensors[source.tensor]!.shape
  }

  private info(node: GraphNode): ValueInfo {
    return this.graph.values.get(node.output)!
  }

  private operand(node: GraphNode, index: number): Operand {
    const name = node.inputs[index]!
    const constant = this.graph.constants.get(name)
    if (constant) return { constant, info: constant }
    return { source: this.source(this.tensorOf.get(name)!), info: this.graph.values.get(name)! }
  }

  private variable(node: GraphNode, index: number): MapSource {
    return this.source(this.tensorOf.get(node.inputs[index]!)!)
  }

  private constant(node: GraphNode, index: number): ConstantTensor {
    return this.graph.constants.get(node.inputs[index]!)!
  }
}
