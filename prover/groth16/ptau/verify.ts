// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'

import { loadPlainCurve } from '../bn254-code'
import { isInG2Subgroup } from '../curve'
import { isSameRatio } from '../pairing'
import { COEFFICIENT_SIZE, randomCoefficients } from '../point-checks'
import type { EngineOptions, PointEngine } from '../point-engine'
import { stagesOf } from '../stages'
import { decodeG2 } from '../zkey'
import type { PtauContribution, PtauState } from './contribution'
import { checkLagrange } from './lagrange-check'
import {
  LAGRANGE_SECTIONS,
  pointBytes,
  POWER_SECTIONS,
  type PointSection,
  type Ptau,
  PTAU,
  readContributions,
  readPoints,
} from './format'
import { checkChain } from './chain'
import { PtauInvalidError, PtauPowerError, ROUNDS, type PtauCheck } from './checks'
import { responseHash } from './transcript'

export type PtauVerifyOptions = EngineOptions & { readonly engine: PointEngine }

/** Largest power whose sections are read into memory; 2^22 takes 1 GiB for the largest. */
export const MAX_VERIFIED_POWER = 22

/**
 * Checks everything in a powers-of-tau file that can be checked without its secrets:
 *
 * - every point is on its curve, and those of G2 are in the subgroup of order r;
 * - sections 2 to 5 are powers of one τ, from the generator, α·G1 and β·G1 on, and β is one in both groups;
 * - every contribution proves knowledge of its factors against the hash of the one before and follows from it, and a
 *   beacon has the factors that follow from its value;
 * - the last hash is that of the points in the file (which a file that was cut down no longer has);
 * - the Lagrange sections, where there are any, are those of the powers.
 *
 * What it cannot show: that one of the contributors forgot their factors, which is all that soundness needs.
 *
 * @throws PtauInvalidError, PtauPowerError, BinFileError
 */
export async function verifyPtau(ptau: Ptau, options: PtauVerifyOptions): Promise<readonly PtauContribution[]> {
  if (ptau.power > MAX_VERIFIED_POWER) {
    throw new PtauPowerError(
      `${ptau.file.path} has power ${ptau.power}, and up to ${MAX_VERIFIED_POWER} are verified here; take a smaller file`,
    )
  }
  const fail = (problem: string): never => {
    throw new PtauInvalidError(ptau.file.path, problem)
  }
  const contributions = readContributions(ptau)
  const last = contributions.at(-1) ?? fail('it has no contribution, so everybody knows its secrets')
  if (contributions.every(({ beacon }) => beacon !== undefined)) {
    fail('it has beacons only, which are public, so everybody knows its secrets')
  }
  const sections = [...POWER_SECTIONS, ...(ptau.isPrepared ? LAGRANGE_SECTIONS : [])]
  const weight = (section: PointSection): number => section.count(ptau.power) * (section.group === 'G1' ? 1 : 3)
  const stages = stagesOf(options, [
    sum(sections.map(weight)) * 0.2,
    sum(POWER_SECTIONS.map(weight)),
    sum(sections.map(weight)),
  ])
  const check = { ptau, engine: options.engine, fail }

  await checkOnCurve(check, sections, stages(0))
  await checkChain(contributions, ptau.ceremonyPower, fail, options.signal)
  await checkPowers(check, last, stages(1))
  if (ptau.power === ptau.ceremonyPower) await checkLastHash(check, last)
  if (ptau.isPrepared) await checkLagrange(check, stages(2))
  options.onProgress?.(1)
  return contributions
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

async function checkOnCurve(
  { ptau, engine, fail }: PtauCheck,
  sections: readonly PointSection[],
  options: EngineOptions,
): Promise<void> {
  const stages = stagesOf(
    options,
    sections.map((section) => section.count(ptau.power)),
  )
  for (const [i, section] of sections.entries()) {
    const points = readPoints(ptau, section, 0, section.count(ptau.power))
    const index = await engine.firstInvalid(section.group, points, stages(i))
    if (index >= 0) fail(`point ${index} of section ${section.id} is not on the curve`)
  }
}

/** Sections 2 to 6 against the points that the last contribution states. */
async function checkPowers(check: PtauCheck, last: PtauState, options: EngineOptions): Promise<void> {
  const { ptau, fail } = check
  const { G1, G2 } = await loadPlainCurve()
  const first = (id: number, index = 0): Uint8Array => {
    const section = POWER_SECTIONS.find((powers) => powers.id === id)!
    return readPoints(ptau, section, index, 1)
  }
  const isEqual = (a: Uint8Array, b: Uint8Array, what: string): void => {
    if (Buffer.compare(a, b) !== 0) fail(what)
  }
  isEqual(first(PTAU.tauG1), G1.gAffine, 'its powers in G1 do not begin with the generator')
  isEqual(first(PTAU.tauG2), G2.gAffine, 'its powers in G2 do not begin with the generator')
  isEqual(first(PTAU.tauG1, 1), last.tauG1, 'τ in G1 is not that of the last contribution')
  isEqual(first(PTAU.tauG2, 1), last.tauG2, 'τ in G2 is not that of the last contribution')
  isEqual(first(PTAU.alphaTauG1), last.alphaG1, 'α is not that of the last contribution')
  isEqual(first(PTAU.betaTauG1), last.betaG1, 'β in G1 is not that of the last contribution')
  isEqual(first(PTAU.betaG2), last.betaG2, 'β in G2 is not that of the last contribution')
  if (!(await isSameRatio([G1.gAffine, last.tauG1], [G2.gAffine, last.tauG2]))) fail('τ differs between G1 and G2')
  if (!(await isSameRatio([G1.gAffine, last.betaG1], [G2.gAffine, last.betaG2]))) fail('β differs between G1 and G2')

  const sections = POWER_SECTIONS.filter(({ id }) => id !== PTAU.betaG2)
  const stages = stagesOf(
    options,
    sections.map((section) => section.count(ptau.power) * pointBytes(section.group)),
  )
  for (const [i, section] of sections.entries()) await checkRatio(check, section, last, stages(i))
}

/** Whether each point of a section is τ times the one before: Σρ·P_{i+1} = τ·Σρ·P_i for random ρ. */
async function checkRatio(
  { ptau, engine, fail }: PtauCheck,
  section: PointSection,
  last: PtauState,
  options: EngineOptions,
): Promise<void> {
  const { group, id } = section
  const { G1, G2 } = await loadPlainCurve()
  const points = readPoints(ptau, section, 0, section.count(ptau.power))
  const size = pointBytes(group)
  const count = points.byteLength / size - 1
  const stages = stagesOf(
    options,
    Array.from({ length: 2 * ROUNDS }, () => 1),
  )
  for (let round = 0; round < ROUNDS; round++) {
    const random = randomCoefficients(count)
    const combine = (from: number, stage: number): Promise<Uint8Array> =>
      engine.combine(
        group,
        points.subarray(from * size, (from + count) * size),
        random,
        COEFFICIENT_SIZE,
        stages(stage),
      )
    const before = await combine(0, 2 * round)
    const after = await combine(1, 2 * round + 1)
    if (group === 'G2' && !isInG2Subgroup(decodeG2(after))) fail(`section ${id} leaves the subgroup of order r`)
    const isRight =
      group === 'G1'
        ? await isSameRatio([before, after], [G2.gAffine, last.tauG2])
        : await isSameRatio([G1.gAffine, last.tauG1], [before, after])
    if (!isRight) fail(`section ${id} does not hold the powers of τ`)
  }
}

async function checkLastHash({ ptau, engine, fail }: PtauCheck, last: PtauContribution): Promise<void> {
  const hash = createHash('blake2b512').update(await responseHash(last.partialHash, last.key))
  for (const section of POWER_SECTIONS) {
    const points = readPoints(ptau, section, 0, section.count(ptau.power))
    hash.update(await engine.toUncompressed(section.group, points))
  }
  if (hash.digest().compare(last.nextChallenge) !== 0) fail('its points do not have the hash of the last contribution')
}
