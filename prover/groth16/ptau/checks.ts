// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../../errors'
import { isInG2Subgroup } from '../curve'
import { COEFFICIENT_SIZE, randomCoefficients } from '../point-checks'
import type { EngineOptions, PointEngine } from '../point-engine'
import { stagesOf } from '../stages'
import { decodeG2 } from '../zkey'
import { pointBytes, type PointSection, type Ptau } from './format'

/** A powers-of-tau file contradicts itself: its secrets are not what its contributors made them. */
export class PtauInvalidError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_INVALID'

  constructor(path: string, problem: string) {
    super(`${path} is no sound powers-of-tau file: ${problem}; do not make keys from it`)
  }
}

/** Someone asked for an impossible size, or to add to a file that was cut down. */
export class PtauPowerError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_POWER'
}

/**
 * Independent repetitions of each check with 32-bit coefficients: a wrong point survives them with probability 2^−128, one
 * outside the subgroup of G2, where the least cofactor is 10069, with 2^−53.
 */
export const ROUNDS = 4

/** What every check needs. */
export type PtauCheck = {
  readonly ptau: Ptau
  readonly engine: PointEngine
  readonly fail: (problem: string) => never
}

/** Random combinations of points of G2 that must be in the subgroup of order r; wrong ones are found as in {@link ROUNDS}. */
export async function checkSubgroup(
  { engine, fail }: Pick<PtauCheck, 'engine' | 'fail'>,
  points: Uint8Array,
  what: string,
  options: EngineOptions,
): Promise<void> {
  const stages = stagesOf(
    options,
    Array.from({ length: ROUNDS }, () => 1),
  )
  for (let round = 0; round < ROUNDS; round++) {
    const random = randomCoefficients(points.byteLength / pointBytes('G2'))
    const combined = await engine.combine('G2', points, random, COEFFICIENT_SIZE, stages(round))
    if (!isInG2Subgroup(decodeG2(combined))) fail(`${what} leaves the subgroup of order r`)
  }
}

/** Refuses points that are not of their group. */
export async function checkMembers(
  check: Pick<PtauCheck, 'engine' | 'fail'>,
  { id, group }: PointSection,
  points: Uint8Array,
): Promise<void> {
  const index = await check.engine.firstInvalid(group, points)
  if (index >= 0) check.fail(`point ${index} of section ${id} is not on the curve`)
  if (group === 'G2') await checkSubgroup(check, points, `section ${id}`, {})
}
