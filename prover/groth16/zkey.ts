// SPDX-License-Identifier: GPL-3.0-or-later
import { BinFileError, Container, type ContainerInput } from '../binfile/container'
import { BASE_FIELD, FIELD_BYTES, fromFieldBytes, modulo, SCALAR_FIELD, tableToBytes } from '../binfile/field'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import { type G1Point, type G2Point, invert } from './curve'
import type { VerifyingKey } from './vkey'

/** The sections of a Groth16 `.zkey`, as snarkjs numbers them. */
export const ZKEY = {
  protocol: 1,
  header: 2,
  ic: 3,
  coefficients: 4,
  a: 5,
  b1: 6,
  b2: 7,
  c: 8,
  h: 9,
  contributions: 10,
} as const

export const GROTH16 = 1
/** Bytes of a coefficient entry: matrix, row, wire, value. */
export const COEFFICIENT_BYTES = 12 + FIELD_BYTES

/** The fixed part of a key; points are affine with Montgomery coordinates, as they stand in the file. */
export type ZkeyHeader = {
  readonly nWires: number
  readonly nPublic: number
  readonly domainSize: number
  readonly alpha1: Uint8Array
  readonly beta1: Uint8Array
  readonly beta2: Uint8Array
  readonly gamma2: Uint8Array
  readonly delta1: Uint8Array
  readonly delta2: Uint8Array
}

/** A Groth16 key opened for reading, its header and section sizes checked. Close it after use. */
export type Zkey = { readonly header: ZkeyHeader; readonly file: Container }

/**
 * Opens a `.zkey` file or its bytes.
 *
 * @throws BinFileError when it is not a Groth16 key over BN254, or its sections do not have the sizes that the header
 * implies.
 */
export function openZkey(input: ContainerInput): Zkey {
  const file = Container.open(input, 'zkey', 2)
  try {
    const protocol = file.reader(ZKEY.protocol)
    if (protocol.u32() !== GROTH16) {
      throw new BinFileError('BINFILE_UNSUPPORTED', file.path, ZKEY.protocol, 'the key is not for Groth16')
    }
    protocol.end()
    const header = readHeader(file)
    checkSizes(file, header)
    return { header, file }
  } catch (error) {
    file.close()
    throw error
  }
}

/** Opens a key, hands it to `use`, and closes it whatever happens. */
export function withZkey<T>(input: ContainerInput, use: (zkey: Zkey) => T): T {
  const zkey = openZkey(input)
  try {
    return use(zkey)
  } finally {
    zkey.file.close()
  }
}

/** The verifying key inside a proving key; unchecked, see `checkVerifyingKey`. */
export function verifyingKeyOf({ header, file }: Zkey): VerifyingKey {
  const ic = file.section(ZKEY.ic)
  return {
    alpha: decodeG1(header.alpha1),
    beta: decodeG2(header.beta2),
    gamma: decodeG2(header.gamma2),
    delta: decodeG2(header.delta2),
    ic: Array.from({ length: header.nPublic + 1 }, (_, i) => decodeG1(ic, i * G1_BYTES)),
  }
}

function readHeader(file: Container): ZkeyHeader {
  const reader = file.reader(ZKEY.header)
  reader.prime(BASE_FIELD)
  reader.prime(SCALAR_FIELD)
  const header = {
    nWires: reader.u32(),
    nPublic: reader.u32(),
    domainSize: reader.u32(),
    alpha1: reader.take(G1_BYTES),
    beta1: reader.take(G1_BYTES),
    beta2: reader.take(G2_BYTES),
    gamma2: reader.take(G2_BYTES),
    delta1: reader.take(G1_BYTES),
    delta2: reader.take(G2_BYTES),
  }
  reader.end()
  const { nWires, nPublic, domainSize } = header
  if (nPublic >= nWires) throw file.corrupt(ZKEY.header, `${nPublic} of ${nWires} wires would be public`)
  if (domainSize < 2 || (domainSize & (domainSize - 1)) !== 0) {
    throw file.corrupt(ZKEY.header, `the domain size ${domainSize} is not a power of two`)
  }
  return header
}

function checkSizes(file: Container, { nWires, nPublic, domainSize }: ZkeyHeader): void {
  const expected: readonly (readonly [number, number])[] = [
    [ZKEY.ic, (nPublic + 1) * G1_BYTES],
    [ZKEY.a, nWires * G1_BYTES],
    [ZKEY.b1, nWires * G1_BYTES],
    [ZKEY.b2, nWires * G2_BYTES],
    [ZKEY.c, (nWires - nPublic - 1) * G1_BYTES],
    [ZKEY.h, domainSize * G1_BYTES],
  ]
  for (const [id, bytes] of expected) {
    const { length } = file.entry(id)
    if (length !== bytes) throw file.corrupt(id, `it should have ${bytes} bytes, but has ${length}`)
  }
  const count = file.reader(ZKEY.coefficients, 0, 4).u32()
  const { length } = file.entry(ZKEY.coefficients)
  if (length !== 4 + count * COEFFICIENT_BYTES) {
    throw file.corrupt(ZKEY.coefficients, `it has ${length} bytes for ${count} coefficients`)
  }
}

/** 1/2^256 mod q: takes a Montgomery coordinate to the integer it stands for. */
const PER_MONTGOMERY = invert(1n << 256n, BASE_FIELD)

const coordinate = (bytes: Uint8Array, offset: number): bigint =>
  (fromFieldBytes(bytes, offset) * PER_MONTGOMERY) % BASE_FIELD

/** A G1 point of a key. */
export function decodeG1(bytes: Uint8Array, offset = 0): G1Point {
  return { x: coordinate(bytes, offset), y: coordinate(bytes, offset + FIELD_BYTES) }
}

/** A G2 point of a key. */
export function decodeG2(bytes: Uint8Array, offset = 0): G2Point {
  const part = (index: number): bigint => coordinate(bytes, offset + index * FIELD_BYTES)
  return { x: [part(0), part(1)], y: [part(2), part(3)] }
}

/** A G1 point as keys hold it. */
export const encodeG1 = ({ x, y }: G1Point): Uint8Array => encodeCoordinates([x, y])
/** A G2 point as keys hold it. */
export const encodeG2 = ({ x, y }: G2Point): Uint8Array => encodeCoordinates([...x, ...y])

function encodeCoordinates(values: readonly bigint[]): Uint8Array {
  return tableToBytes(values.map((value) => modulo(value << 256n, BASE_FIELD)))
}
