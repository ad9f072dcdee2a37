// SPDX-License-Identifier: GPL-3.0-or-later
import { Reader, Writer } from 'protobufjs/minimal'
import { elementTypeOf, kindOf } from './element-type'
import { decode, OnnxMalformedError, OnnxTruncatedError, optional, repeated, int32, int64 } from './wire'
import { ZkmlError } from '../errors'

/** Field numbers of onnx.proto: where tensors lie in a model, and where a tensor keeps its data. */
const MODEL_GRAPH = 7
const GRAPH_INITIALIZER = 5
const TENSOR_DATA: ReadonlySet<number> = new Set([4, 5, 6, 7, 9, 10, 11, 13, 14])

const LENGTH_DELIMITED = 2
const header = { dims: repeated(1, int64), dataType: optional(2, int32) }

/**
 * The model without its weights: every initializer that {@link isWeight} keeps name, type and shape and loses its data.
 * All other bytes stay as they are, so that models of one architecture have one such file.
 *
 * @throws {OnnxTruncatedError | OnnxMalformedError} When the bytes are no ONNX model.
 * @example
 * ```ts
 * const modelHash = sha256(architectureOf(readFileSync('model.onnx')))
 * ```
 */
export function architectureOf(model: Uint8Array): Uint8Array {
  try {
    return rewrite(model, MODEL_GRAPH, (graph) =>
      rewrite(graph, GRAPH_INITIALIZER, (tensor) => (isWeight(decode(tensor, header)) ? withoutData(tensor) : tensor)),
    )
  } catch (cause) {
    if (cause instanceof ZkmlError) throw cause
    if (cause instanceof RangeError) throw new OnnxTruncatedError('while leaving out its weights', { cause })
    throw new OnnxMalformedError(cause instanceof Error ? cause.message : 'unreadable bytes', { cause })
  }
}

/** A tensor that private weights hide: floats with at least one axis. Scalars are part of the architecture. */
export function isWeight(tensor: {
  readonly dims: readonly number[]
  readonly dataType?: number | undefined
}): boolean {
  const elementType = elementTypeOf(tensor.dataType ?? 0)
  return elementType !== undefined && kindOf(elementType) === 'float' && tensor.dims.length > 0
}

/** The message with the content of one kind of embedded message changed. */
function rewrite(message: Uint8Array, id: number, change: (content: Uint8Array) => Uint8Array): Uint8Array {
  return copyFields(message, (field, wireType, write, reader) => {
    if (field !== id || wireType !== LENGTH_DELIMITED) return false
    const content = change(reader.bytes())
    write.uint32(((field << 3) | LENGTH_DELIMITED) >>> 0).bytes(content)
    return true
  })
}

function withoutData(tensor: Uint8Array): Uint8Array {
  return copyFields(tensor, (field, wireType, _, reader) => {
    if (!TENSOR_DATA.has(field)) return false
    reader.skipType(wireType)
    return true
  })
}

/** Copies a message field by field; `handle` says whether it has dealt with one. */
function copyFields(
  message: Uint8Array,
  handle: (field: number, wireType: number, write: Writer, reader: Reader) => boolean,
): Uint8Array {
  const reader = new Reader(message)
  const parts: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const start = reader.pos
    const tag = reader.uint32()
    const own = Writer.create()
    if (handle(tag >>> 3, tag & 7, own, reader)) {
      parts.push(own.finish())
      continue
    }
    reader.skipType(tag & 7)
    parts.push(message.subarray(start, reader.pos))
  }
  return Buffer.concat(parts)
}
