// SPDX-License-Identifier: GPL-3.0-or-later

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
/** CIDv1, raw bytes, sha2-256, 32 bytes of digest. */
const RAW_SHA256 = Buffer.from([0x01, 0x55, 0x12, 0x20])
const DIGEST_BYTES = 32

/** The CIDv1 of one raw block, `bafkrei…`: nothing but a SHA-256 in other letters. `sha256` is lower-case hex. */
export function rawCid(sha256: string): string {
  return `b${encodeBase32(Buffer.concat([RAW_SHA256, Buffer.from(sha256, 'hex')]))}`
}

/** The SHA-256 that a CID is, lower-case hex; undefined for CIDs that are the hash of something else than the file. */
export function sha256OfCid(cid: string): string | undefined {
  const bytes = cid.startsWith('b') ? decodeBase32(cid.slice(1)) : undefined
  if (bytes?.length !== RAW_SHA256.length + DIGEST_BYTES || !bytes.subarray(0, 4).equals(RAW_SHA256)) return undefined
  return bytes.subarray(4).toString('hex')
}

/** RFC 4648 base32 in lower case, without padding. */
function encodeBase32(bytes: Uint8Array): string {
  let [text, bits, value] = ['', 0, 0]
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31]!
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31]!
}

/** The inverse; undefined when a letter is foreign or the bits that fill the last letter are not 0. */
function decodeBase32(text: string): Buffer | undefined {
  const bytes: number[] = []
  let [bits, value] = [0, 0]
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter)
    if (digit < 0) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) bytes.push((value >> (bits -= 8)) & 0xff)
  }
  const isCanonical = bits < 5 && (value & ((1 << bits) - 1)) === 0
  return isCanonical ? Buffer.from(bytes) : undefined
}
