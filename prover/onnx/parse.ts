// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { isWeight } from './architecture'
import { withBodies } from './body'
import { ELEMENT_TYPES, elementTypeOf, kindOf } from './element-type'
import { OnnxNotFiniteError } from './errors'
import type { ConstantTensor, Graph, GraphNode, OutputInfo, ValueInfo } from './graph'
import { lowerNode } from './lower'
import { applyMasks } from './masks'
import { isZipMap, readModel } from './model'
import { type FoldBudget, MAX_FOLDED_ELEMENTS } from './node-scope'
import { Names } from './names'
import { nameNodes, needsOf, OnnxDuplicateNameError, OnnxMissingTensorError, orderNodes } from './order'
import { dropUnused } from './placement'
import type { GraphProto } from './schema'
import { checkSize, formatShape } from './shape'
import { checkOutput, readInput } from './signature'
import { type ConstantOperand, decodeTensor, decodeTexts, OnnxIntegerRangeError, type Operand } from './tensor'
import { OnnxMalformedError } from './wire'

/** An output of the model does not depend on any input. */
export class OnnxConstantOutputError extends ZkmlError {
  override readonly code = 'ONNX_CONSTANT_OUTPUT'

  /** @param empty The inputs that have no elements: outputs that depend on nothing else are constant. */
  constructor(output: string, shape: readonly number[] | undefined, empty: readonly Operand[]) {
    const problem = shape?.includes(0)
      ? `of shape ${formatShape(shape)} has no elements, so there is nothing to prove`
      : 'is constant: it depends on no input, so there is nothing to prove'
    const inputs = empty.map(({ name, shape: own }) => `input "${name}", which is declared as ${formatShape(own)},`)
    const advice = empty.length === 0 ? 'remove it' : `remove it, or give ${inputs.join(' and ')} its true size`
    super(`output "${output}" ${problem}; ${advice}`)
  }
}

/** How a model is read. */
export type ParseOptions = {
  /** Weights are hidden: they are read like inputs, and neither their values nor anything that depends on them is known. */
  readonly privateWeights?: boolean
  /** Told of every node and the attributes that its operator has; docs/operators.md is made of this. */
  readonly onNode?: (onnxOp: string, attributes: readonly string[]) => void
}

/**
 * Parses an ONNX file into a graph with known shapes, folded constants and no opset differences. No number is
 * rounded here other than by the model's own arithmetic on constants.
 *
 * @param bytes Content of a `.onnx` file with embedded weights, opset 7 to 22, with operators of ai.onnx.ml up to its opset 5.
 * @returns The graph; see {@link Graph} for what holds of it.
 * @throws {ZkmlError} One with a code `ONNX_…`, whatever the bytes are.
 * @example
 * ```ts
 * const graph = parseModel(readFileSync('model.onnx'))
 * for (const node of graph.nodes) console.log(node.name, node.op, graph.values.get(node.output)?.shape)
 * ```
 */
export function parseModel(bytes: Uint8Array, { privateWeights = false, onNode }: ParseOptions = {}): Graph {
  const { opsets, graph } = readModel(bytes)
  const hidden = privateWeights ? readWeightShapes(graph) : []
  const hiddenNames = new Set(hidden.map(({ name }) => name))
  const constants = readInitializers(graph, hiddenNames)
  const known = new Map<string, Operand>([...constants, ...hidden.map((weight) => [weight.name, weight] as const)])
  const declared = readInputs(graph, known)
  const inputs = declared.filter(({ data }) => data === undefined)
  const outputNames = readOutputNames(graph)
  const operands = new Map<string, Operand>([...known, ...declared.map((input) => [input.name, input] as const)])
  const ordered = orderNodes(withBodies(nameNodes(graph.nodes)), new Set(operands.keys()), outputNames)

  const used = new Set([...outputNames, ...ordered.flatMap(needsOf)])
  const budget: FoldBudget = { remaining: MAX_FOLDED_ELEMENTS, unrolled: 0 }
  const names = new Names([...operands.keys(), ...ordered.flatMap(({ name, proto }) => [name, ...proto.outputs])])
  const lowered: GraphNode[] = []
  for (const node of ordered) {
    const result = lowerNode(node, { opsets, operands, used, names, budget, ...(onNode && { onNode }) })
    for (const operand of result.operands) operands.set(operand.name, operand)
    lowered.push(...result.nodes)
  }

  // What is declared as a list of maps is a tensor here.
  const maps = new Set(graph.nodes.filter(isZipMap).flatMap(({ outputs }) => outputs))
  const outputs = graph.outputs.map((proto) => {
    const operand = operands.get(proto.name ?? '')
    if (operand === undefined || operand.data !== undefined || hiddenNames.has(operand.name)) {
      const empty = declared.filter(({ data }) => data !== undefined)
      throw new OnnxConstantOutputError(proto.name ?? '', operand?.shape, empty)
    }
    if (!maps.has(operand.name)) checkOutput(proto, operand)
    return toOutputInfo(operand)
  })
  const nodes = applyMasks(dropUnused(lowered, outputNames), outputNames, operands, names)
  const read = new Set(nodes.flatMap((node) => node.inputs))
  const weights = hidden.filter(({ name }) => read.has(name))
  return {
    name: graph.name ?? '',
    opset: opsets.get(''),
    inputs: inputs.map((input) => ({ ...toValueInfo(input), elementType: input.elementType })),
    weights: weights.map(toValueInfo),
    outputs,
    nodes,
    ...collectValues([...inputs, ...weights], nodes, operands),
  }
}

/** The weights of a model, which {@link parseModel} leaves out when they are private. */
export function readWeights(bytes: Uint8Array, weights: readonly ValueInfo[]): readonly Float64Array[] {
  const { graph } = readModel(bytes)
  const byName = new Map(graph.initializers.map((proto) => [proto.name ?? '', proto]))
  return weights.map(({ name, shape }) => {
    const proto = byName.get(name)
    if (proto === undefined || proto.dims.join() !== shape.join())
      throw new OnnxMissingTensorError('the architecture', name)
    const tensor = decodeTensor(name, proto)
    return checkWeights(tensor, tensor.data)
  })
}

/** Names and shapes of the initializers that private weights hide; their data may be missing. */
function readWeightShapes(graph: GraphProto): readonly Operand[] {
  return graph.initializers.filter(isWeight).map((proto) => {
    const [name, shape] = [proto.name ?? '', proto.dims]
    if (name === '') throw new OnnxMalformedError('an initializer has no name')
    checkSize(`tensor "${name}"`, shape)
    const elementType = elementTypeOf(proto.dataType ?? 0)!
    return { name, kind: kindOf(elementType), elementType, shape }
  })
}

function readInitializers(graph: GraphProto, hidden: ReadonlySet<string>): ReadonlyMap<string, ConstantOperand> {
  const constants = new Map<string, ConstantOperand>()
  const names = new Set<string>()
  for (const proto of graph.initializers) {
    const name = proto.name ?? ''
    if (names.has(name)) throw new OnnxDuplicateNameError(name)
    names.add(name)
    if (hidden.has(name)) continue
    if (name === '') throw new OnnxMalformedError('an initializer has no name')
    constants.set(name, decodeTexts(name, proto) ?? decodeTensor(name, proto))
  }
  return constants
}

/** Inputs with an initializer are constants: before IR version 4 every initializer had to be an input as well. */
function readInputs(graph: GraphProto, constants: ReadonlyMap<string, unknown>): readonly Operand[] {
  const names = new Set<string>()
  return graph.inputs.flatMap((proto) => {
    const name = proto.name ?? ''
    if (names.has(name)) throw new OnnxDuplicateNameError(name)
    names.add(name)
    return constants.has(name) ? [] : [readInput(proto)]
  })
}

function readOutputNames(graph: GraphProto): readonly string[] {
  const names = graph.outputs.map(({ name }) => name ?? '')
  if (names.includes('')) throw new OnnxMalformedError('an output has no name')
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new OnnxDuplicateNameError(name)
    seen.add(name)
  }
  return names
}

function collectValues(
  inputs: readonly Operand[],
  nodes: readonly GraphNode[],
  operands: ReadonlyMap<string, Operand>,
): Pick<Graph, 'constants' | 'values'> {
  const constants = new Map<string, ConstantTensor>()
  const values = new Map<string, ValueInfo>(inputs.map((input) => [input.name, toValueInfo(input)]))
  for (const name of nodes.flatMap((node) => [...node.inputs, node.output])) {
    const operand = operands.get(name)
    if (operand === undefined || constants.has(name) || values.has(name)) continue
    if (operand.data === undefined) values.set(name, toValueInfo(operand))
    else constants.set(name, { ...toValueInfo(operand), data: checkWeights(operand, operand.data) })
  }
  return { constants, values }
}

/** Only here, because an infinite bound of Clip or an INT64_MAX end of Slice is no weight. */
function checkWeights(operand: Operand, data: Float64Array): Float64Array {
  const { kind, min, max } = ELEMENT_TYPES[operand.elementType]
  for (const value of data) {
    if (kind === 'float' && !Number.isFinite(value)) throw new OnnxNotFiniteError(`tensor "${operand.name}"`, value)
    if (kind !== 'float' && !(value >= min && value <= max)) {
      throw new OnnxIntegerRangeError(`tensor "${operand.name}"`, value, '±2^53')
    }
  }
  return data
}

function toOutputInfo(operand: Operand): OutputInfo {
  return { ...toValueInfo(operand), ...(operand.texts && { texts: operand.texts }) }
}

function toValueInfo({ name, kind, shape }: Operand): ValueInfo {
  return { name, kind, shape }
}
