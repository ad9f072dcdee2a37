// SPDX-License-Identifier: GPL-3.0-or-later
import { Attributes } from './attributes'
import { kindOf } from './element-type'
import { describeNode, OnnxInvalidNodeError, OnnxShapeError, OnnxUnsupportedOpError } from './errors'
import { fold } from './fold'
import type { GraphNode } from './graph'
import { isStandardDomain, OnnxDomainError } from './model'
import { type FoldBudget, type Lowered, NodeScope } from './node-scope'
import { RULES, SUPPORTED_OPERATORS } from './ops'
import type { NamedNode } from './order'
import { checkSize, formatShape } from './shape'
import type { ConstantOperand, Operand } from './tensor'

/** What lowering a node may look at. */
export type LowerContext = {
  readonly opset: number
  /** Everything known so far by name. */
  readonly operands: ReadonlyMap<string, Operand>
  /** Names that some node or graph output uses. */
  readonly used: ReadonlySet<string>
  readonly budget: FoldBudget
}

/** The value a node makes, and the node itself unless its value is constant. */
export type LoweredNode = { readonly output: Operand; readonly node?: GraphNode }

/**
 * Applies the rule of an operator to a node and folds the result if all its inputs are constant.
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
  const name = proto.outputs[0] ?? ''
  const attributes = new Attributes(node, proto.attributes)
  const usedOutputs = proto.outputs.map((output) => output !== '' && context.used.has(output))
  const scope = new NodeScope(node, context.opset, attributes, readOperands(node, context), usedOutputs, context.budget)
  const lowered = rule(scope)
  attributes.finish()
  scope.singleOutput('only its first output is supported')
  if (name === '') throw new OnnxInvalidNodeError(node, 'its first output has no name')
  return finish(node, scope, name, lowered)
}

function finish(node: NamedNode, scope: NodeScope, name: string, lowered: Lowered): LoweredNode {
  const { shape, elementType } = lowered
  checkSize(`the output of ${describeNode(node)}`, shape)
  const info = { name, kind: kindOf(elementType), elementType, shape }
  if ('data' in lowered) return { output: { ...info, data: lowered.data } }
  const { operation, inputs } = lowered
  const constants = inputs.filter(isConstant)
  if (constants.length === inputs.length) {
    return { output: { ...info, data: fold(scope, operation, constants, shape, elementType) } }
  }
  if (shape.includes(0)) throw new OnnxShapeError(node, `its output ${formatShape(shape)} is empty`)
  const { onnxOp } = node
  return {
    output: info,
    node: { ...operation, name: node.name, onnxOp, inputs: inputs.map((input) => input.name), output: name },
  }
}

/** Operands by position; an empty name is an input left out, and trailing ones are not there at all. */
function readOperands(node: NamedNode, { operands }: LowerContext): readonly (Operand | undefined)[] {
  const names = [...node.proto.inputs]
  while (names[names.length - 1] === '') names.pop()
  return names.map((name) => operands.get(name))
}

function isConstant(operand: Operand): operand is ConstantOperand {
  return operand.data !== undefined
}
