// SPDX-License-Identifier: GPL-3.0-or-later
import {
  bytes,
  double,
  embedded,
  float,
  int32,
  int64,
  type Message,
  optional,
  presence,
  repeated,
  string,
  undecoded,
  uint64,
} from './wire'

const tensorProto = {
  dims: repeated(1, int64),
  dataType: optional(2, int32),
  segment: presence(3),
  floatData: repeated(4, float),
  int32Data: repeated(5, int32),
  stringData: repeated(6, bytes),
  int64Data: repeated(7, int64),
  name: optional(8, string),
  rawData: optional(9, bytes),
  doubleData: repeated(10, double),
  uint64Data: repeated(11, uint64),
  externalData: presence(13),
  dataLocation: optional(14, int32),
}

const dimension = { value: optional(1, int64), param: optional(2, string) }

const typeProto = {
  tensor: optional(
    1,
    embedded({
      elementType: optional(1, int32),
      shape: optional(2, embedded({ dims: repeated(1, embedded(dimension)) })),
    }),
  ),
  sequence: presence(4),
  map: presence(5),
  opaque: presence(7),
  sparseTensor: presence(8),
  optional: presence(9),
}

const valueInfoProto = { name: optional(1, string), type: optional(2, embedded(typeProto)) }

const attributeProto = {
  name: optional(1, string),
  float: optional(2, float),
  int: optional(3, int64),
  string: optional(4, bytes),
  tensor: optional(5, embedded(tensorProto)),
  /** A GraphProto, decoded where it is used: messages nest only as deep as these tables. */
  graph: optional(6, undecoded),
  floats: repeated(7, float),
  ints: repeated(8, int64),
  strings: repeated(9, bytes),
  type: optional(20, int32),
  reference: optional(21, string),
}

/** Fields of NodeProto. */
export const nodeProto = {
  inputs: repeated(1, string),
  outputs: repeated(2, string),
  name: optional(3, string),
  op: optional(4, string),
  attributes: repeated(5, embedded(attributeProto)),
  domain: optional(7, string),
}

/** Fields of GraphProto. */
export const graphProto = {
  nodes: repeated(1, embedded(nodeProto)),
  name: optional(2, string),
  initializers: repeated(5, embedded(tensorProto)),
  inputs: repeated(11, embedded(valueInfoProto)),
  outputs: repeated(12, embedded(valueInfoProto)),
  sparseInitializer: presence(15),
}

/** Fields of ModelProto that matter to the compiler; training information and documentation are skipped. */
export const modelProto = {
  irVersion: optional(1, int64),
  graph: optional(7, embedded(graphProto)),
  opsets: repeated(8, embedded({ domain: optional(1, string), version: optional(2, int64) })),
  functions: presence(25),
}

/** A decoded model file. */
export type ModelProto = Message<typeof modelProto>

/** A decoded graph. */
export type GraphProto = Message<typeof graphProto>

/** A decoded node. */
export type NodeProto = Message<typeof nodeProto>

/** A decoded attribute; `type` says which of the value fields is meant. */
export type AttributeProto = Message<typeof attributeProto>

/** A decoded tensor; its data is still in the encoding of the file. */
export type TensorProto = Message<typeof tensorProto>

/** A decoded graph input or output declaration. */
export type ValueInfoProto = Message<typeof valueInfoProto>

/** One axis of a declared shape: a size, a symbol, or neither. */
export type DimensionProto = Message<typeof dimension>

/** AttributeProto.AttributeType of the attributes that can be read. */
export const AttributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const
