// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../../errors'
import { BinFileError, Container, type ContainerInput } from '../../binfile/container'
import { BASE_FIELD } from '../../binfile/field'
import { G1_BYTES, G2_BYTES } from '../bn254-wasm'
import type { GroupName } from '../fixed-base'
import { TWO_ADICITY } from '../scalar-math'
import { type PtauContribution, readContribution } from './contribution'

/** The powers-of-tau file is for smaller circuits. */
export class PtauTooSmallError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_TOO_SMALL'

  constructor(path: string, power: number, needed: number) {
    super(
      `${path} has power ${power}, but the circuit needs power ${needed}; give a powers-of-tau file of ${needed} or more`,
    )
  }
}

/** The powers-of-tau file lacks the part that preparing it for phase 2 computes. */
export class PtauNotPreparedError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_NOT_PREPARED'

  constructor(path: string) {
    super(`${path} is not prepared for phase 2; run \`zkml ptau prepare\` on it, or take a prepared file`)
  }
}

/**
 * The sections of a `.ptau`, as snarkjs numbers them (src/powersoftau_new.js). With n = 2^power: τ^i·G1 for i < 2n − 1,
 * τ^i·G2, α·τ^i·G1 and β·τ^i·G1 for i < n, β·G2; and the same in the Lagrange bases of the domains 1, 2, 4 … n, one after
 * another, those of τ·G1 for 2n as well.
 */
export const PTAU = {
  header: 1,
  tauG1: 2,
  tauG2: 3,
  alphaTauG1: 4,
  betaTauG1: 5,
  betaG2: 6,
  contributions: 7,
  lagrangeTauG1: 12,
  lagrangeTauG2: 13,
  lagrangeAlphaTauG1: 14,
  lagrangeBetaTauG1: 15,
} as const

/** A section of points: its group, and how many there are for 2^power. */
export type PointSection = { readonly id: number; readonly group: GroupName; count(power: number): number }

export const POWER_SECTIONS: readonly PointSection[] = [
  { id: PTAU.tauG1, group: 'G1', count: (power) => 2 ** (power + 1) - 1 },
  { id: PTAU.tauG2, group: 'G2', count: (power) => 2 ** power },
  { id: PTAU.alphaTauG1, group: 'G1', count: (power) => 2 ** power },
  { id: PTAU.betaTauG1, group: 'G1', count: (power) => 2 ** power },
  { id: PTAU.betaG2, group: 'G2', count: () => 1 },
]

/** Lagrange sections, each with the section of powers it comes from and its largest domain. */
export type LagrangeSection = PointSection & { readonly of: number; top(power: number): number }

const lagrange = (id: number, group: GroupName, of: number, extra: number): LagrangeSection => ({
  id,
  group,
  of,
  top: (power) => power + extra,
  count: (power) => 2 ** (power + extra + 1) - 1,
})

export const LAGRANGE_SECTIONS: readonly LagrangeSection[] = [
  lagrange(PTAU.lagrangeTauG1, 'G1', PTAU.tauG1, 1),
  lagrange(PTAU.lagrangeTauG2, 'G2', PTAU.tauG2, 0),
  lagrange(PTAU.lagrangeAlphaTauG1, 'G1', PTAU.alphaTauG1, 0),
  lagrange(PTAU.lagrangeBetaTauG1, 'G1', PTAU.betaTauG1, 0),
]

export const pointBytes = (group: GroupName): number => (group === 'G1' ? G1_BYTES : G2_BYTES)

/** A powers-of-tau file opened for reading, its header and section sizes checked. Close it after use. */
export type Ptau = {
  readonly file: Container
  /** It serves circuits of up to 2^power rows. */
  readonly power: number
  /** Power of the ceremony; larger than `power` when the file was cut down afterwards. */
  readonly ceremonyPower: number
  readonly isPrepared: boolean
}

/**
 * Opens a `.ptau` file or its bytes.
 *
 * @throws BinFileError when it is none over BN254, or its sections do not have the sizes that its power implies.
 */
export function openPtau(input: ContainerInput): Ptau {
  const file = Container.open(input, 'ptau', 1)
  try {
    const reader = file.reader(PTAU.header)
    reader.prime(BASE_FIELD)
    const [power, ceremonyPower] = [reader.u32(), reader.u32()]
    reader.end()
    if (power < 1 || power > TWO_ADICITY || ceremonyPower < power || ceremonyPower > TWO_ADICITY) {
      throw file.corrupt(PTAU.header, `power ${power} of a ceremony of power ${ceremonyPower} is impossible`)
    }
    const isPrepared = LAGRANGE_SECTIONS.some(({ id }) => file.has(id))
    for (const { id, group, count } of [...POWER_SECTIONS, ...(isPrepared ? LAGRANGE_SECTIONS : [])]) {
      checkSize(file, id, count(power) * pointBytes(group))
    }
    return { file, power, ceremonyPower, isPrepared }
  } catch (error) {
    file.close()
    throw error
  }
}

function checkSize(file: Container, id: number, bytes: number): void {
  const { length } = file.entry(id)
  if (length === bytes) return
  const problem = `it should have ${bytes} bytes, but has ${length}`
  throw new BinFileError(length < bytes ? 'BINFILE_TRUNCATED' : 'BINFILE_CORRUPT', file.path, id, problem)
}

/** Opens a powers-of-tau file, hands it to `use`, and closes it when that has ended. */
export async function withPtau<T>(input: ContainerInput, use: (ptau: Ptau) => T | Promise<T>): Promise<T> {
  const ptau = openPtau(input)
  try {
    return await use(ptau)
  } finally {
    ptau.file.close()
  }
}

/**
 * Checks, before any long work, that a file is whole, prepared and large enough for 2^power rows.
 *
 * @throws BinFileError, PtauTooSmallError, PtauNotPreparedError
 */
export function checkPtau(input: ContainerInput, power: number): void {
  const ptau = openPtau(input)
  ptau.file.close()
  requirePower(ptau, power)
}

/** @throws PtauTooSmallError, PtauNotPreparedError */
export function requirePower({ file, power, isPrepared }: Ptau, needed: number): void {
  if (power < needed) throw new PtauTooSmallError(file.path, power, needed)
  if (!isPrepared) throw new PtauNotPreparedError(file.path)
}

/** The points `from` to `from + count` of a section. */
export function readPoints({ file }: Ptau, { id, group }: PointSection, from: number, count: number): Uint8Array {
  return file.section(id, from * pointBytes(group), count * pointBytes(group))
}

/** The Lagrange basis of the domain of 2^power rows. */
export function readBasis(ptau: Ptau, id: number, power: number): Uint8Array {
  const section = LAGRANGE_SECTIONS.find((lagrangeSection) => lagrangeSection.id === id)!
  return readPoints(ptau, section, 2 ** power - 1, 2 ** power)
}

/** The contributions, oldest first; their points are not checked. */
export function readContributions({ file }: Ptau): PtauContribution[] {
  const reader = file.reader(PTAU.contributions)
  const count = reader.u32()
  const fail = (problem: string): BinFileError => file.corrupt(PTAU.contributions, problem)
  const contributions: PtauContribution[] = []
  // A count that is too large ends at the end of the section.
  for (let i = 0; i < count; i++) contributions.push(readContribution(reader, fail))
  reader.end()
  return contributions
}
