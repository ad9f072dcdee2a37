// SPDX-License-Identifier: GPL-3.0-or-later

import { getBytes, keccak256 } from 'ethers'

const BYTES = 256
const HASHES = 3

/** Bits of a block's bloom filter that an address or topic sets, as positions from the least significant. */
export function bloomBits(value: string): readonly number[] {
  const hash = getBytes(keccak256(value))
  return Array.from({ length: HASHES }, (_, i) => ((hash[2 * i]! << 8) | hash[2 * i + 1]!) % (8 * BYTES))
}

/**
 * Makes a test for blocks that may have a log of one of these addresses with this topic. Its no is certain.
 *
 * @returns the test; it takes a bloom filter of 256 bytes as a 0x string.
 */
export function bloomTest(addresses: readonly string[], topic: string): (bloom: string) => boolean {
  const topicBits = bloomBits(topic)
  const addressBits = addresses.map(bloomBits)
  return (bloom) => {
    const bytes = Buffer.from(bloom.slice(2), 'hex')
    const has = (bits: readonly number[]): boolean =>
      bits.every((bit) => ((bytes[BYTES - 1 - (bit >> 3)]! >> (bit & 7)) & 1) === 1)
    return has(topicBits) && addressBits.some(has)
  }
}
