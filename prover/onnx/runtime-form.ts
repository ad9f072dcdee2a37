// SPDX-License-Identifier: GPL-3.0-or-later
import { Writer } from 'protobufjs/minimal'
import { isZipMap, readModel } from './model'
import { keepFields, rewrite, writeField } from './rewrite'
import { nodeProto } from './schema'
import { decode } from './wire'

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7, opset: 8 }
const GRAPH = { node: 1, output: 12 }
const NODE = { inputs: 1, outputs: 2, name: 3, op: 4 }
const VALUE_NAME = 1

/** A version of the standard operators in which Identity is as ever, for models that import none: field 2 of an import. */
const ANY_OPSET = Uint8Array.of(0x10, 13)

/**
 * The model with Identity in place of every ZipMap: the scores as a tensor, which onnxruntime can hand to JavaScript while it
 * cannot a list of maps. A model without ZipMap is returned as it is.
 *
 * @throws {ZkmlError} When the bytes are no ONNX model.
 */
export function withoutMaps(model: Uint8Array): Uint8Array {
  const { graph, opsets } = readModel(model)
  const maps = new Set(graph.nodes.filter(isZipMap).flatMap(({ outputs }) => outputs))
  if (maps.size === 0) return model
  const names = graph.outputs.map(({ name = '' }) => name)
  let at = 0
  const changed = rewrite(model, MODEL.graph, (bytes) =>
    rewrite(
      rewrite(bytes, GRAPH.node, (node) => (isZipMap(decode(node, nodeProto)) ? identityLike(node) : node)),
      GRAPH.output,
      (output) => (maps.has(names[at++] ?? '') ? keepFields(output, (field) => field === VALUE_NAME) : output),
    ),
  )
  if (opsets.has('')) return changed
  const imported = Writer.create()
  writeField(imported, MODEL.opset, ANY_OPSET)
  return Buffer.concat([changed, imported.finish()])
}

function identityLike(node: Uint8Array): Uint8Array {
  const kept: readonly number[] = [NODE.inputs, NODE.outputs, NODE.name]
  const op = Writer.create()
  writeField(op, NODE.op, new TextEncoder().encode('Identity'))
  return Buffer.concat([keepFields(node, (field) => kept.includes(field)), op.finish()])
}
