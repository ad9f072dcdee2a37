// SPDX-License-Identifier: GPL-3.0-or-later
import { statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { getHeapStatistics } from 'node:v8'

import { ZkmlError } from '../errors'
import { BinFileError, withContainer } from '../binfile/container'
import { BASE_FIELD } from '../binfile/field'
import type { R1cs } from '../binfile/r1cs'
import { G1_BYTES, G2_BYTES } from '../groth16/bn254-wasm'
import { PtauNotPreparedError, PtauTooSmallError } from '../groth16/ptau/format'
import { countGates, type GateCount } from './gates'
import { estimateMemory, keyBytes, type MemoryEstimate, ptauBytes, tauPoints } from './size'
import type { UniversalSystem } from './system'

/** What a universal setup of a circuit takes. Gates and key are exact; memory is an estimate. */
export type UniversalEstimate = GateCount & {
  readonly system: UniversalSystem
  readonly keyBytes: number
  /** Of a prepared powers-of-tau file of the least power that serves. */
  readonly ptauBytes: number
  readonly memory: MemoryEstimate
}

/** The stable codes of {@link UniversalFitError}: what there is too little of. */
export type UniversalFitErrorCode = 'UNIVERSAL_TOO_LARGE' | 'UNIVERSAL_MEMORY' | 'UNIVERSAL_DISK'

/** A universal setup or proof will not fit; refused before it starts. */
export class UniversalFitError extends ZkmlError {
  readonly code: UniversalFitErrorCode

  constructor(code: UniversalFitErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** What is there to fit into, in bytes; that of this machine when absent. */
export type Room = { readonly memory?: number; readonly heap?: number; readonly disk?: number }

/** The largest public powers of tau (Hermez) have this power. */
const MAX_PTAU_POWER = 28
/** snarkjs evaluates on four times the domain, and the field has roots of unity up to 2^28. */
const MAX_DOMAIN_POWER = 26

/**
 * What a circuit costs in a universal system, in one pass over its terms.
 *
 * @throws RepeatedWireError
 * @example
 * ```ts
 * const { gates, ptauPower, memory } = estimateUniversal(readR1cs('circuit.r1cs'), 'plonk')
 * ```
 */
export function estimateUniversal(r1cs: R1cs, system: UniversalSystem): UniversalEstimate {
  const count = countGates(r1cs, system)
  return {
    system,
    ...count,
    keyBytes: keyBytes(system, count),
    ptauBytes: ptauBytes(count.ptauPower),
    memory: estimateMemory(system, count),
  }
}

/**
 * Refuses what no machine can do, and then what this one cannot: a setup and, since a key is made to be used, the proofs
 * under it.
 *
 * @param path Where the key is to be written; its disk must have room.
 * @throws UniversalFitError
 */
export function requireFit(estimate: UniversalEstimate, path: string, room: Room = {}): void {
  const { system, gates, power, ptauPower, memory, keyBytes } = estimate
  const name = system.toUpperCase()
  const rows = `${count(gates)} gates, which take a domain of 2^${power}`
  if (ptauPower > MAX_PTAU_POWER || power > MAX_DOMAIN_POWER)
    throw new UniversalFitError(
      'UNIVERSAL_TOO_LARGE',
      `${name} needs ${rows} and powers of tau of 2^${ptauPower}; snarkjs reaches a domain of 2^${MAX_DOMAIN_POWER} and ` +
        `public files 2^${MAX_PTAU_POWER}: use groth16, for which affine maps are free`,
    )
  const heap = room.heap ?? heapRoom()
  if (memory.setupHeap > heap)
    throw new UniversalFitError(
      'UNIVERSAL_MEMORY',
      `the ${name} setup needs ${rows} and about ${formatBytes(memory.setupHeap)} of JavaScript heap, of which ${formatBytes(heap)} ` +
        `are left; set NODE_OPTIONS=--max-old-space-size=${Math.ceil((memory.setupHeap + HEAP_REST) / MIB)}, or use groth16`,
    )
  requireMemory(name, `setup needs ${rows} and`, memory.setup, room)
  requireMemory(name, `prover will need ${rows} and`, memory.prove, room)
  const disk = room.disk ?? diskRoom(path)
  if (keyBytes > disk)
    throw new UniversalFitError(
      'UNIVERSAL_DISK',
      `the ${name} key will have ${formatBytes(keyBytes)}, but the disk of ${path} has ${formatBytes(disk)} left; free some, or use groth16`,
    )
}

/** Refuses a proof for which there is too little memory. */
export function requireProverFit(system: UniversalSystem, estimate: MemoryEstimate, room: Room = {}): void {
  requireMemory(system.toUpperCase(), 'prover needs', estimate.prove, room)
}

function requireMemory(name: string, what: string, needed: number, room: Room): void {
  const free = room.memory ?? process.availableMemory()
  if (needed <= free) return
  throw new UniversalFitError(
    'UNIVERSAL_MEMORY',
    `the ${name} ${what} about ${formatBytes(needed)} of memory, but ${formatBytes(free)} are free; take a machine with more, or use ` +
      'groth16, for which affine maps are free',
  )
}

/**
 * Checks, before any long work, that a powers-of-tau file is whole, prepared and has every point that a setup reads.
 * snarkjs would read on into the next section.
 *
 * @throws BinFileError, PtauTooSmallError, PtauNotPreparedError
 */
export function checkUniversalPtau(
  path: string,
  estimate: Pick<UniversalEstimate, 'system' | 'power' | 'ptauPower' | 'domainSize'>,
): void {
  const { system, ptauPower, domainSize } = estimate
  withContainer(path, 'ptau', 1, (file) => {
    const header = file.reader(1)
    header.prime(BASE_FIELD)
    const available = header.u32()
    if (available < ptauPower) throw new PtauTooSmallError(path, available, ptauPower)
    if (!file.has(LAGRANGE)) throw new PtauNotPreparedError(path)
    const wanted = [
      [TAU_G1, tauPoints(system, domainSize) * G1_BYTES],
      [TAU_G2, 2 * G2_BYTES],
      // The Lagrange bases of the domains 1, 2, 4 … follow one another. FFLONK asks only that they are there.
      [LAGRANGE, system === 'plonk' ? (2 * domainSize - 1) * G1_BYTES : 0],
    ] as const
    for (const [id, bytes] of wanted) {
      if (file.entry(id).length < bytes)
        throw new BinFileError('BINFILE_TRUNCATED', path, id, `it should have at least ${bytes} bytes`)
    }
  })
}

/** The power of a powers-of-tau file. */
export function readPtauPower(path: string): number {
  return withContainer(path, 'ptau', 1, (file) => {
    const header = file.reader(1)
    header.prime(BASE_FIELD)
    return header.u32()
  })
}

const TAU_G1 = 2
const TAU_G2 = 3
const LAGRANGE = 12

const MIB = 2 ** 20
/** What else is on the heap. */
const HEAP_REST = 256 * MIB

function heapRoom(): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  return limit - used
}

function diskRoom(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(resolve(path)))
  return bavail * bsize
}

const count = (value: number): string => value.toLocaleString('en-US')

/** Bytes for people: 1.5 GiB. */
export function formatBytes(bytes: number): string {
  const [unit, name] = bytes >= 1024 * MIB ? [1024 * MIB, 'GiB'] : [MIB, 'MiB']
  return `${(bytes / unit).toFixed(1)} ${name}`
}
