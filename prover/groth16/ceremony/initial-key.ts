// SPDX-License-Identifier: GPL-3.0-or-later
import { concatBytes } from '../../binfile/container-writer'
import { publicCount, type R1cs } from '../../binfile/r1cs'
import { loadPlainCurve } from '../bn254-code'
import { G1_BYTES } from '../bn254-wasm'
import { domainOf } from '../domain'
import type { EngineOptions, PointEngine } from '../point-engine'
import { PTAU, POWER_SECTIONS, type Ptau, readBasis, readPoints, requirePower } from '../ptau/format'
import { stagesOf } from '../stages'
import type { ZkeyHeader } from '../zkey'
import { coefficientSection, type KeyParts, type ZkeyPoints } from '../zkey-writer'
import { circuitHash } from './circuit-hash'
import { columnsOf } from './columns'

/** A key without contributions, and the circuit hash that its contributions start from. */
export type InitialKey = Omit<KeyParts, 'contributions'> & { readonly circuitHash: Uint8Array }

/**
 * The key of a circuit before any contribution, δ = γ = 1, with the same points and the same circuit hash as snarkjs gives
 * it (src/zkey_new.js). Everybody can forge proofs under it.
 *
 * @throws PtauTooSmallError, PtauNotPreparedError, BinFileError, CircuitTooLargeError
 */
export async function initialKey(
  r1cs: R1cs,
  ptau: Ptau,
  options: EngineOptions & { readonly engine: PointEngine },
): Promise<InitialKey> {
  const { engine } = options
  const { power, size } = domainOf(r1cs)
  requirePower(ptau, power)
  const nPublic = publicCount(r1cs)
  const tau1 = readBasis(ptau, PTAU.lagrangeTauG1, power)
  const mixed = concatBytes([
    readBasis(ptau, PTAU.lagrangeBetaTauG1, power),
    readBasis(ptau, PTAU.lagrangeAlphaTauG1, power),
    tau1,
  ])
  const [a, b, c] = [r1cs.a, r1cs.b, r1cs.c].map((rows, i) => ({ rows, offset: i * size }))
  const added = { ones: nPublic + 1, onesAt: r1cs.nConstraints }
  const terms = [r1cs.a, r1cs.b, r1cs.c].map((rows) => rows.wire.length + r1cs.nWires)
  const stages = stagesOf(options, [terms[0]! + terms[1]! + terms[2]!, terms[0]!, terms[1]!, 3 * terms[1]!, size])

  const sums = await engine.combineColumns('G1', mixed, columnsOf(r1cs, [a!, b!, c!], added), stages(0))
  const rowsOfB = columnsOf(r1cs, [{ rows: r1cs.b, offset: 0 }])
  const points: ZkeyPoints = {
    ic: sums.slice(0, (nPublic + 1) * G1_BYTES),
    c: sums.slice((nPublic + 1) * G1_BYTES),
    a: await engine.combineColumns('G1', tau1, columnsOf(r1cs, [a!], added), stages(1)),
    b1: await engine.combineColumns('G1', tau1, rowsOfB, stages(2)),
    b2: await engine.combineColumns('G2', readBasis(ptau, PTAU.lagrangeTauG2, power), rowsOfB, stages(3)),
    h: oddPoints(readBasis(ptau, PTAU.lagrangeTauG1, power + 1)),
  }
  const header = await initialHeader(r1cs, ptau)
  const hash = await circuitHash({ header, points }, ptau, engine)
  return { header, coefficients: coefficientSection(r1cs), points, circuitHash: hash }
}

async function initialHeader(r1cs: R1cs, ptau: Ptau): Promise<ZkeyHeader> {
  const { G1, G2 } = await loadPlainCurve()
  const first = (id: number): Uint8Array =>
    readPoints(
      ptau,
      POWER_SECTIONS.find((section) => section.id === id)!,
      0,
      1,
    )
  return {
    nWires: r1cs.nWires,
    nPublic: publicCount(r1cs),
    domainSize: domainOf(r1cs).size,
    alpha1: first(PTAU.alphaTauG1),
    beta1: first(PTAU.betaTauG1),
    beta2: first(PTAU.betaG2),
    gamma2: G2.gAffine,
    delta1: G1.gAffine,
    delta2: G2.gAffine,
  }
}

/** See `evaluateQap` for why the odd points of the larger domain are what the prover needs. */
function oddPoints(points: Uint8Array): Uint8Array {
  const out = new Uint8Array(points.byteLength / 2)
  for (let at = 0; at < out.byteLength; at += G1_BYTES) {
    out.set(points.subarray(2 * at + G1_BYTES, 2 * at + 2 * G1_BYTES), at)
  }
  return out
}
