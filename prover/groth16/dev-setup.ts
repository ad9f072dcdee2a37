// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import { type WrittenFile, writeFileAtomic } from '../binfile/atomic'
import { concatBytes } from '../binfile/container-writer'
import { FIELD_BYTES, toFieldBytes } from '../binfile/field'
import { publicCount, type R1cs } from '../binfile/r1cs'
import { r1csChunks } from '../binfile/r1cs-writer'
import { loadCurve } from './bn254-code'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import { domainOf } from './domain'
import { pointEngine } from './engine'
import type { EngineOptions, PointEngine } from './point-engine'
import { evaluateQap, type KeyScalars } from './qap'
import { drawToxicWaste, MIN_ENTROPY, publicToxicWaste, type ToxicWaste } from './toxic-waste'
import type { ZkeyHeader } from './zkey'
import { coefficientSection, NO_CONTRIBUTIONS, zkeyChunks } from './zkey-writer'

/** How the points of a key are computed. */
export type KeyOptions = EngineOptions & {
  /** What computes the points, the same from every engine; the fastest there is when absent. */
  readonly engine?: PointEngine
}

/** Where the toxic waste of a one-party setup comes from; nothing given means fresh randomness. */
export type DevSetupOptions = KeyOptions & {
  /** At least 32 secret bytes. The same entropy and circuit give the same key; another circuit gets other secrets. */
  readonly entropy?: Uint8Array
  /** A string everybody knows, for bundled demo models only: anyone can forge proofs under such a key. */
  readonly publicSeed?: string
}

/** Share of the whole that is done before the first point. */
const QAP_SHARE = 0.05

/**
 * Computes a Groth16 key straight from toxic waste, with no powers-of-tau file, and writes it in snarkjs' format. Who
 * ran it could forge proofs, so the key is for development (DESIGN 5.7).
 *
 * @throws EntropyTooShortError, PublicSeedEmptyError, CircuitTooLargeError, FileWriteError
 * @example
 * ```ts
 * await devSetup(readR1cs('model.r1cs'), 'model.zkey', { onProgress: (share) => bar.update(share) })
 * ```
 */
export async function devSetup(r1cs: R1cs, path: string, options: DevSetupOptions = {}): Promise<WrittenFile> {
  const { entropy, publicSeed } = options
  const waste =
    publicSeed === undefined ? drawToxicWaste(entropy && boundTo(r1cs, entropy)) : publicToxicWaste(publicSeed)
  return writeFileAtomic(path, await keyFromToxicWaste(r1cs, waste, options))
}

/** The chunks of the `.zkey` that belongs to this circuit and toxic waste: a function of the two, on every machine. */
export async function keyFromToxicWaste(
  r1cs: R1cs,
  waste: ToxicWaste,
  options: KeyOptions = {},
): Promise<Iterable<Uint8Array>> {
  options.signal?.throwIfAborted()
  const code = await loadCurve()
  const scalars = evaluateQap(code, r1cs, waste)
  options.onProgress?.(QAP_SHARE)
  // One call a group, so that every thread has work until the end.
  const g1 = concatBytes([
    ...[waste.alpha, waste.beta, waste.delta].map((value) => toFieldBytes(value)),
    ...G1_PARTS.map((part) => scalars[part]),
  ])
  const g2 = concatBytes([...[waste.beta, 1n, waste.delta].map((value) => toFieldBytes(value)), scalars.b])
  try {
    const share = (G2_WEIGHT * g2.byteLength) / (G2_WEIGHT * g2.byteLength + g1.byteLength)
    const part = (from: number, width: number): EngineOptions => ({
      ...options,
      onProgress: (fraction) => options.onProgress?.(QAP_SHARE + (1 - QAP_SHARE) * (from + width * fraction)),
    })
    const engine = options.engine ?? pointEngine()
    const points2 = await engine.multiplyGenerator('G2', g2, part(0, share))
    const points1 = await engine.multiplyGenerator('G1', g1, part(share, 1 - share))
    const header = headerOf(r1cs, points1, points2)
    const coefficients = coefficientSection(r1cs)
    let at = 3 * G1_BYTES
    const take = (name: (typeof G1_PARTS)[number]): Uint8Array => {
      const length = (scalars[name].byteLength / FIELD_BYTES) * G1_BYTES
      return points1.subarray(at, (at += length))
    }
    const [ic, a, b1, c, h] = G1_PARTS.map(take) as unknown as readonly [Bytes, Bytes, Bytes, Bytes, Bytes]
    const b2 = points2.subarray(3 * G2_BYTES)
    return zkeyChunks({ header, coefficients, points: { ic, a, b1, b2, c, h }, contributions: NO_CONTRIBUTIONS })
  } finally {
    wipe(scalars, g1, g2)
  }
}

type Bytes = Uint8Array

/** The order in which the points of G1 are computed. */
const G1_PARTS = ['ic', 'a', 'b', 'c', 'h'] as const
/** Time of a G2 multiplication in units of a G1 multiplication (measured). */
const G2_WEIGHT = 3

/** Memory that held secrets is overwritten; copies that the garbage collector made are out of reach. */
function wipe(scalars: KeyScalars, ...others: readonly Uint8Array[]): void {
  for (const bytes of [...Object.values(scalars), ...others]) bytes.fill(0)
}

function headerOf(r1cs: R1cs, g1: Uint8Array, g2: Uint8Array): ZkeyHeader {
  return {
    nWires: r1cs.nWires,
    nPublic: publicCount(r1cs),
    domainSize: domainOf(r1cs).size,
    alpha1: g1.subarray(0, G1_BYTES),
    beta1: g1.subarray(G1_BYTES, 2 * G1_BYTES),
    delta1: g1.subarray(2 * G1_BYTES, 3 * G1_BYTES),
    beta2: g2.subarray(0, G2_BYTES),
    gamma2: g2.subarray(G2_BYTES, 2 * G2_BYTES),
    delta2: g2.subarray(2 * G2_BYTES, 3 * G2_BYTES),
  }
}

/** Two circuits under one τ and δ would share points, from which proofs of one can be bent into proofs of the other. */
function boundTo(r1cs: R1cs, entropy: Uint8Array): Uint8Array {
  // Left as it is, so that it is refused as too short.
  if (entropy.byteLength < MIN_ENTROPY) return entropy
  const circuit = createHash('sha256')
  for (const chunk of r1csChunks(r1cs)) circuit.update(chunk)
  return createHash('sha512').update(circuit.digest()).update(entropy).digest()
}
