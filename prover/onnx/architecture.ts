// SPDX-License-Identifier: GPL-3.0-or-later
import { elementTypeOf, kindOf } from './element-type'
import { readModel } from './model'
import { keepFields, rewrite } from './rewrite'
import { graphProto, type GraphProto } from './schema'
import { elementCount } from './shape'
import { decode, OnnxMalformedError, OnnxTruncatedError, optional, repeated, int32, int64 } from './wire'
import { ZkmlError } from '../errors'

/** Field numbers of onnx.proto: where tensors lie in a model, and which fields of a tensor are dims, data type and name. */
const MODEL_GRAPH = 7
const MODEL_TRAINING_INFO = 20
const GRAPH_INITIALIZER = 5
const TENSOR_HEADER: ReadonlySet<number> = new Set([1, 2, 8])

const header = { dims: repeated(1, int64), dataType: optional(2, int32) }

/**
 * The model without its weights: every initializer that {@link isWeight} keeps name, type and shape and nothing else, and
 * training information, which has weights too, is left out. All other bytes stay as they are, so that models of one
 * architecture have one such file.
 *
 * @throws {OnnxTruncatedError | OnnxMalformedError} When the bytes are no ONNX model.
 * @example
 * ```ts
 * const modelHash = sha256(architectureOf(readFileSync('model.onnx')))
 * ```
 */
export function architectureOf(model: Uint8Array): Uint8Array {
  try {
    const bare = keepFields(model, (field) => field !== MODEL_TRAINING_INFO)
    return rewrite(bare, MODEL_GRAPH, (graph) =>
      rewrite(graph, GRAPH_INITIALIZER, (tensor) => (isWeight(decode(tensor, header)) ? headerOf(tensor) : tensor)),
    )
  } catch (cause) {
    if (cause instanceof ZkmlError) throw cause
    if (cause instanceof RangeError) throw new OnnxTruncatedError('while leaving out its weights', { cause })
    throw new OnnxMalformedError(cause instanceof Error ? cause.message : 'unreadable bytes', { cause })
  }
}

/** A tensor that private weights hide: floats, at least one, with at least one axis. Scalars are part of the architecture. */
export function isWeight(tensor: {
  readonly dims: readonly number[]
  readonly dataType?: number | undefined
}): boolean {
  const elementType = elementTypeOf(tensor.dataType ?? 0)
  const isFloat = elementType !== undefined && kindOf(elementType) === 'float'
  return isFloat && tensor.dims.length > 0 && tensor.dims.every((size) => size >= 1)
}

/** Numbers that private weights do not hide, though they may be weights. */
export type PublicNumbers = { readonly name: string; readonly count: number }

const MAX_SHAPE = 8

/**
 * What an architecture shows of a model besides its structure: integer tensors among the initializers, lists of numbers in
 * the attributes of nodes, and all tensors of subgraphs. Up to eight numbers are taken for a shape, or its like.
 */
export function publicNumbers(model: Uint8Array): readonly PublicNumbers[] {
  const { graph } = readModel(model)
  const initializers = graph.initializers.filter((tensor) => !isWeight(tensor))
  return numbersOf({ ...graph, initializers }).filter(({ count }) => count > MAX_SHAPE)
}

/** The lists of numbers in a graph and its subgraphs, whatever their length. */
function numbersOf({ initializers, nodes }: Pick<GraphProto, 'initializers' | 'nodes'>): readonly PublicNumbers[] {
  const tensors = initializers.map(({ name, dims }) => ({ name: name ?? '', count: elementCount(dims) }))
  const attributes = nodes.flatMap((node) =>
    node.attributes.flatMap(({ tensor, floats, ints, graph }) => [
      {
        name: node.name ?? node.outputs[0] ?? node.op ?? '',
        count: (tensor ? elementCount(tensor.dims) : 0) + floats.length + ints.length,
      },
      ...(graph ? numbersOf(decode(graph, graphProto)) : []),
    ]),
  )
  return [...tensors, ...attributes]
}

function headerOf(tensor: Uint8Array): Uint8Array {
  return keepFields(tensor, (field) => TENSOR_HEADER.has(field))
}
