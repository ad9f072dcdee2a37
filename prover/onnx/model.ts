// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { describeNode, type NodeRef } from './errors'
import { type GraphProto, type ModelProto, modelProto, type NodeProto } from './schema'
import { OnnxTensorTypeError } from './tensor'
import { decode, OnnxMalformedError } from './wire'

/** Oldest opset that is understood: operators broadcast as they do today from this one on. */
export const MIN_OPSET = 7

/** Newest opset that is understood. */
export const MAX_OPSET = 22

/** Newest version of the operators for classical machine learning that is understood; all older ones are. */
const MAX_ML_OPSET = 5

/** The domain of the operators for classical machine learning. */
const ML_DOMAIN = 'ai.onnx.ml'

/** The domain of operators that onnxruntime's quantiser and optimiser write. */
const MICROSOFT_DOMAIN = 'com.microsoft'

/** The domains whose operators are known; the standard one is ''. */
export type Domain = '' | typeof ML_DOMAIN | typeof MICROSOFT_DOMAIN

/** The versions of each that are understood. */
const VERSIONS: Readonly<Record<Domain, readonly [least: number, most: number]>> = {
  '': [MIN_OPSET, MAX_OPSET],
  [ML_DOMAIN]: [1, MAX_ML_OPSET],
  [MICROSOFT_DOMAIN]: [1, 1],
}

/** Version of each domain that the model imports. */
export type Opsets = ReadonlyMap<Domain, number>

/** The version of the operator set is missing, unclear or not supported. */
export class OnnxOpsetError extends ZkmlError {
  override readonly code = 'ONNX_OPSET'

  constructor(problem: string) {
    super(
      `the model ${problem}; export it with an ai.onnx opset from ${MIN_OPSET} to ${MAX_OPSET}, ` +
        `or an ${ML_DOMAIN} one up to ${MAX_ML_OPSET}, or ${MICROSOFT_DOMAIN} 1`,
    )
  }
}

/** A node comes from a domain whose operators are not known. */
export class OnnxDomainError extends ZkmlError {
  override readonly code = 'ONNX_DOMAIN'

  constructor(node: NodeRef, domain: string) {
    super(
      `${describeNode(node)} is from the domain "${domain}"; only ai.onnx, ${ML_DOMAIN} and ${MICROSOFT_DOMAIN} are supported`,
    )
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
export type OnnxModel = { readonly opsets: Opsets; readonly graph: GraphProto }

/**
 * Decodes a model file and checks what concerns it as a whole: format, opset, local functions, sparse weights.
 *
 * @throws {OnnxTruncatedError | OnnxMalformedError} When the bytes are no ONNX model.
 * @throws {OnnxOpsetError} For an opset outside 7 to 22, or one of ai.onnx.ml above 5.
 * @throws {OnnxFunctionError} For model-local functions.
 */
export function readModel(bytes: Uint8Array): OnnxModel {
  const model = decode(bytes, modelProto)
  const { graph } = model
  if (graph === undefined) throw new OnnxMalformedError('it contains no graph')
  if (model.irVersion === undefined || model.irVersion < 1) throw new OnnxMalformedError('it has no IR version')
  const opsets = readOpsets(model)
  if (model.functions) throw new OnnxFunctionError()
  if (graph.sparseInitializer) throw new OnnxTensorTypeError('sparse_initializer', 'sparse tensor')
  if (graph.outputs.length === 0) throw new OnnxMalformedError('its graph has no outputs')
  return { opsets, graph }
}

/** The domain of a node or an import; the standard one may be written in two ways. */
export function domainOf(domain: string | undefined): Domain | undefined {
  if (domain === undefined || domain === '' || domain === 'ai.onnx') return ''
  return domain === ML_DOMAIN || domain === MICROSOFT_DOMAIN ? domain : undefined
}

/** Whether a node names the scores of a classifier, which it makes no tensor of. */
export function isZipMap({ op, domain }: Pick<NodeProto, 'op' | 'domain'>): boolean {
  return op === 'ZipMap' && domain === ML_DOMAIN
}

/** Other domains may be imported; only a node that uses one is an error. */
function readOpsets({ opsets }: ModelProto): Opsets {
  const versions = new Map<Domain, number>()
  for (const { domain: name, version = 0 } of opsets) {
    const domain = domainOf(name)
    if (domain === undefined) continue
    const shown = domain === '' ? 'ai.onnx' : domain
    const [least, most] = VERSIONS[domain]
    if ((versions.get(domain) ?? version) !== version) throw new OnnxOpsetError(`names two versions of ${shown}`)
    if (version < least || version > most)
      throw new OnnxOpsetError(`uses ${domain === '' ? 'opset' : `${shown} opset`} ${version}`)
    versions.set(domain, version)
  }
  if (versions.size === 0) throw new OnnxOpsetError('names no version of the ai.onnx operator set')
  return versions
}
