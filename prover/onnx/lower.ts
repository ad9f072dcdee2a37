// SPDX-License-Identifier: GPL-3.0-or-later
import { Attributes } from './attributes'
import { OnnxInvalidNodeError, OnnxUnsupportedOpError } from './errors'
import type { GraphNode } from './graph'
import { isStandardDomain, OnnxDomainError } from './model'
import { type FoldBudget, type Lowered, NodeScope } from './node-scope'
import { RULES, SUPPORTED_OPERATORS } from './ops'
import type { NamedNode } from './order'
import type { Operand } from './tensor'

/** What lowering a node may look at. */
export type LowerContext = {
  readonly opset: number
  /** Everything known so far by name. */
  readonly operands: ReadonlyMap<string, Operand>
  /** Names that some node or graph output uses. */
  readonly used: ReadonlySet<string>
  /** Every name of a node or value, those of the file and those given since. */
  readonly names: Set<string>
  readonly budget: FoldBudget
  readonly onNode?: (onnxOp: string, attributes: readonly string[]) => void
}

/** The values a node makes, and the nodes of the graph that compute those which are not constant. */
export type LoweredNode = { readonly operands: readonly Operand[]; readonly nodes: readonly GraphNode[] }

/**
 * Applies the rule of an operator to a node and folds the results whose inputs are all constant.
 *
 * @throws {OnnxDomainError | OnnxUnsupportedOpError | OnnxUnsupportedAttributeError | OnnxInvalidNodeError}
 *   When the node cannot be understood.
 * @throws {OnnxShapeError | OnnxTooLargeError} When its shapes do not fit or are beyond all bounds.
 */
export function lowerNode(node: NamedNode, context: LowerContext): LoweredNode {
  const { proto } = node
  if (!isStandardDomain(proto.domain)) throw new OnnxDomainError(node, proto.domain ?? '')
  const rule = RULES.get(node.onnxOp)
  if (rule === undefined) throw new OnnxUnsupportedOpError(node, SUPPORTED_OPERATORS)
  const attributes = new Attributes(node, proto.attributes)
  const usedOutputs = proto.outputs.map((output) => output !== '' && context.used.has(output))
  const { opset, names, budget } = context
  const scope = new NodeScope(node, {
    opset,
    attributes,
    operands: readOperands(node, context),
    usedOutputs,
    names,
    budget,
  })
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

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

/** Operands by position; an empty name is an input left out, and trailing ones are not there at all. */
function readOperands(node: NamedNode, { operands }: LowerContext): readonly (Operand | undefined)[] {
  const names = [...node.proto.inputs]
  while (names[names.length - 1] === '') names.pop()
  return names.map((name) => operands.get(name))
}
