// SPDX-License-Identifier: GPL-3.0-or-later
import { Reader, Writer } from 'protobufjs/minimal'

const LENGTH_DELIMITED = 2

/** The message with the content of one kind of embedded message changed. */
export function rewrite(message: Uint8Array, id: number, change: (content: Uint8Array) => Uint8Array): Uint8Array {
  return copyFields(message, (field, wireType, write, reader) => {
    if (field !== id || wireType !== LENGTH_DELIMITED) return false
    writeField(write, field, change(reader.bytes()))
    return true
  })
}

/** The message with those fields only that are kept. */
export function keepFields(message: Uint8Array, isKept: (field: number) => boolean): Uint8Array {
  return copyFields(message, (field, wireType, _, reader) => {
    if (isKept(field)) return false
    reader.skipType(wireType)
    return true
  })
}

/** An embedded message, or text. */
export function writeField(writer: Writer, field: number, content: Uint8Array): void {
  writer.uint32(((field << 3) | LENGTH_DELIMITED) >>> 0).bytes(content)
}

/** Copies a message field by field, byte for byte; `handle` says whether it has dealt with one. */
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
