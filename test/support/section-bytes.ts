// SPDX-License-Identifier: GPL-3.0-or-later
import { Container, type ContainerType } from '../../prover/binfile/container'

/** Where a section of a file in memory lies. */
export function sectionAt(bytes: Uint8Array, type: ContainerType, id: number): { offset: number; length: number } {
  const file = Container.open(bytes, type, 2)
  const { offset, length } = file.entry(id)
  file.close()
  return { offset, length }
}

/** A copy of a file in memory with other bytes from some position of a section on. */
export function withBytes(
  bytes: Uint8Array,
  type: ContainerType,
  id: number,
  at: number,
  replacement: Uint8Array,
): Uint8Array {
  const copy = bytes.slice()
  copy.set(replacement, sectionAt(bytes, type, id).offset + at)
  return copy
}

/** A copy of a file in memory whose section has other content, of any length. */
export function withSection(bytes: Uint8Array, type: ContainerType, id: number, content: Uint8Array): Uint8Array {
  const { offset, length } = sectionAt(bytes, type, id)
  const head = bytes.slice(0, offset)
  new DataView(head.buffer).setBigUint64(offset - 8, BigInt(content.byteLength), true)
  return new Uint8Array(Buffer.concat([head, content, bytes.subarray(offset + length)]))
}

/** Truncations of a file in memory: around the start and the end of every section, and within it. */
export function truncations(bytes: Uint8Array, type: ContainerType): Uint8Array[] {
  const file = Container.open(bytes, type, 2)
  const cuts = file.sections.flatMap(({ offset, length }) => [
    offset - 12,
    offset - 1,
    offset,
    offset + (length >> 1),
    offset + length - 1,
  ])
  file.close()
  return [0, 3, 11, ...cuts].map((length) => bytes.subarray(0, length))
}
