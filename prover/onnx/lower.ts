// SPDX-License-Identifier: GPL-3.0-or-later
import { Attributes } from './attributes'
import type { Body } from './body'
import { OnnxInvalidNodeError, OnnxUnsupportedOpError } from './errors'
import type { GraphNode } from './graph'
import { domainOf, OnnxDomainError, OnnxOpsetError, type Opsets } from './model'
import { type FoldBudget, type Inlined, type Lowered, NodeScope } from './node-scope'
import { RULES } from './ops'
import type { Names } from './names'
import type { NamedNode } from './order'
import type { Operand } from './tensor'

/** What lowering a node may look at. */
export type LowerContext = {
  readonly opsets: Opsets
  /** Everything known so far by name. */
  readonly operands: Pick<ReadonlyMap<string, Operand>, 'get'>
  /** Names that some node or graph output uses. */
  readonly used: ReadonlySet<string>
  /** Every name of a node or value, those of the file and those given since. */
  readonly names: Names
  readonly budget: FoldBudget
  readonly onNode?: (onnxOp: string, attributes: readonly string[]) => void
}

/** Operators that leave elements as they are, whatever they stand for. */
const TEXT_MOVERS: ReadonlySet<string> = new Set([
  'ArrayFeatureExtractor',
  'Flatten',
  'Gather',
  'Identity',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
])

/** The values a node makes, and the nodes of the graph that compute those which are not constant. */
export type LoweredNode = { readonly operands: readonly Operand[]; readonly nodes: readonly GraphNode[] }

/**
 * Applies the rule of an operator to a node and folds the results whose inputs are all constant.
 *
 * @throws {OnnxDomainError | OnnxOpsetError | OnnxUnsupportedOpError | OnnxUnsupportedAttributeError | OnnxInvalidNodeError}
 *   When the node cannot be understood.
 * @throws {OnnxShapeError | OnnxTooLargeError} When its shapes do not fit or are beyond all bounds.
 */
export function lowerNode(node: NamedNode, context: LowerContext): LoweredNode {
  const { proto } = node
  const domain = domainOf(proto.domain)
  if (domain === undefined) throw new OnnxDomainError(node, proto.domain ?? '')
  const opset = context.opsets.get(domain)
  if (opset === undefined)
    throw new OnnxOpsetError(`uses ${node.onnxOp} but names no version of ${domain === '' ? 'ai.onnx' : domain}`)
  const rule = RULES.get(domain === '' ? node.onnxOp : `${domain}.${node.onnxOp}`)
  if (rule === undefined) throw new OnnxUnsupportedOpError(node)
  const attributes = new Attributes(node, proto.attributes)
  const usedOutputs = proto.outputs.map((output) => output !== '' && context.used.has(output))
  const { names, budget } = context
  const operands = readOperands(node, context)
  const scope = new NodeScope(node, {
    opset,
    attributes,
    operands,
    usedOutputs,
    bodies: node.bodies,
    names,
    budget,
    inline: (body, inputs, path) => inlineBody(body, inputs, path, context),
  })
  const texts = operands.find((operand) => operand?.elementType === 'string')
  if (texts !== undefined && !TEXT_MOVERS.has(node.onnxOp))
    throw scope.unsupported(
      `"${texts.name}" is of texts, which a circuit can only pick and move; train on numbered classes, or let the texts be an output`,
    )
  const result = rule(scope)
  attributes.finish()
  context.onNode?.(node.onnxOp, attributes.read)
  const results: readonly (Lowered | Operand | undefined)[] = isList(result) ? result : [result]
  if ((proto.outputs[0] ?? '') === '' && results.length === 1)
    throw new OnnxInvalidNodeError(node, 'its first output has no name')
  proto.outputs.forEach((name, i) => {
    if (!usedOutputs[i]) return
    const value = results[i]
    if (value === undefined) throw scope.unsupported(`output ${i} ("${name}") is used, which is not supported`)
    scope.name(value, name)
  })
  return { operands: scope.emitted, nodes: scope.nodes }
}

/** Lowers the nodes of a subgraph under names of their own. What it does not name itself is what it is called outside. */
function inlineBody(body: Body, inputs: readonly Operand[], path: string, context: LowerContext): Inlined {
  const { opsets, names, budget } = context
  const local = new Map<string, Operand>()
  const resolve = (name: string): Operand | undefined => local.get(name) ?? context.operands.get(name)
  const fresh = (name: string): string => names.take(`${path}/${name}`)
  body.inputs.forEach(({ name }, i) => local.set(name, inputs[i]!))
  const constants = body.constants.map((constant) => ({ ...constant, name: fresh(constant.name) }))
  constants.forEach((constant, i) => local.set(body.constants[i]!.name, constant))
  const operands: Operand[] = [...constants]
  const nodes: GraphNode[] = []
  for (const node of body.nodes) {
    const outputs = node.proto.outputs.map((name) => (body.used.has(name) ? fresh(name) : ''))
    const copy = { ...node, name: fresh(node.name), proto: { ...node.proto, outputs } }
    budget.unrolled++
    const used = new Set(outputs)
    const lowered = lowerNode(copy, { opsets, operands: { get: resolve }, used, names, budget })
    for (const operand of lowered.operands) {
      operands.push(operand)
      const at = outputs.indexOf(operand.name)
      if (at >= 0) local.set(node.proto.outputs[at]!, operand)
    }
    for (const made of lowered.nodes) nodes.push(made)
  }
  return { outputs: body.outputs.map((name) => resolve(name)!), operands, nodes }
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

/** Operands by position; an empty name is an input left out, and trailing ones are not there at all. */
function readOperands(node: NamedNode, { operands }: LowerContext): readonly (Operand | undefined)[] {
  const names = [...node.proto.inputs]
  while (names[names.length - 1] === '') names.pop()
  return names.map((name) => operands.get(name))
}
