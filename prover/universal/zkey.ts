// SPDX-License-Identifier: GPL-3.0-or-later
import type { Container } from '../binfile/container'
import { BinFileError, type ContainerInput, withContainer } from '../binfile/container'
import { BASE_FIELD, FIELD_BYTES, fromFieldBytes, SCALAR_FIELD } from '../binfile/field'
import { G1_BYTES, G2_BYTES } from '../groth16/bn254-wasm'
import { invert } from '../groth16/curve'
import { decodeG1, decodeG2 } from '../groth16/zkey'
import type { GateCount } from './gates'
import { keySections, UNIVERSAL_ZKEY } from './size'
import type { UniversalSystem } from './system'
import {
  checkUniversalKey,
  COMMITMENTS,
  keyConstants,
  MAX_POWER,
  type UniversalKey,
  UnsafeUniversalKeyError,
} from './vkey'

/** snarkjs' numbers of the protocols. */
const PROTOCOLS: Readonly<Record<number, UniversalSystem>> = { 2: 'plonk', 10: 'fflonk' }

/** What the header of a proving key says, checked. */
export type UniversalZkey = {
  readonly key: UniversalKey
  readonly counts: Omit<GateCount, 'ptauPower'>
  /** Wires of the circuit, without those of additions: what a witness has. */
  readonly circuitWires: number
}

/**
 * Reads the header of a PLONK or FFLONK `.zkey` and checks it, and that every section has the size that follows from it.
 *
 * @throws BinFileError, UnsafeUniversalKeyError
 */
export function readUniversalZkey(input: ContainerInput): UniversalZkey {
  return withContainer(input, 'zkey', 1, (file) => {
    const protocol = file.reader(UNIVERSAL_ZKEY.protocol)
    const system = PROTOCOLS[protocol.u32()]
    protocol.end()
    if (system === undefined)
      throw new BinFileError('BINFILE_UNSUPPORTED', file.path, 1, 'the key is neither for PLONK nor for FFLONK')
    const zkey = readHeader(file, system)
    for (const [section, bytes] of keySections(system, zkey.counts)) {
      const { length } = file.entry(section)
      if (length !== bytes) throw file.corrupt(section, `it should have ${bytes} bytes, but has ${length}`)
    }
    checkWires(file, zkey.counts)
    checkUniversalKey(zkey.key)
    return zkey
  })
}

function readHeader(file: Container, system: UniversalSystem): UniversalZkey {
  const reader = file.reader(UNIVERSAL_ZKEY.header)
  reader.prime(BASE_FIELD)
  reader.prime(SCALAR_FIELD)
  const [wires, nPublic, domainSize, additions, gates] = [
    reader.u32(),
    reader.u32(),
    reader.u32(),
    reader.u32(),
    reader.u32(),
  ]
  const power = Math.log2(domainSize)
  if (!Number.isInteger(power) || power < 3 || power > MAX_POWER || gates > domainSize)
    throw file.corrupt(UNIVERSAL_ZKEY.header, `it has ${gates} gates in a domain of ${domainSize}`)
  if (additions > gates || nPublic === 0 || nPublic >= wires - additions)
    throw file.corrupt(
      UNIVERSAL_ZKEY.header,
      `it has ${nPublic} public signals, ${additions} additions, ${wires} wires`,
    )
  const constants = keyConstants(system, power)
  for (const name of system === 'plonk' ? ['k1', 'k2'] : ['k1', 'k2', 'w3', 'w4', 'w8', 'wr']) {
    if (scalar(reader.take(FIELD_BYTES)) !== constants[name])
      throw new UnsafeUniversalKeyError(`has a ${name} that is not the one of its size`)
  }
  const points = (): UniversalKey['commitments'] => COMMITMENTS[system].map(() => decodeG1(reader.take(G1_BYTES)))
  // PLONK has its commitments first, FFLONK [τ]₂.
  const first = system === 'plonk' ? points() : undefined
  const x2 = decodeG2(reader.take(G2_BYTES))
  const key = { system, power, nPublic, commitments: first ?? points(), x2 }
  reader.end()
  return { key, counts: { gates, additions, wires, nPublic, domainSize, power }, circuitWires: wires - additions }
}

/** snarkjs takes a wire that does not exist for 0. */
function checkWires(file: Container, { wires, additions }: UniversalZkey['counts']): void {
  for (const section of UNIVERSAL_ZKEY.maps) {
    const bytes = file.section(section)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at < bytes.byteLength; at += 4) {
      const wire = view.getUint32(at, true)
      if (wire >= wires) throw file.corrupt(section, `it names wire ${wire} of ${wires}`)
    }
  }
  const reader = file.reader(UNIVERSAL_ZKEY.additions)
  for (let i = 0; i < additions; i++) {
    const [left, right] = [reader.u32(), reader.u32()]
    if (Math.max(left, right) >= wires - additions + i)
      throw file.corrupt(UNIVERSAL_ZKEY.additions, `addition ${i} names a wire that comes after it`)
    reader.take(2 * FIELD_BYTES)
  }
}

/** 1/2^256 mod r: takes a Montgomery element to the integer it stands for. */
const PER_MONTGOMERY = invert(1n << 256n, SCALAR_FIELD)

const scalar = (bytes: Uint8Array): bigint => (fromFieldBytes(bytes) * PER_MONTGOMERY) % SCALAR_FIELD
