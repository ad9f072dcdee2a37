// SPDX-License-Identifier: GPL-3.0-or-later
import type { ChaCha } from 'ffjavascript'

import { type WrittenFile, writeFileAtomic } from '../../binfile/atomic'
import {
  concatBytes,
  containerChunks,
  HeaderWriter,
  sectionOf,
  type SectionSource,
} from '../../binfile/container-writer'
import { BASE_FIELD, FIELD_BYTES, modulo, toFieldBytes } from '../../binfile/field'
import { checkContributionName, type ContributionFields } from '../contribution/fields'
import { type Beacon, beaconRng, secretRng } from '../contribution/randomness'
import { type PointEngine, type EngineOptions } from '../point-engine'
import { stagesOf } from '../stages'
import { checkMembers, PtauInvalidError, PtauPowerError } from './checks'
import { type PtauContribution, writeContributions } from './contribution'
import { LAGRANGE_SECTIONS, pointBytes, POWER_SECTIONS, PTAU, readContributions, readPoints, withPtau } from './format'
import { lagrangeScalars } from './lagrange-scalars'
import { drawKey, firstChallenge, type Powers, type PtauFactors, recordContribution } from './transcript'

/** Largest power that is made in memory here; ceremonies of that size have their files published. */
export const MAX_NEW_POWER = 21

/** Who contributes, and from what. */
export type ContributeOptions = EngineOptions & {
  readonly engine: PointEngine
  /** Kept in the file, for all to see. */
  readonly name?: string
  /** Text that is hashed together with the randomness of this machine. */
  readonly entropy?: string
}

/** Who contributes a beacon, which is public. */
export type BeaconOptions = Omit<ContributeOptions, 'entropy'> & { readonly beacon: Beacon }

/**
 * Makes powers of tau for circuits of up to 2^power rows, with one contribution, prepared for phase 2. This process
 * knows the secrets while it runs, so the Lagrange bases are computed from them and not from the points.
 *
 * @throws PtauPowerError, ContributionNameError, FileWriteError
 */
export async function newPtau(path: string, power: number, options: ContributeOptions): Promise<WrittenFile> {
  const { engine, name, entropy } = options
  if (!Number.isInteger(power) || power < 1 || power > MAX_NEW_POWER) {
    throw new PtauPowerError(`powers of tau are made here for 2^1 to 2^${MAX_NEW_POWER} rows, not 2^${power}`)
  }
  checkContributionName(name)
  const challenge = await firstChallenge(power)
  const { factors, key } = await drawKey(challenge, secretRng(entropy))
  const stages = stagesOf(options, [0.35, 0.05, 0.6])
  const powers = await fromScalars(engine, powerScalars(power, factors), POWER_GROUPS, stages(0))
  const contribution = await recordContribution(engine, challenge, key, powers)
  const bases = await fromScalars(engine, lagrangeScalars(power, factors), LAGRANGE_GROUPS, stages(2))
  return write(path, power, powers, [withFields(contribution, name)], bases)
}

/**
 * Adds a contribution to a file, from fresh randomness. What comes out is not prepared for phase 2.
 *
 * @throws BinFileError, PtauInvalidError, PtauPowerError, ContributionNameError, FileWriteError
 */
export async function contributePtau(from: string, to: string, options: ContributeOptions): Promise<WrittenFile> {
  checkContributionName(options.name)
  return contribute(from, to, options, {}, () => Promise.resolve(secretRng(options.entropy)))
}

/**
 * Adds the contribution that follows from a public value, in the same way for everyone, and snarkjs too.
 *
 * @throws BinFileError, BeaconError, PtauPowerError, ContributionNameError, FileWriteError
 */
export async function beaconPtau(from: string, to: string, options: BeaconOptions): Promise<WrittenFile> {
  checkContributionName(options.name)
  const { beacon, signal } = options
  return contribute(from, to, options, { beacon }, () => beaconRng(beacon, signal && { signal }))
}

async function contribute(
  from: string,
  to: string,
  options: Omit<ContributeOptions, 'entropy'>,
  fields: ContributionFields,
  draw: () => Promise<ChaCha>,
): Promise<WrittenFile> {
  const { engine, name } = options
  return withPtau(from, async (ptau) => {
    const { power, ceremonyPower } = ptau
    if (power !== ceremonyPower) {
      throw new PtauPowerError(
        `${from} was cut down from power ${ceremonyPower}, so nothing can be added to it; take the whole file`,
      )
    }
    const earlier = readContributions(ptau)
    const challenge = earlier.at(-1)?.nextChallenge ?? (await firstChallenge(power))
    const { factors, key } = await drawKey(challenge, await draw())
    const fail = (problem: string): never => {
      throw new PtauInvalidError(from, problem)
    }
    const firsts = [1n, 1n, factors.alpha, factors.beta, factors.beta]
    const stages = stagesOf(options, [0.4, 0.35, 0.1, 0.1, 0.05])
    const powers: Uint8Array[] = []
    for (const [i, section] of POWER_SECTIONS.entries()) {
      const points = readPoints(ptau, section, 0, section.count(power))
      // Multiples of points outside the group would tell the factors modulo small numbers.
      await checkMembers({ engine, fail }, section, points)
      powers.push(await engine.scale(section.group, points, { first: firsts[i]!, step: factors.tau }, stages(i)))
    }
    const contribution = await recordContribution(engine, challenge, key, powers)
    return write(to, power, powers, [...earlier, { ...withFields(contribution, name), ...fields }])
  })
}

/**
 * Computes the Lagrange bases that phase 2 starts from; anyone can check them against the powers.
 *
 * @throws BinFileError, FileWriteError
 */
export async function preparePtau(
  from: string,
  to: string,
  options: EngineOptions & { readonly engine: PointEngine },
): Promise<WrittenFile> {
  return withPtau(from, async (ptau) => {
    const { power, ceremonyPower, file } = ptau
    const levels = LAGRANGE_SECTIONS.flatMap((section) =>
      Array.from({ length: section.top(power) + 1 }, (_, level) => ({ section, level })),
    )
    const weights = levels.map(({ section, level }) => 2 ** level * (level + 1) * (section.group === 'G1' ? 1 : 3))
    const stages = stagesOf(options, weights)
    const bases = LAGRANGE_SECTIONS.map((): Uint8Array[] => [])
    for (const [i, { section, level }] of levels.entries()) {
      const source = POWER_SECTIONS.find(({ id }) => id === section.of)!
      const size = 2 ** level
      // The powers of τ in G1 are one short of the largest domain; infinity stands for the one that is missing.
      const points = new Uint8Array(size * pointBytes(section.group))
      points.set(readPoints(ptau, source, 0, Math.min(size, source.count(power))))
      const basis = await options.engine.toLagrange(section.group, points, stages(i))
      bases[LAGRANGE_SECTIONS.indexOf(section)]!.push(basis)
    }
    const powers = POWER_SECTIONS.map((section) => readPoints(ptau, section, 0, section.count(power)))
    const contributions = file.section(PTAU.contributions)
    return writeFileAtomic(to, chunks(power, ceremonyPower, powers, contributions, bases.map(concatBytes)))
  })
}

const POWER_GROUPS = POWER_SECTIONS.map(({ group }) => group)
const LAGRANGE_GROUPS = LAGRANGE_SECTIONS.map(({ group }) => group)

/** Secret scalars to points; they are overwritten. */
async function fromScalars(
  engine: PointEngine,
  scalars: readonly Uint8Array[],
  groups: readonly ('G1' | 'G2')[],
  options: EngineOptions,
): Promise<Uint8Array[]> {
  const weights = scalars.map(({ byteLength }, i) => byteLength * (groups[i] === 'G1' ? 1 : 3))
  const stages = stagesOf(options, weights)
  try {
    const points: Uint8Array[] = []
    for (const [i, group] of groups.entries())
      points.push(await engine.multiplyGenerator(group, scalars[i]!, stages(i)))
    return points
  } finally {
    for (const bytes of scalars) bytes.fill(0)
  }
}

function powerScalars(power: number, { tau, alpha, beta }: PtauFactors): Uint8Array[] {
  const firsts = [1n, 1n, alpha, beta, beta]
  return POWER_SECTIONS.map(({ count }, section) => {
    const out = new Uint8Array(count(power) * FIELD_BYTES)
    let value = modulo(firsts[section]!)
    for (let i = 0; i < out.byteLength; i += FIELD_BYTES) {
      toFieldBytes(value, out, i)
      value = modulo(value * tau)
    }
    return out
  })
}

const withFields = (contribution: PtauContribution, name: string | undefined): PtauContribution =>
  name === undefined ? contribution : { ...contribution, name }

async function write(
  path: string,
  power: number,
  powers: Powers,
  contributions: readonly PtauContribution[],
  bases: readonly Uint8Array[] = [],
): Promise<WrittenFile> {
  return writeFileAtomic(path, chunks(power, power, powers, writeContributions(contributions), bases))
}

function chunks(
  power: number,
  ceremonyPower: number,
  powers: Powers,
  contributions: Uint8Array,
  bases: readonly Uint8Array[],
): Iterable<Uint8Array> {
  const header = new HeaderWriter().prime(BASE_FIELD).u32(power).u32(ceremonyPower).bytes()
  const sections: SectionSource[] = [
    sectionOf(PTAU.header, header),
    ...POWER_SECTIONS.map(({ id }, i) => sectionOf(id, powers[i]!)),
    sectionOf(PTAU.contributions, contributions),
    ...bases.map((points, i) => sectionOf(LAGRANGE_SECTIONS[i]!.id, points)),
  ]
  return containerChunks('ptau', 1, sections)
}
