// SPDX-License-Identifier: GPL-3.0-or-later
import { FIELD_BYTES, fromFieldBytes } from './field'

const WORDS = FIELD_BYTES / 4
const EMPTY = -1

/**
 * Numbers distinct 256-bit values in order of first appearance, straight from their words: a circuit has millions of
 * coefficients but few distinct ones, and a BigInt for each occurrence would dominate reading it.
 */
export class FieldInterner {
  private count = 0
  private values = new Uint32Array(64 * WORDS)
  private slots = new Int32Array(256).fill(EMPTY)

  /** The number of the value at `words[position…position+7]`. */
  intern(words: Uint32Array, position: number): number {
    if (this.count * 2 >= this.slots.length) this.grow()
    let slot = this.hash(words, position)
    for (;;) {
      const index = this.slots[slot]!
      if (index === EMPTY) {
        this.slots[slot] = this.count
        return this.append(words, position)
      }
      if (this.equals(index, words, position)) return index
      slot = (slot + 1) & (this.slots.length - 1)
    }
  }

  /** The values, by number. */
  table(): bigint[] {
    const bytes = new Uint8Array(this.values.buffer, 0, this.count * FIELD_BYTES)
    return Array.from({ length: this.count }, (_, i) => fromFieldBytes(bytes, i * FIELD_BYTES))
  }

  private append(words: Uint32Array, position: number): number {
    if ((this.count + 1) * WORDS > this.values.length) {
      const larger = new Uint32Array(this.values.length * 2)
      larger.set(this.values)
      this.values = larger
    }
    const at = this.count * WORDS
    for (let i = 0; i < WORDS; i++) this.values[at + i] = words[position + i]!
    return this.count++
  }

  private equals(index: number, words: Uint32Array, position: number): boolean {
    const at = index * WORDS
    for (let i = 0; i < WORDS; i++) if (this.values[at + i] !== words[position + i]) return false
    return true
  }

  private hash(words: Uint32Array, position: number): number {
    let hash = 0x811c9dc5
    for (let i = 0; i < WORDS; i++) {
      hash = Math.imul(hash ^ words[position + i]!, 0x9e3779b1)
      hash ^= hash >>> 15
    }
    return (hash >>> 0) & (this.slots.length - 1)
  }

  private grow(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(EMPTY)
    for (let index = 0; index < this.count; index++) {
      let slot = this.hash(this.values, index * WORDS)
      while (this.slots[slot] !== EMPTY) slot = (slot + 1) & (this.slots.length - 1)
      this.slots[slot] = index
    }
  }
}
