// SPDX-License-Identifier: GPL-3.0-or-later

import type { FunctionSpec } from '../../functions'
import { Names, type ConstantTensor, type Graph, type GraphNode, type OpName, type ValueInfo } from '../../onnx'
import { MapBuilder, selectionMap, type LinearMap, type MapSource } from '../linear-map'
import { sizeOf, sumGroupsMap, type Operand } from '../linear-ops'
import type { Program } from '../program'
import {
  exactWeightExponent,
  sourcesOf,
  type Groups,
  type Origin,
  type ProgramTensor,
  type RescaleStep,
  type Step,
} from '../steps'

/** A node of one operation. */
export type NodeOf<Op extends OpName> = GraphNode & { readonly op: Op }

/** What a step has before its kind is known. */
type Base = { readonly name: string; readonly origin: Origin; readonly output: number }

/** Collects the tensors and steps of a program; the rules of the operators call it. */
export class ProgramBuilder {
  readonly tensors: ProgramTensor[] = []
  readonly steps: Step[] = []
  readonly tensorOf = new Map<string, number>()
  /** Products of real numbers, and sums of such, that no step has rounded. */
  private readonly unrounded = new Set<number>()
  /** Recipes tell steps apart by name, and nodes may have any. */
  private readonly stepNames = new Names()

  constructor(readonly graph: Graph) {}

  finish(inputs: readonly number[]): Program {
    const outputs = this.graph.outputs.map((info) => this.output(info))
    return { tensors: this.tensors, inputs, outputs, steps: this.steps }
  }

  /** An output that is an input, or the output of two names, still gets a tensor of its own. */
  private output(info: ValueInfo): number {
    const id = this.tensorOf.get(info.name)!
    const source = this.source(id)
    const named = this.declare(info.name, info.shape)
    this.steps.push({
      kind: 'linear',
      name: this.stepNames.take(`output:${info.name}`),
      origin: this.originOf(info),
      output: named,
      map: selectionMap(source, identity(source.size)),
    })
    return named
  }

  private originOf(info: ValueInfo): Origin {
    const node = this.graph.nodes.find((candidate) => candidate.output === info.name)
    return node ? { node: node.name, op: node.onnxOp } : { node: info.name, op: 'Output' }
  }

  /** Adds a step of the node; `shape` is that of its output. */
  emit(
    node: GraphNode,
    suffix: string,
    step: (base: Base) => Step,
    shape: readonly number[] = this.info(node).shape,
  ): number {
    const name = this.stepNames.take(node.name + suffix)
    const output = this.declare(name, shape)
    const added = step({ name, origin: { node: node.name, op: node.onnxOp }, output })
    this.steps.push(added)
    const passesOn = added.kind === 'linear' && sourcesOf(added).some((tensor) => this.unrounded.has(tensor))
    if (passesOn || added.kind === 'product') this.unrounded.add(output)
    return output
  }

  linear(node: GraphNode, given: LinearMap, suffix = '', shape: readonly number[] = this.info(node).shape): number {
    const map = exactWeightExponent(given) === undefined ? this.rounded(node, given, suffix) : given
    const fits = sizeOf(shape) === map.rows ? shape : [map.rows]
    return this.emit(node, suffix, (base) => ({ ...base, kind: 'linear', map }), fits)
  }

  /** Sums of products have the digits of both factors; those of weights on top would double them once more. */
  private rounded(node: GraphNode, map: LinearMap, suffix: string): LinearMap {
    const sources = map.sources.map((source, i) => {
      if (!this.unrounded.has(source.tensor)) return source
      const name = map.sources.length === 1 ? '/rounded' : `/rounded_${i}`
      return { ...source, tensor: this.rescale(node, suffix + name, source.tensor, 'identity') }
    })
    return { ...map, sources }
  }

  rescale(
    node: GraphNode,
    suffix: string,
    source: number,
    mode: Exclude<RescaleStep['mode'], 'split'>,
    options: Pick<RescaleStep, 'bound' | 'span' | 'startBits'> = {},
  ): number {
    const whole = this.info(node).kind === 'float' ? {} : ({ whole: true } as const)
    return this.emit(
      node,
      suffix,
      (base) => ({ ...base, kind: 'rescale', mode, source, ...whole, ...options }),
      this.tensors[source]!.shape,
    )
  }

  /** The rounded value and its positive part. */
  split(node: GraphNode, suffix: string, source: number): { readonly rounded: number; readonly positive: number } {
    const { shape } = this.tensors[source]!
    const positive = this.declare(`${node.name}/positive`, shape)
    const rounded = this.emit(
      node,
      suffix,
      (base) => ({ ...base, kind: 'rescale', mode: 'split', source, positive }),
      shape,
    )
    return { rounded, positive }
  }

  /** A function of every element by a table, after rounding its argument. */
  table(node: GraphNode, suffix: string, source: number, fn: FunctionSpec): number {
    const { shape } = this.tensors[source]!
    const mode = fn.name === 'decay' ? 'relu' : 'identity'
    const argument = this.emit(
      node,
      `${suffix}/argument`,
      (base) => ({ ...base, kind: 'rescale', mode, source, tableFor: fn }),
      shape,
    )
    const { name } = this.steps.at(-1)!
    return this.emit(node, suffix, (base) => ({ ...base, kind: 'table', fn, source: argument, argument: name }), shape)
  }

  /**
   * Products of two tensors, element by element as the indices say. Real numbers are rounded first, to keep the products
   * narrow; whole ones are taken as they are.
   */
  product(node: GraphNode, suffix: string, a: MapSource, b: MapSource, pairs: Pairs, whole: boolean): number {
    const round = (operand: MapSource, name: string) =>
      whole ? operand.tensor : this.rescale(node, `${suffix}/${name}`, operand.tensor, 'identity')
    const left = round(a, 'a')
    const right = a.tensor === b.tensor ? left : round(b, 'b')
    const shape = pairs.shape ?? [pairs.indexA.length]
    const { indexA, indexB } = pairs
    const make = (base: Base) => ({ ...base, kind: 'product', a: left, b: right, indexA, indexB }) as const
    const output = this.emit(node, suffix, make, shape)
    // A whole number adds no digits to those of the other factor.
    if (whole && !this.unrounded.has(left) && !this.unrounded.has(right)) this.unrounded.delete(output)
    return output
  }

  /** Σ a·b over each row of pairs. */
  contract(node: GraphNode, a: MapSource, b: MapSource, rows: PairRows, whole: boolean): number {
    const { indexA, indexB, start } = rows
    const products = this.product(node, '/products', a, b, { indexA, indexB }, whole)
    const groups: Groups = { start, column: Uint32Array.from(identity(indexA.length)) }
    return this.linear(node, sumGroupsMap(this.source(products), groups))
  }

  /** A tensor of one constant. */
  constantTensor(node: GraphNode, suffix: string, value: number): number {
    return this.constants(node, suffix, [value], [1])
  }

  /** The tensor of an operand; a constant is given one. */
  anyTensor(node: GraphNode, index: number, suffix: string): number {
    const operand = this.operand(node, index)
    if ('source' in operand) return operand.source.tensor
    return this.constants(node, suffix, operand.constant.data, operand.constant.shape)
  }

  private constants(node: GraphNode, suffix: string, values: Iterable<number>, shape: readonly number[]): number {
    const builder = new MapBuilder([], sizeOf(shape))
    for (const value of values) {
      builder.constant(value)
      builder.endRow()
    }
    return this.linear(node, builder.finish(), suffix, shape)
  }

  declare(name: string, shape: readonly number[]): number {
    const id = this.tensors.length
    this.tensors.push({ id, name, shape, size: sizeOf(shape) })
    return id
  }

  source(id: number): MapSource {
    return { tensor: id, size: this.tensors[id]!.size }
  }

  shapeOf(source: MapSource): readonly number[] {
    return this.tensors[source.tensor]!.shape
  }

  info(node: GraphNode): ValueInfo {
    return this.graph.values.get(node.output)!
  }

  operand(node: GraphNode, index: number): Operand {
    const name = node.inputs[index]!
    const constant = this.graph.constants.get(name)
    if (constant) return { constant, info: constant }
    return { source: this.source(this.tensorOf.get(name)!), info: this.graph.values.get(name)! }
  }

  operands(node: GraphNode): Operand[] {
    return node.inputs.map((_, i) => this.operand(node, i))
  }

  variable(node: GraphNode, index: number): MapSource {
    return this.source(this.tensorOf.get(node.inputs[index]!)!)
  }

  constant(node: GraphNode, index: number): ConstantTensor {
    return this.graph.constants.get(node.inputs[index]!)!
  }
}

/** Elements of two tensors that are multiplied with each other. */
export type Pairs = {
  readonly indexA: Int32Array
  readonly indexB: Int32Array
  readonly shape?: readonly number[]
}

/** Pairs in rows, each of which is added up. */
export type PairRows = Pairs & { readonly start: Uint32Array }

/** 0, 1, …, size − 1. */
export function identity(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i)
}
