// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'

import { BinFileError } from '../../binfile/container'
import { concatBytes, HeaderWriter } from '../../binfile/container-writer'
import { BASE_FIELD, FIELD_BYTES, fromFieldBytes, toFieldBytes } from '../../binfile/field'
import { loadPlainCurve } from '../bn254-code'
import { G1_BYTES, G2_BYTES } from '../bn254-wasm'
import type { PointEngine } from '../point-engine'
import { PTAU, POWER_SECTIONS, type Ptau, readPoints } from '../ptau/format'
import type { ZkeyHeader } from '../zkey'
import type { ZkeyPoints } from '../zkey-writer'

/** From this domain on, snarkjs hashes one H point too many. */
const SNARKJS_CHUNK = 1 << 14

/**
 * What snarkjs calls the circuit hash: BLAKE2b-512 of every point of the key before contributions, each list after its
 * length, the H points as τ^(n+i) − τ^i and not in the Lagrange form that the key has.
 *
 * For a domain of 2^15 rows and more, snarkjs reads those points in chunks of 2^14 and does not shorten the last
 * (src/zkey_new.js, hashHPoints), so it takes one point more than it announces: τ^(2n−1) − τ^(n−1), or, where the file
 * ends with τ^(2n−2), whatever bytes follow. We have to do the same to get the same hash.
 */
export async function circuitHash(
  { header, points }: { readonly header: ZkeyHeader; readonly points: ZkeyPoints },
  ptau: Ptau,
  engine: PointEngine,
): Promise<Uint8Array> {
  const hash = createHash('blake2b512')
  const update = async (group: 'G1' | 'G2', list: Uint8Array): Promise<void> => {
    hash.update(await engine.toUncompressed(group, list))
  }
  const updateList = async (group: 'G1' | 'G2', list: Uint8Array): Promise<void> => {
    hash.update(bigEndian(list.byteLength / (group === 'G1' ? G1_BYTES : G2_BYTES)))
    await update(group, list)
  }
  await update('G1', concatBytes([header.alpha1, header.beta1]))
  await update('G2', concatBytes([header.beta2, header.gamma2]))
  await update('G1', header.delta1)
  await update('G2', header.delta2)
  await updateList('G1', points.ic)
  hash.update(bigEndian(header.domainSize - 1))
  await update('G1', await differences(header.domainSize, ptau, engine))
  if (header.domainSize > SNARKJS_CHUNK) hash.update(await oneTooMany(header.domainSize, ptau))
  await updateList('G1', points.c)
  await updateList('G1', points.a)
  await updateList('G1', points.b1)
  await updateList('G2', points.b2)
  return new Uint8Array(hash.digest())
}

const TAU_G1 = POWER_SECTIONS[0]!

/** τ^(n+i) − τ^i for i < n − 1. */
async function differences(size: number, ptau: Ptau, engine: PointEngine): Promise<Uint8Array> {
  const [low, high] = [readPoints(ptau, TAU_G1, 0, size - 1), readPoints(ptau, TAU_G1, size, size - 1)]
  return engine.add('G1', high, negated(low))
}

async function oneTooMany(size: number, ptau: Ptau): Promise<Uint8Array> {
  const isThere = 2 * size - 1 < TAU_G1.count(ptau.power)
  const high = isThere ? readPoints(ptau, TAU_G1, 2 * size - 1, 1) : bytesAfterPowers(ptau)
  const { G1 } = await loadPlainCurve()
  // No other arithmetic would do: the bytes are no point, and coordinates above q are taken as this WASM takes them.
  return G1.toUncompressed(G1.toAffine(G1.sub(high, readPoints(ptau, TAU_G1, size - 1, 1))))
}

/** The 64 bytes of the file after the powers of τ in G1: the head of the next section, and what it starts with. */
function bytesAfterPowers({ file }: Ptau): Uint8Array {
  const end = file.entry(PTAU.tauG1).offset + file.entry(PTAU.tauG1).length
  const next = file.sections.find(({ offset }) => offset > end)
  if (next === undefined || next.length < G1_BYTES) {
    const problem = 'it is the last, and no circuit hash of this size can be computed; prepare the file again'
    throw new BinFileError('BINFILE_UNSUPPORTED', file.path, PTAU.tauG1, problem)
  }
  const head = new HeaderWriter().u32(next.id).u64(next.length).bytes()
  return concatBytes([head, file.section(next.id, 0, G1_BYTES - head.byteLength)])
}

function negated(points: Uint8Array): Uint8Array {
  const out = points.slice()
  for (let at = FIELD_BYTES; at < out.byteLength; at += G1_BYTES) {
    const y = fromFieldBytes(out, at)
    if (y !== 0n) toFieldBytes(BASE_FIELD - y, out, at)
  }
  return out
}

function bigEndian(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}
