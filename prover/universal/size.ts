// SPDX-License-Identifier: GPL-3.0-or-later
import { FIELD_BYTES } from '../binfile/field'
import { G1_BYTES, G2_BYTES } from '../groth16/bn254-wasm'
import type { GateCount } from './gates'
import type { UniversalSystem } from './system'

/** Bytes of one addition in a key: two wires, two coefficients. */
export const ADDITION_BYTES = 8 + 2 * FIELD_BYTES
/** A polynomial is kept by its coefficients and by its values on a domain of four times the size. */
export const POLYNOMIAL_COPIES = 5
/** Points of τ beyond the domain that PLONK's blinded polynomials need. */
const PLONK_EXTRA_POINTS = 6

/** The sections of a universal `.zkey` by id: exact lengths in bytes. */
export type KeySections = ReadonlyMap<number, number>

/** Sections of a key whose place the code depends on. */
export const UNIVERSAL_ZKEY = { protocol: 1, header: 2, additions: 3, maps: [4, 5, 6] } as const

/** Number of points [τ^i]₁ that a setup reads. */
export function tauPoints(system: UniversalSystem, domainSize: number): number {
  return system === 'plonk' ? domainSize + PLONK_EXTRA_POINTS : 9 * domainSize + 18
}

/**
 * The sections that snarkjs writes for a circuit (plonk_setup.js, fflonk_setup.js). Their lengths grow with the domain,
 * and with the product of domain and public signals: each signal has a Lagrange polynomial of its own in the key.
 */
export function keySections(system: UniversalSystem, count: Omit<GateCount, 'ptauPower'>): KeySections {
  const { gates, additions, nPublic, domainSize } = count
  const polynomial = POLYNOMIAL_COPIES * domainSize * FIELD_BYTES
  const lagrange = Math.max(nPublic, 1) * polynomial
  const tau = tauPoints(system, domainSize) * G1_BYTES
  const fields = 2 * (4 + FIELD_BYTES) + 5 * 4
  const common: (readonly [number, number])[] = [
    [UNIVERSAL_ZKEY.protocol, 4],
    [UNIVERSAL_ZKEY.additions, additions * ADDITION_BYTES],
    ...UNIVERSAL_ZKEY.maps.map((section) => [section, gates * 4] as const),
    ...[7, 8, 9, 10, 11].map((section) => [section, polynomial] as const),
  ]
  if (system === 'plonk')
    return new Map([
      ...common,
      [UNIVERSAL_ZKEY.header, fields + 2 * FIELD_BYTES + 8 * G1_BYTES + G2_BYTES],
      [12, 3 * polynomial],
      [13, lagrange],
      [14, tau],
    ])
  return new Map([
    ...common,
    [UNIVERSAL_ZKEY.header, fields + 6 * FIELD_BYTES + G2_BYTES + G1_BYTES],
    ...[12, 13, 14].map((section) => [section, polynomial] as const),
    [15, lagrange],
    [16, tau],
    [17, 8 * domainSize * FIELD_BYTES],
  ])
}

/** Bytes of the `.zkey` of a circuit, exactly. */
export function keyBytes(system: UniversalSystem, count: Omit<GateCount, 'ptauPower'>): number {
  const sections = keySections(system, count)
  return [...sections.values()].reduce((sum, length) => sum + 12 + length, 12)
}

/**
 * Bytes of a powers-of-tau file of some power, prepared for phase 2, without the records of its contributions (some
 * hundred bytes each).
 */
export function ptauBytes(power: number): number {
  const n = 2 ** power
  const tau = (2 * n - 1) * G1_BYTES + n * (G2_BYTES + 2 * G1_BYTES) + G2_BYTES
  const lagrange = (4 * n - 1) * G1_BYTES + (2 * n - 1) * (G2_BYTES + 2 * G1_BYTES)
  return tau + lagrange
}

const MIB = 2 ** 20

/** Peak memory of a process, in bytes, that snarkjs' setup or prover runs in. Estimates. */
export type MemoryEstimate = { readonly setup: number; readonly prove: number; readonly setupHeap: number }

/**
 * What snarkjs 0.7.6 allocates, as bytes for each row of the domain (polynomials of 32 bytes a coefficient and 128 on
 * four times the domain, points of τ of 64, and copies for its threads), for each row and public signal (a Lagrange
 * polynomial on four times the domain), and for each gate (JavaScript objects). Fitted to peaks measured on 2^12 to 2^18
 * rows with two threads; see docs/universal.md.
 */
const MEMORY: Readonly<Record<UniversalSystem, { readonly setupRow: number; readonly proveRow: number }>> = {
  plonk: { setupRow: 2000, proveRow: 4700 },
  fflonk: { setupRow: 10_000, proveRow: 21_000 },
}
const BASE_BYTES = 220 * MIB
const GATE_HEAP_BYTES = 2000
const SIGNAL_ROW_BYTES = 4 * FIELD_BYTES

/** How much memory a setup and a proof will take, roughly. */
export function estimateMemory(
  system: UniversalSystem,
  count: Pick<GateCount, 'gates' | 'domainSize' | 'nPublic'>,
): MemoryEstimate {
  const { gates, domainSize, nPublic } = count
  const { setupRow, proveRow } = MEMORY[system]
  // FFLONK's prover reads all Lagrange polynomials with their coefficients.
  const signalRow = system === 'plonk' ? SIGNAL_ROW_BYTES : SIGNAL_ROW_BYTES + FIELD_BYTES
  const setupHeap = gates * GATE_HEAP_BYTES
  return {
    setup: BASE_BYTES + setupHeap + domainSize * setupRow,
    prove: BASE_BYTES + domainSize * (proveRow + signalRow * nPublic),
    setupHeap,
  }
}
