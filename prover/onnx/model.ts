// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { describeNode, type NodeRef } from './errors'
import { type GraphProto, type ModelProto, modelProto } from './schema'
import { OnnxTensorTypeError } from './tensor'
import { decode, OnnxMalformedError } from './wire'

/** Oldest opset that is understood: operators broadcast as they do today from this one on. */
export const MIN_OPSET = 7

/** Newest opset that is understood. */
export const MAX_OPSET = 22

/** The version of the operator set is missing, unclear or not supported. */
export class OnnxOpsetError extends ZkmlError {
  override readonly code = 'ONNX_OPSET'

  constructor(problem: string) {
    super(`the model ${problem}; export it with an opset from ${MIN_OPSET} to ${MAX_OPSET}`)
  }
}

/** A node comes from an operator domain other than ai.onnx. */
export class OnnxDomainError extends ZkmlError {
  override readonly code = 'ONNX_DOMAIN'

  constructor(node: NodeRef, domain: string) {
    super(`${describeNode(node)} is from the domain "${domain}"; only standard ai.onnx operators are supported`)
  }
}

/** The model defines functions of its own. */
export class OnnxFunctionError extends ZkmlError {
  override readonly code = 'ONNX_FUNCTION'

  constructor() {
    super('the model defines local functions, which are not supported; inline them (onnx.inliner) and save it again')
  }
}

/** A model file that is decoded and has been checked as a whole. */
export type OnnxModel = { readonly opset: number; readonly graph: GraphProto }

/**
 * Decodes a model file and checks what concerns it as a whole: format, opset, local functions, sparse weights.
 *
 * @throws {OnnxTruncatedError | OnnxMalformedError} When the bytes are no ONNX model.
 * @throws {OnnxOpsetError} For an opset outside 7 to 22.
 * @throws {OnnxFunctionError} For model-local functions.
 */
export function readModel(bytes: Uint8Array): OnnxModel {
  const model = decode(bytes, modelProto)
  const { graph } = model
  if (graph === undefined) throw new OnnxMalformedError('it contains no graph')
  if (model.irVersion === undefined || model.irVersion < 1) throw new OnnxMalformedError('it has no IR version')
  const opset = readOpset(model)
  if (model.functions) throw new OnnxFunctionError()
  if (graph.sparseInitializer) throw new OnnxTensorTypeError('sparse_initializer', 'sparse tensor')
  if (graph.outputs.length === 0) throw new OnnxMalformedError('its graph has no outputs')
  return { opset, graph }
}

/** Whether a domain is the standard one, which may be written in two ways. */
export function isStandardDomain(domain: string | undefined): boolean {
  return domain === undefined || domain === '' || domain === 'ai.onnx'
}

/** Other domains may be imported; only a node that uses one is an error. */
function readOpset({ opsets }: ModelProto): number {
  const versions = opsets.filter(({ domain }) => isStandardDomain(domain)).map(({ version }) => version ?? 0)
  const [opset] = versions
  if (opset === undefined) throw new OnnxOpsetError('names no version of the ai.onnx operator set')
  if (versions.some((version) => version !== opset)) throw new OnnxOpsetError('names two versions of ai.onnx')
  if (opset < MIN_OPSET || opset > MAX_OPSET) throw new OnnxOpsetError(`uses opset ${opset}`)
  return opset
}
