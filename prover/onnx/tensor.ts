// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { ELEMENT_TYPES, type ElementType, elementTypeName, elementTypeOf, kindOf, STRING_CODE } from './element-type'
import { decodeBfloat16, decodeFloat16 } from './float16'
import type { ValueInfo } from './graph'
import type { TensorProto } from './schema'
import { checkSize, elementCount, formatShape } from './shape'

/** The data of a tensor contradicts its shape or its type. */
export class OnnxTensorDataError extends ZkmlError {
  override readonly code = 'ONNX_TENSOR_DATA'

  constructor(tensor: string, problem: string) {
    super(`tensor "${tensor}" ${problem}; export the model again`)
  }
}

/** A tensor, input or output has an element type that cannot be compiled. */
export class OnnxTensorTypeError extends ZkmlError {
  override readonly code = 'ONNX_TENSOR_TYPE'

  constructor(tensor: string, type: string) {
    super(`"${tensor}" has type ${type}, which is not supported; use float, integer or bool tensors`)
  }
}

/** The weights are in a file beside the model. */
export class OnnxExternalDataError extends ZkmlError {
  override readonly code = 'ONNX_EXTERNAL_DATA'

  constructor(tensor: string) {
    super(`tensor "${tensor}" keeps its data in an external file; save the model as one file with embedded weights`)
  }
}

/** An integer does not fit its type, or is beyond ±2^53 where doubles stop being exact. */
export class OnnxIntegerRangeError extends ZkmlError {
  override readonly code = 'ONNX_INTEGER_RANGE'

  constructor(where: string, value: number, range: string) {
    super(`${where} has the value ${value}, which is outside ${range}; use smaller integers`)
  }
}

/**
 * A value during parsing. `data` is there exactly when the value is constant, `texts` exactly when its elements stand for
 * texts: those of these numbers.
 */
export type Operand = ValueInfo & {
  readonly elementType: ElementType
  readonly data?: Float64Array
  readonly texts?: readonly string[]
}

/** An operand whose value is known. */
export type ConstantOperand = Operand & { readonly data: Float64Array }

/** How INT64_MAX and UINT64_MAX end up in a double; Slice uses them for "to the end". */
const INT64_SENTINEL = 2 ** 63

/**
 * Decodes a tensor in any encoding: raw little-endian bytes or the typed fields. Floats may be infinite or NaN here;
 * that is refused where the value is used as a weight.
 *
 * @param name Name for messages and for the result.
 * @throws {OnnxExternalDataError} When the data is in another file.
 * @throws {OnnxTensorTypeError} For strings, complex and 8-bit float types.
 * @throws {OnnxTensorDataError} When data and shape disagree.
 * @throws {OnnxIntegerRangeError} For an integer outside its type or ±2^53.
 */
export function decodeTensor(name: string, proto: TensorProto): ConstantOperand {
  const code = proto.dataType ?? 0
  const elementType = elementTypeOf(code)
  if (elementType === undefined) throw new OnnxTensorTypeError(name, elementTypeName(code))
  if (proto.externalData || (proto.dataLocation ?? 0) !== 0) throw new OnnxExternalDataError(name)
  if (proto.segment) throw new OnnxTensorDataError(name, 'is stored in segments, which is not supported')
  const shape = proto.dims
  if (shape.some((size) => size < 0)) throw new OnnxTensorDataError(name, `has a negative size: ${formatShape(shape)}`)
  checkSize(`tensor "${name}"`, shape)
  const data = decodeData(name, proto, elementType, shape)
  if (kindOf(elementType) !== 'float') checkIntegers(name, elementType, data)
  return { name, kind: kindOf(elementType), elementType, shape, data }
}

/** Decodes a tensor of texts as their numbers in a list without repetitions; undefined for one of anything else. */
export function decodeTexts(name: string, proto: TensorProto): ConstantOperand | undefined {
  if ((proto.dataType ?? 0) !== STRING_CODE) return undefined
  const shape = proto.dims
  const given = proto.stringData.map((bytes) => new TextDecoder().decode(bytes))
  if (given.length !== elementCount(shape))
    throw new OnnxTensorDataError(name, `has ${given.length} texts where ${formatShape(shape)} needs others`)
  const { texts, numbers } = numbered(given)
  return { name, kind: 'int', elementType: 'string', shape, data: numbers, texts }
}

/** Texts as their numbers in a list of all of them without repetitions, in the order they come. */
export function numbered(given: readonly string[]): {
  readonly texts: readonly string[]
  readonly numbers: Float64Array
} {
  const numberOf = new Map<string, number>()
  const numbers = Float64Array.from(given, (text) => {
    const number = numberOf.get(text) ?? numberOf.size
    numberOf.set(text, number)
    return number
  })
  return { texts: [...numberOf.keys()], numbers }
}

function decodeData(name: string, proto: TensorProto, type: ElementType, shape: readonly number[]): Float64Array {
  const count = elementCount(shape)
  const typed = typedField(proto, type)
  const { rawData } = proto
  if (rawData !== undefined && (rawData.length > 0 || typed.length === 0)) {
    if (typed.length > 0) throw new OnnxTensorDataError(name, 'has its data twice, raw and typed')
    const expected = Math.ceil(count * ELEMENT_TYPES[type].bytes)
    if (rawData.length !== expected) {
      const problem = `has ${rawData.length} bytes of data where ${type} ${formatShape(shape)} needs ${expected}`
      throw new OnnxTensorDataError(name, problem)
    }
    return decodeRaw(type, rawData, count)
  }
  if (isHalfByte(type) && typed.length === Math.ceil(count / 2)) return nibbles(type, typed, count)
  if (typed.length !== count || isHalfByte(type)) {
    const problem = `has ${typed.length} values where ${type} ${formatShape(shape)} needs ${count}`
    throw new OnnxTensorDataError(name, problem)
  }
  if (type === 'float16') return halves(name, typed, decodeFloat16)
  if (type === 'bfloat16') return halves(name, typed, decodeBfloat16)
  return Float64Array.from(typed)
}

function isHalfByte(type: ElementType): boolean {
  return type === 'int4' || type === 'uint4'
}

/** Two numbers of four bits a byte, the lower bits first. */
function nibbles(type: ElementType, bytes: ArrayLike<number>, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    const bits = ((bytes[i >> 1] ?? 0) >> (4 * (i & 1))) & 15
    return type === 'int4' && bits > 7 ? bits - 16 : bits
  })
}

function typedField(proto: TensorProto, type: ElementType): readonly number[] {
  if (type === 'float32') return proto.floatData
  if (type === 'float64') return proto.doubleData
  if (type === 'int64') return proto.int64Data
  if (type === 'uint32' || type === 'uint64') return proto.uint64Data
  return proto.int32Data
}

function halves(name: string, patterns: readonly number[], decode: (bits: number) => number): Float64Array {
  return Float64Array.from(patterns, (bits) => {
    if (bits < 0 || bits > 0xffff) throw new OnnxTensorDataError(name, `has ${bits} where 16 bits are expected`)
    return decode(bits)
  })
}

function decodeRaw(type: ElementType, bytes: Uint8Array, count: number): Float64Array {
  if (isHalfByte(type)) return nibbles(type, bytes, count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read = rawReader(type, view)
  const data = new Float64Array(count)
  for (let index = 0; index < count; index++) data[index] = read(index)
  return data
}

function rawReader(type: ElementType, view: DataView): (index: number) => number {
  switch (type) {
    case 'float32':
      return (index) => view.getFloat32(4 * index, true)
    case 'float64':
      return (index) => view.getFloat64(8 * index, true)
    case 'float16':
      return (index) => decodeFloat16(view.getUint16(2 * index, true))
    case 'bfloat16':
      return (index) => decodeBfloat16(view.getUint16(2 * index, true))
    case 'int8':
      return (index) => view.getInt8(index)
    case 'int16':
      return (index) => view.getInt16(2 * index, true)
    case 'int32':
      return (index) => view.getInt32(4 * index, true)
    case 'int64':
      return (index) => Number(view.getBigInt64(8 * index, true))
    case 'uint16':
      return (index) => view.getUint16(2 * index, true)
    case 'uint32':
      return (index) => view.getUint32(4 * index, true)
    case 'uint64':
      return (index) => Number(view.getBigUint64(8 * index, true))
    case 'uint8':
    case 'bool':
      return (index) => view.getUint8(index)
    default:
      throw new RangeError(`${type} has no bytes of its own`)
  }
}

function checkIntegers(name: string, type: ElementType, data: Float64Array): void {
  const { min, max } = ELEMENT_TYPES[type]
  for (const value of data) {
    if (value >= min && value <= max) continue
    if (type === 'int64' && Math.abs(value) === INT64_SENTINEL) continue
    const range = max === Number.MAX_SAFE_INTEGER ? '±2^53' : `the range of ${type}`
    throw new OnnxIntegerRangeError(`tensor "${name}"`, value, range)
  }
}
