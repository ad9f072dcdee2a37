// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'

/** What identifies a node in a message. */
export type NodeRef = { readonly name: string; readonly onnxOp: string }

/** Subject of an error sentence: `node "conv_1" (Conv)`. */
export function describeNode(node: NodeRef): string {
  return `node "${node.name}" (${node.onnxOp})`
}

/** The operator is not one that can be compiled. */
export class OnnxUnsupportedOpError extends ZkmlError {
  override readonly code = 'ONNX_UNSUPPORTED_OP'

  constructor(node: NodeRef) {
    super(
      `node "${node.name}" uses ${node.onnxOp}, which is not supported; docs/operators.md lists the operators that are, so replace it or export the model without it`,
    )
  }
}

/** An attribute is unknown, or has a value that cannot be compiled. */
export class OnnxUnsupportedAttributeError extends ZkmlError {
  override readonly code = 'ONNX_UNSUPPORTED_ATTRIBUTE'

  constructor(node: NodeRef, attribute: string, advice: string) {
    super(`${describeNode(node)} has an unsupported attribute "${attribute}": ${advice}`)
  }
}

/** The node breaks the ONNX specification: wrong number of inputs, missing attribute, value out of range. */
export class OnnxInvalidNodeError extends ZkmlError {
  override readonly code = 'ONNX_INVALID_NODE'

  constructor(node: NodeRef, problem: string) {
    super(`${describeNode(node)} is invalid: ${problem}`)
  }
}

/** The shapes of a node's inputs do not fit together. */
export class OnnxShapeError extends ZkmlError {
  override readonly code = 'ONNX_SHAPE'

  constructor(node: NodeRef, problem: string) {
    super(`${describeNode(node)} has shapes that do not fit: ${problem}`)
  }
}

/** An operand that must be constant depends on a graph input. */
export class OnnxVariableOperandError extends ZkmlError {
  override readonly code = 'ONNX_VARIABLE_OPERAND'

  constructor(node: NodeRef, problem: string) {
    super(`${describeNode(node)} needs a constant operand: ${problem}`)
  }
}

/** The operator is supported, but not in this place, on this type, or with this output. */
export class OnnxUnsupportedUseError extends ZkmlError {
  override readonly code = 'ONNX_UNSUPPORTED_USE'

  constructor(node: NodeRef, problem: string) {
    super(`${describeNode(node)} is used in a way that is not supported: ${problem}`)
  }
}

/** A computation on constants that is not exactly rounded, so its result could differ between machines. */
export class OnnxUnsupportedFoldError extends ZkmlError {
  override readonly code = 'ONNX_UNSUPPORTED_FOLD'

  constructor(node: NodeRef) {
    super(
      `${describeNode(node)} computes on constants only and is not folded here; ` +
        `export the model with constant folding, so that the result is stored as an initializer`,
    )
  }
}

/** A weight or a folded constant is NaN or infinite. */
export class OnnxNotFiniteError extends ZkmlError {
  override readonly code = 'ONNX_NOT_FINITE'

  constructor(where: string, value: number) {
    super(`${where} contains ${value}; weights must be finite numbers, so check the training or the export`)
  }
}
