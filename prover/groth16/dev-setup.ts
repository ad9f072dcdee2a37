// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import { type WrittenFile, writeFileAtomic } from '../binfile/atomic'
import { concatBytes } from '../binfile/container-writer'
import { toFieldBytes } from '../binfile/field'
import { publicCount, type R1cs } from '../binfile/r1cs'
import { r1csChunks } from '../binfile/r1cs-writer'
import { loadCurve } from './bn254-code'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import { domainOf } from './domain'
import { multiplyGenerators, type PoolOptions } from './point-pool'
import { evaluateQap, type KeyScalars } from './qap'
import { drawToxicWaste, MIN_ENTROPY, publicToxicWaste, type ToxicWaste } from './toxic-waste'
import type { ZkeyHeader } from './zkey'
import { coefficientSection, NO_CONTRIBUTIONS, zkeyChunks } from './zkey-writer'

/** Where the toxic waste of a one-party setup comes from; nothing given means fresh randomness. */
export type DevSetupOptions = PoolOptions & {
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
  options: PoolOptions = {},
): Promise<Iterable<Uint8Array>> {
  options.signal?.throwIfAborted()
  const code = await loadCurve()
  const scalars = evaluateQap(code, r1cs, waste)
  options.onProgress?.(QAP_SHARE)
  const fixedG1 = concatBytes([waste.alpha, waste.beta, waste.delta].map((value) => toFieldBytes(value)))
  const fixedG2 = concatBytes([waste.beta, 1n, waste.delta].map((value) => toFieldBytes(value)))
  try {
    const points = await multiplyGenerators(
      code,
      [
        { group: 'G2', scalars: scalars.b },
        { group: 'G2', scalars: fixedG2 },
        { group: 'G1', scalars: fixedG1 },
        { group: 'G1', scalars: scalars.ic },
        { group: 'G1', scalars: scalars.a },
        { group: 'G1', scalars: scalars.b },
        { group: 'G1', scalars: scalars.c },
        { group: 'G1', scalars: scalars.h },
      ],
      { ...options, onProgress: (share) => options.onProgress?.(QAP_SHARE + (1 - QAP_SHARE) * share) },
    )
    const [b2, fixed2, fixed1, ic, a, b1, c, h] = points as unknown as EightPoints
    const header = headerOf(r1cs, fixed1, fixed2)
    const coefficients = coefficientSection(r1cs)
    return zkeyChunks({ header, coefficients, points: { ic, a, b1, b2, c, h }, contributions: NO_CONTRIBUTIONS })
  } finally {
    wipe(scalars, fixedG1, fixedG2)
  }
}

type Bytes = Uint8Array
type EightPoints = readonly [Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes]

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
    delta1: g1.subarray(2 * G1_BYTES),
    beta2: g2.subarray(0, G2_BYTES),
    gamma2: g2.subarray(G2_BYTES, 2 * G2_BYTES),
    delta2: g2.subarray(2 * G2_BYTES),
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
