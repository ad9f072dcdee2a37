// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../../errors'
import { blake2bFile, hermezFile } from '../ptau/hermez'
import { readContributions, withPtau } from '../ptau/format'
import { verifyPtau } from '../ptau/verify'
import type { EngineOptions, PointEngine } from '../point-engine'
import { stagesOf } from '../stages'

/** A powers-of-tau file is none of the published ones. */
export class UnknownPtauError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_UNKNOWN'

  constructor(path: string, blake2b: string) {
    super(
      `${path} is none of the Hermez files (its BLAKE2b-512 is ${blake2b.slice(0, 16)}…); download it again, or give --local ` +
        'if it is from a ceremony of your own',
    )
  }
}

/**
 * Where the powers of tau of a key come from. `hermez`: one of the published files of the perpetual powers of tau, known by
 * its hash. `local`: any other file, which was found consistent; its contributors are nobody we know.
 */
export type PtauProvenance = {
  readonly source: 'hermez' | 'local'
  readonly power: number
  /** BLAKE2b-512 of the file, lower-case hex. */
  readonly blake2b: string
  /** Contributions to the file, beacons included. */
  readonly contributions: number
}

/**
 * Finds out where a powers-of-tau file comes from. One that is not known by its hash is verified in full, and accepted
 * only with `local`.
 *
 * @throws UnknownPtauError, PtauInvalidError, BinFileError
 */
export async function ptauProvenance(
  path: string,
  options: EngineOptions & { readonly engine: PointEngine; readonly local: boolean },
): Promise<PtauProvenance> {
  const stages = stagesOf(options, [1, options.local ? 20 : 0])
  const blake2b = await blake2bFile(path, stages(0))
  const known = hermezFile(blake2b)
  if (known === undefined && !options.local) throw new UnknownPtauError(path, blake2b)
  return withPtau(path, async (ptau) => {
    const contributions =
      known === undefined ? await verifyPtau(ptau, { ...stages(1), engine: options.engine }) : readContributions(ptau)
    options.onProgress?.(1)
    const source = known === undefined ? 'local' : 'hermez'
    return { source, power: ptau.power, blake2b, contributions: contributions.length }
  })
}
