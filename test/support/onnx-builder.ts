// SPDX-License-Identifier: GPL-3.0-or-later
import { Writer } from 'protobufjs/minimal'

/** TensorProto.DataType codes by name. */
export const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  bfloat16: 16,
} as const

/** Name of an element type. */
export type DataType = keyof typeof DATA_TYPES

/** A size, a symbol such as 'N', or null for an axis about which nothing is said. */
export type Dim = number | string | null

/**
 * A constant tensor. `data` is row-major; of float16 and bfloat16 it holds the bit patterns. `encoding` chooses raw
 * bytes (default), packed typed fields or unpacked ones.
 */
export type TensorSpec = {
  readonly shape: readonly number[]
  readonly data: Iterable<number | bigint>
  readonly type?: DataType
  readonly encoding?: 'raw' | 'packed' | 'unpacked'
  readonly external?: boolean
  /** Instead of `data`, of type string. */
  readonly texts?: readonly string[]
}

/**
 * An attribute. A plain number is an int unless it has a fraction or its name says float (alpha, epsilon, …); a plain
 * list is ints; the object forms are explicit.
 */
export type AttributeSpec =
  | number
  | string
  | readonly number[]
  | TensorSpec
  | { readonly float: number }
  | { readonly int: number | bigint }
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly strings: readonly string[] }
  | GraphSpec

/** A graph, that of a model or a subgraph. */
export type GraphSpec = {
  readonly name?: string
  readonly inputs: readonly ValueSpec[]
  readonly outputs: readonly ValueSpec[]
  readonly nodes: readonly NodeSpec[]
  readonly initializers?: Readonly<Record<string, TensorSpec>>
  readonly extraGraph?: Uint8Array
}

/** A node; `name` and `domain` are left out of the file when absent. */
export type NodeSpec = {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly name?: string
  readonly domain?: string
}

/** A graph input or output, float32 by default. Without a shape none is declared. */
export type ValueSpec = {
  readonly name: string
  readonly shape?: readonly Dim[]
  readonly type?: DataType
  /** Declared as a list of maps from int64 to float32. */
  readonly maps?: boolean
}

/** A model. `extraModel` and `extraGraph` are protobuf bytes appended to those messages, for hostile tests. */
export type ModelSpec = GraphSpec & {
  /** Version of the standard operators, by default 17; null imports none. */
  readonly opset?: number | null
  readonly irVersion?: number
  readonly domains?: Readonly<Record<string, number>>
  readonly extraModel?: Uint8Array
}

/**
 * Encodes an ONNX model.
 *
 * @example
 * ```ts
 * const bytes = buildModel({
 *   opset: 17,
 *   inputs: [{ name: 'x', shape: ['N', 4] }],
 *   outputs: [{ name: 'y' }],
 *   nodes: [{ op: 'Gemm', inputs: ['x', 'w'], outputs: ['y'], attributes: { alpha: 1 } }],
 *   initializers: { w: floats([4, 2]) },
 * })
 * ```
 */
export function buildModel(spec: ModelSpec): Uint8Array {
  const model = new Writer().uint32(0x08).int64(spec.irVersion ?? 8)
  embed(model, 7, (graph) => writeGraph(graph, spec))
  const standard = spec.opset === null ? {} : { '': spec.opset ?? 17 }
  for (const [domain, version] of Object.entries({ ...standard, ...spec.domains })) {
    embed(model, 8, (writer) => writer.uint32(0x0a).string(domain).uint32(0x10).int64(version))
  }
  if (spec.extraModel !== undefined) append(model, spec.extraModel)
  return Uint8Array.from(model.finish())
}

/**
 * A float tensor of seeded pseudo-random numbers, multiples of 1/64 in [-1, 1), so that they are exact in every type.
 *
 * @param shape Its shape.
 * @param seed Same seed, same numbers.
 */
export function floats(shape: readonly number[], seed = 1): TensorSpec {
  const random = seededRandom(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  return { shape, data: Array.from({ length: count }, () => Math.floor(random() * 128) / 64 - 1) }
}

/** A one-axis int64 tensor, or a scalar when given a single number. */
export function ints(values: readonly (number | bigint)[] | number): TensorSpec {
  if (typeof values === 'number') return { type: 'int64', shape: [], data: [values] }
  return { type: 'int64', shape: [values.length], data: values }
}

/** Deterministic numbers in [0, 1): the mulberry32 generator. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const FLOAT_ATTRIBUTES = new Set([
  'alpha',
  'beta',
  'epsilon',
  'momentum',
  'ratio',
  'min',
  'max',
  'value',
  'value_float',
])

const BYTES: Readonly<Record<DataType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  string: 0,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  complex64: 8,
  bfloat16: 2,
}

function embed(writer: Writer, id: number, write: (nested: Writer) => void): void {
  writer.uint32((id << 3) | 2).fork()
  write(writer)
  writer.ldelim()
}

/** Appends bytes as they are. */
function append(writer: Writer, bytes: Uint8Array): void {
  writer.raw(bytes)
}

function writeGraph(graph: Writer, spec: GraphSpec): void {
  for (const node of spec.nodes) embed(graph, 1, (writer) => writeNode(writer, node))
  graph.uint32(0x12).string(spec.name ?? 'test')
  for (const [name, tensor] of Object.entries(spec.initializers ?? {})) {
    embed(graph, 5, (writer) => writeTensor(writer, tensor, name))
  }
  for (const input of spec.inputs) embed(graph, 11, (writer) => writeValue(writer, input))
  for (const output of spec.outputs) embed(graph, 12, (writer) => writeValue(writer, output))
  if (spec.extraGraph !== undefined) append(graph, spec.extraGraph)
}

function writeNode(writer: Writer, node: NodeSpec): void {
  for (const input of node.inputs) writer.uint32(0x0a).string(input)
  for (const output of node.outputs) writer.uint32(0x12).string(output)
  if (node.name !== undefined) writer.uint32(0x1a).string(node.name)
  writer.uint32(0x22).string(node.op)
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    embed(writer, 5, (nested) => writeAttribute(nested, name, value))
  }
  if (node.domain !== undefined) writer.uint32(0x3a).string(node.domain)
}

function writeAttribute(writer: Writer, name: string, value: AttributeSpec): void {
  writer.uint32(0x0a).string(name)
  const type = writeAttributeValue(writer, name, value)
  writer.uint32(0xa0).uint32(type)
}

/** Writes the value and returns its AttributeType. */
function writeAttributeValue(writer: Writer, name: string, value: AttributeSpec): number {
  if (typeof value === 'string') {
    writer.uint32(0x22).string(value)
    return 3
  }
  if (typeof value === 'number') {
    const isFloat = FLOAT_ATTRIBUTES.has(name) || !Number.isInteger(value)
    return writeAttributeValue(writer, name, isFloat ? { float: value } : { int: value })
  }
  if ('float' in value) {
    writer.uint32(0x15).float(value.float)
    return 1
  }
  if ('int' in value) {
    writer.uint32(0x18).int64(value.int.toString())
    return 2
  }
  if ('shape' in value) {
    embed(writer, 5, (nested) => writeTensor(nested, value))
    return 4
  }
  if ('nodes' in value) {
    embed(writer, 6, (nested) => writeGraph(nested, value))
    return 5
  }
  if ('strings' in value) {
    for (const item of value.strings) writer.uint32(0x4a).string(item)
    return 8
  }
  if ('floats' in value) {
    for (const item of value.floats) writer.uint32(0x3d).float(item)
    return 6
  }
  const list = 'ints' in value ? value.ints : value
  for (const item of list) writer.uint32(0x40).int64(item.toString())
  return 7
}

function writeTensor(writer: Writer, tensor: TensorSpec, name?: string): void {
  const type = tensor.type ?? 'float32'
  for (const size of tensor.shape) writer.uint32(0x08).int64(size.toString())
  writer.uint32(0x10).uint32(DATA_TYPES[type])
  if (name !== undefined) writer.uint32(0x42).string(name)
  if (tensor.external === true) {
    embed(writer, 13, (entry) => entry.uint32(0x0a).string('location').uint32(0x12).string('weights.bin'))
    writer.uint32(0x70).uint32(1)
    return
  }
  if (tensor.texts !== undefined) {
    for (const text of tensor.texts) writer.uint32(0x32).string(text)
    return
  }
  const data = [...tensor.data]
  if ((tensor.encoding ?? 'raw') === 'raw') writer.uint32(0x4a).bytes(encodeRaw(type, data))
  else writeTyped(writer, type, data, tensor.encoding === 'packed')
}

function writeTyped(writer: Writer, type: DataType, data: readonly (number | bigint)[], packed: boolean): void {
  const [id, wireType, write] = typedField(writer, type)
  if (packed) {
    embed(writer, id, () => data.forEach((value) => write(value)))
    return
  }
  for (const value of data) {
    writer.uint32((id << 3) | wireType)
    write(value)
  }
}

function typedField(writer: Writer, type: DataType): [number, number, (value: number | bigint) => void] {
  if (type === 'float32') return [4, 5, (value) => writer.float(Number(value))]
  if (type === 'float64') return [10, 1, (value) => writer.double(Number(value))]
  if (type === 'int64') return [7, 0, (value) => writer.int64(value.toString())]
  if (type === 'uint32' || type === 'uint64') return [11, 0, (value) => writer.uint64(value.toString())]
  return [5, 0, (value) => writer.int32(Number(value))]
}

function encodeRaw(type: DataType, data: readonly (number | bigint)[]): Uint8Array {
  const size = BYTES[type]
  const view = new DataView(new ArrayBuffer(size * data.length))
  data.forEach((value, index) => {
    const at = index * size
    if (type === 'float32') view.setFloat32(at, Number(value), true)
    else if (type === 'float64') view.setFloat64(at, Number(value), true)
    else if (size === 8) view.setBigInt64(at, BigInt(value), true)
    else if (size === 4) view.setInt32(at, Number(value), true)
    else if (size === 2) view.setInt16(at, Number(value), true)
    else view.setInt8(at, Number(value))
  })
  return new Uint8Array(view.buffer)
}

function writeValue(writer: Writer, value: ValueSpec): void {
  writer.uint32(0x0a).string(value.name)
  if (value.maps === true) {
    const float = (type: Writer) => embed(type, 1, (tensor) => tensor.uint32(0x08).uint32(DATA_TYPES.float32))
    const map = (writer: Writer) => {
      writer.uint32(0x08).uint32(DATA_TYPES.int64)
      embed(writer, 2, float)
    }
    embed(writer, 2, (type) => embed(type, 4, (list) => embed(list, 1, (element) => embed(element, 5, map))))
    return
  }
  embed(writer, 2, (type) =>
    embed(type, 1, (tensor) => {
      tensor.uint32(0x08).uint32(DATA_TYPES[value.type ?? 'float32'])
      const { shape } = value
      if (shape === undefined) return
      embed(tensor, 2, (proto) => {
        for (const dim of shape) embed(proto, 1, (nested) => writeDimension(nested, dim))
      })
    }),
  )
}

function writeDimension(writer: Writer, dim: Dim): void {
  if (typeof dim === 'number') writer.uint32(0x08).int64(dim.toString())
  else if (dim !== null) writer.uint32(0x12).string(dim)
}
