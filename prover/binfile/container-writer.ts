// SPDX-License-Identifier: GPL-3.0-or-later
import type { ContainerType } from './container'
import { FIELD_BYTES, toFieldBytes } from './field'

/** One section to write: its length is declared first, so that a file of any size streams in one pass. */
export type SectionSource = {
  readonly id: number
  readonly length: number
  /** Exactly `length` bytes in all. */
  readonly chunks: Iterable<Uint8Array>
}

/** A section whose content is already in memory. */
export function sectionOf(id: number, bytes: Uint8Array): SectionSource {
  return { id, length: bytes.byteLength, chunks: [bytes] }
}

/**
 * The bytes of an iden3 container, chunk by chunk.
 *
 * @example
 * ```ts
 * await writeFileAtomic('out.wtns', containerChunks('wtns', 2, [sectionOf(1, header), sectionOf(2, values)]))
 * ```
 */
export function* containerChunks(
  type: ContainerType,
  version: number,
  sections: readonly SectionSource[],
): Generator<Uint8Array> {
  yield new HeaderWriter().ascii(type).u32(version).u32(sections.length).bytes()
  for (const { id, length, chunks } of sections) {
    yield new HeaderWriter().u32(id).u64(length).bytes()
    let written = 0
    for (const chunk of chunks) {
      written += chunk.byteLength
      yield chunk
    }
    if (written !== length) throw new Error(`section ${id} of a .${type} has ${written} bytes, ${length} were declared`)
  }
}

/** Joins chunks; for small files and tests. */
export function concatBytes(chunks: Iterable<Uint8Array>): Uint8Array {
  const all = [...chunks]
  const out = new Uint8Array(all.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let position = 0
  for (const chunk of all) {
    out.set(chunk, position)
    position += chunk.byteLength
  }
  return out
}

/** Builds the small, fixed-layout parts of a file: little-endian integers and field elements in sequence. */
export class HeaderWriter {
  private readonly parts: Uint8Array[] = []

  u32(value: number): this {
    const part = new Uint8Array(4)
    new DataView(part.buffer).setUint32(0, value, true)
    return this.append(part)
  }

  u64(value: number): this {
    const part = new Uint8Array(8)
    new DataView(part.buffer).setBigUint64(0, BigInt(value), true)
    return this.append(part)
  }

  ascii(text: string): this {
    return this.append(Uint8Array.from(text, (char) => char.charCodeAt(0)))
  }

  /** The length-prefixed prime that starts every iden3 header. */
  prime(value: bigint): this {
    return this.u32(FIELD_BYTES).append(toFieldBytes(value))
  }

  append(part: Uint8Array): this {
    this.parts.push(part)
    return this
  }

  bytes(): Uint8Array {
    return concatBytes(this.parts)
  }
}
