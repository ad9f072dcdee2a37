// SPDX-License-Identifier: GPL-3.0-or-later
import { Reader } from 'protobufjs/minimal'
import { ZkmlError } from '../errors'

/** The bytes end in the middle of a field: the file was cut off, or is not an ONNX model. */
export class OnnxTruncatedError extends ZkmlError {
  override readonly code = 'ONNX_TRUNCATED'

  constructor(detail: string, options?: ErrorOptions) {
    super(`the ONNX file ends in the middle of a field (${detail}); export or download it again`, options)
  }
}

/** The bytes are not a protobuf message of the ONNX schema. */
export class OnnxMalformedError extends ZkmlError {
  override readonly code = 'ONNX_MALFORMED'

  constructor(detail: string, options?: ErrorOptions) {
    super(`the file is not a valid ONNX model: ${detail}`, options)
  }
}

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

type WireType = typeof VARINT | typeof FIXED64 | typeof LENGTH_DELIMITED | typeof FIXED32

/** How one value of a field is read; `wireType` is the one it must arrive with. */
export type Codec<Value> = {
  readonly wireType: WireType
  /** Set for messages: other readers merge those that occur twice, so which one counts would be a matter of taste. */
  readonly isMessage?: true
  read(reader: Reader): Value
}

/** A field of a message: its number, its value when absent, and how an occurrence changes that value. */
export type Field<Value> = {
  readonly id: number
  initial(): Value
  read(reader: Reader, wireType: number, previous: Value): Value
}

/** Fields of a message by name. */
export type FieldTable = Readonly<Record<string, Field<unknown>>>

/** The value a message of the given table decodes to. */
export type Message<Table extends FieldTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer Value> ? Value : never
}

/**
 * Reads a 64-bit varint as a double: exact within ±2^53, rounded beyond, so INT64_MAX reads as 2^63.
 */
export const int64: Codec<number> = {
  wireType: VARINT,
  read: (reader) => toNumber(reader.int64()),
}

/** Reads an unsigned 64-bit varint as a double, rounded beyond 2^53. */
export const uint64: Codec<number> = {
  wireType: VARINT,
  read: (reader) => toNumber(reader.uint64()),
}

/** Reads a 32-bit signed varint; also used for enums. */
export const int32: Codec<number> = { wireType: VARINT, read: (reader) => reader.int32() }

/** Reads a little-endian float32. */
export const float: Codec<number> = { wireType: FIXED32, read: (reader) => reader.float() }

/** Reads a little-endian float64. */
export const double: Codec<number> = { wireType: FIXED64, read: (reader) => reader.double() }

/** Longest name in a model; PyTorch module paths stay far below. */
const MAX_NAME_LENGTH = 4096

/**
 * Reads a name in UTF-8. Names end up in messages and file names, so control characters (a terminal would obey them)
 * and absurd lengths are refused.
 */
export const string: Codec<string> = {
  wireType: LENGTH_DELIMITED,
  read: (reader) => {
    const text = reader.string()
    if (text.length > MAX_NAME_LENGTH) throw new OnnxMalformedError(`a name of ${text.length} characters`)
    if (/\p{Cc}/u.test(text)) throw new OnnxMalformedError(`control characters in a name near byte ${reader.pos}`)
    return text
  },
}

/** Reads bytes as a view on the input, without a copy. */
export const bytes: Codec<Uint8Array> = { wireType: LENGTH_DELIMITED, read: (reader) => reader.bytes() }

/**
 * Reads a nested message. Nesting is as deep as the tables are, so hostile input cannot exhaust the stack.
 *
 * @param table Fields of the nested message; others are skipped.
 */
export function embedded<Table extends FieldTable>(table: Table): Codec<Message<Table>> {
  const fieldsById = new Map(Object.entries(table).map(([name, field]) => [field.id, { name, field }]))
  return {
    wireType: LENGTH_DELIMITED,
    isMessage: true,
    read: (reader) => within(reader, () => readMessage<Table>(reader, table, fieldsById)),
  }
}

/** Takes the bytes of a nested message that is decoded later. */
export const undecoded: Codec<Uint8Array> = { ...bytes, isMessage: true }

/**
 * A field that occurs at most once; the last occurrence wins, as protobuf demands of values. A message may not occur twice.
 *
 * @returns undefined when the field is absent.
 */
export function optional<Value>(id: number, codec: Codec<Value>): Field<Value | undefined> {
  return {
    id,
    initial: () => undefined,
    read: (reader, wireType, previous) => {
      requireWireType(id, wireType, codec.wireType)
      if (codec.isMessage && previous !== undefined)
        throw new OnnxMalformedError(`field ${id} holds two messages near byte ${reader.pos}`)
      return codec.read(reader)
    },
  }
}

/** A field that may occur many times; numbers are accepted packed and unpacked, even mixed. */
export function repeated<Value>(id: number, codec: Codec<Value>): Field<Value[]> {
  return {
    id,
    initial: () => [],
    read: (reader, wireType, previous) => {
      if (wireType === LENGTH_DELIMITED && codec.wireType !== LENGTH_DELIMITED) {
        within(reader, () => {
          while (reader.pos < reader.len) previous.push(codec.read(reader))
        })
        return previous
      }
      requireWireType(id, wireType, codec.wireType)
      previous.push(codec.read(reader))
      return previous
    },
  }
}

/** A field whose content is never needed, only the fact that it is there. */
export function presence(id: number): Field<boolean> {
  return {
    id,
    initial: () => false,
    read: (reader, wireType) => {
      skip(reader, wireType)
      return true
    },
  }
}

/**
 * Decodes a whole message. Exceptions of the protobuf library never leave this function.
 *
 * @param input The bytes of the message.
 * @param table Its fields; fields not listed are skipped.
 * @throws {OnnxTruncatedError} When the bytes end within a field.
 * @throws {OnnxMalformedError} When the bytes are not protobuf, or a field has a wire type the table forbids.
 * @example
 * ```ts
 * const { version } = decode(bytes, { version: optional(2, int64) })
 * ```
 */
export function decode<Table extends FieldTable>(input: Uint8Array, table: Table): Message<Table> {
  const reader = new Reader(input)
  try {
    const fieldsById = new Map(Object.entries(table).map(([name, field]) => [field.id, { name, field }]))
    return readMessage<Table>(reader, table, fieldsById)
  } catch (cause) {
    if (cause instanceof ZkmlError) throw cause
    if (cause instanceof RangeError) throw new OnnxTruncatedError(`near byte ${reader.pos}`, { cause })
    const reason = cause instanceof Error ? cause.message : 'unreadable bytes'
    throw new OnnxMalformedError(`${reason} near byte ${reader.pos}`, { cause })
  }
}

type FieldsById = ReadonlyMap<number, { readonly name: string; readonly field: Field<unknown> }>

function readMessage<Table extends FieldTable>(reader: Reader, table: Table, fieldsById: FieldsById): Message<Table> {
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(table)) values[name] = field.initial()
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const wireType = tag & 7
    const id = tag >>> 3
    if (id === 0) throw new OnnxMalformedError(`field number 0 near byte ${reader.pos}`)
    const known = fieldsById.get(id)
    if (known === undefined) skip(reader, wireType)
    else values[known.name] = known.field.read(reader, wireType, values[known.name])
  }
  return values as Message<Table>
}

/** Runs `read` with the reader confined to the length-delimited field it stands at. */
function within<Result>(reader: Reader, read: () => Result): Result {
  const length = reader.uint32()
  const outerEnd = reader.len
  const end = reader.pos + length
  if (end > outerEnd) throw new OnnxTruncatedError(`a field of ${length} bytes at byte ${reader.pos}`)
  reader.len = end
  const result = read()
  if (reader.pos !== end) throw new OnnxMalformedError(`a field runs past its length at byte ${reader.pos}`)
  reader.len = outerEnd
  return result
}

function skip(reader: Reader, wireType: number): void {
  if (wireType === VARINT) reader.uint64()
  else if (wireType === FIXED64) reader.skip(8)
  else if (wireType === LENGTH_DELIMITED) reader.skip(reader.uint32())
  else if (wireType === FIXED32) reader.skip(4)
  else throw new OnnxMalformedError(`wire type ${wireType} near byte ${reader.pos}`)
}

function requireWireType(id: number, actual: number, expected: WireType): void {
  if (actual !== expected) throw new OnnxMalformedError(`field ${id} has wire type ${actual} instead of ${expected}`)
}

/** The library hands out a Long object or, where none is installed, a number; its typings know only an empty Long. */
function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : (value as { toNumber(): number }).toNumber()
}
