// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { ELEMENT_TYPES } from './element-type'
import { OnnxNotFiniteError } from './errors'
import type { ConstantTensor, Graph, GraphNode, ValueInfo } from './graph'
import { lowerNode } from './lower'
import { readModel } from './model'
import { type FoldBudget, MAX_FOLDED_ELEMENTS } from './node-scope'
import { nameNodes, OnnxDuplicateNameError, orderNodes } from './order'
import { dropUnused } from './placement'
import type { GraphProto } from './schema'
import { checkOutput, readInput } from './signature'
import { type ConstantOperand, decodeTensor, OnnxIntegerRangeError, type Operand } from './tensor'
import { OnnxMalformedError } from './wire'

/** An output of the model does not depend on any input. */
export class OnnxConstantOutputError extends ZkmlError {
  override readonly code = 'ONNX_CONSTANT_OUTPUT'

  constructor(output: string) {
    super(`output "${output}" is constant: it depends on no input, so there is nothing to prove; remove it`)
  }
}

/**
 * Parses an ONNX file into a graph with known shapes, folded constants and no opset differences. No number is
 * rounded here other than by the model's own arithmetic on constants.
 *
 * @param bytes Content of a `.onnx` file with embedded weights, opset 7 to 22.
 * @returns The graph; see {@link Graph} for what holds of it.
 * @throws {ZkmlError} One with a code `ONNX_…`, whatever the bytes are.
 * @example
 * ```ts
 * const graph = parseModel(readFileSync('model.onnx'))
 * for (const node of graph.nodes) console.log(node.name, node.op, graph.values.get(node.output)?.shape)
 * ```
 */
export function parseModel(bytes: Uint8Array): Graph {
  const { opset, graph } = readModel(bytes)
  const constants = readInitializers(graph)
  const inputs = readInputs(graph, constants)
  const outputNames = readOutputNames(graph)
  const operands = new Map<string, Operand>([...constants, ...inputs.map((input) => [input.name, input] as const)])
  const ordered = orderNodes(nameNodes(graph.nodes), new Set(operands.keys()), outputNames)

  const used = new Set([...outputNames, ...ordered.flatMap(({ proto }) => proto.inputs)])
  const budget: FoldBudget = { remaining: MAX_FOLDED_ELEMENTS }
  const names = new Set([...operands.keys(), ...ordered.flatMap(({ name, proto }) => [name, ...proto.outputs])])
  const lowered: GraphNode[] = []
  for (const node of ordered) {
    const result = lowerNode(node, { opset, operands, used, names, budget })
    for (const operand of result.operands) operands.set(operand.name, operand)
    lowered.push(...result.nodes)
  }

  const outputs = graph.outputs.map((proto) => {
    const operand = operands.get(proto.name ?? '')
    if (operand === undefined || operand.data !== undefined) throw new OnnxConstantOutputError(proto.name ?? '')
    checkOutput(proto, operand)
    return toValueInfo(operand)
  })
  const nodes = dropUnused(lowered, outputNames)
  return {
    name: graph.name ?? '',
    opset,
    inputs: inputs.map(toValueInfo),
    outputs,
    nodes,
    ...collectValues(inputs, nodes, operands),
  }
}

function readInitializers(graph: GraphProto): ReadonlyMap<string, ConstantOperand> {
  const constants = new Map<string, ConstantOperand>()
  for (const proto of graph.initializers) {
    const name = proto.name ?? ''
    if (name === '') throw new OnnxMalformedError('an initializer has no name')
    if (constants.has(name)) throw new OnnxDuplicateNameError(name)
    constants.set(name, decodeTensor(name, proto))
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

function toValueInfo({ name, kind, shape }: Operand): ValueInfo {
  return { name, kind, shape }
}
