// SPDX-License-Identifier: GPL-3.0-or-later
import type { ChaCha } from 'ffjavascript'

import { ZkmlError } from '../../errors'
import { type WrittenFile, writeFileAtomic } from '../../binfile/atomic'
import { sectionOf } from '../../binfile/container-writer'
import { isG2Infinity, isInG2Subgroup } from '../curve'
import type { EngineOptions, PointEngine } from '../point-engine'
import { inverseModR } from '../scalar-math'
import { stagesOf } from '../stages'
import { decodeG2, withZkey, ZKEY, type Zkey } from '../zkey'
import { type KeyParts, zkeyChunks } from '../zkey-writer'
import { checkContributionName, type ContributionFields } from '../contribution/fields'
import type { InitialKey } from './initial-key'
import { drawBase, drawFactor, hashToG2, publicKey, times } from '../contribution/key-pair'
import {
  contributionHash,
  type Phase2,
  type Phase2Contribution,
  readPhase2,
  transcriptHash,
  writePhase2,
} from './phase2'
import { type Beacon, beaconRng, secretRng, wipeRng } from '../contribution/randomness'

/** A key cannot be contributed to. */
export class ContributionError extends ZkmlError {
  readonly code = 'GROTH16_CONTRIBUTION'

  constructor(path: string, problem: string) {
    super(`${path} cannot be contributed to: ${problem}; get the file again from whoever contributed last`)
  }
}

export type ContributeKeyOptions = EngineOptions & {
  readonly engine: PointEngine
  /** Kept in the file, for all to see. */
  readonly name?: string
  /** Text that is hashed together with the randomness of this machine. */
  readonly entropy?: string
}

export type BeaconKeyOptions = Omit<ContributeKeyOptions, 'entropy'> & { readonly beacon: Beacon }

/** A contribution that was made: what others will find in the key. */
export type MadeContribution = { readonly file: WrittenFile; readonly index: number; readonly hash: string }

/** A key in memory, with its contributions. */
export type OpenKey = {
  readonly parts: Omit<KeyParts, 'contributions'>
  readonly phase2: Phase2
  readonly path: string
}

/**
 * Adds a contribution to a key, from fresh randomness: δ becomes δ·x, and nobody can forge proofs unless they know x and
 * the factors of all others.
 *
 * @throws ContributionError, ContributionNameError, BinFileError, FileWriteError
 */
export async function contributeKey(
  from: string,
  to: string,
  options: ContributeKeyOptions,
): Promise<MadeContribution> {
  checkContributionName(options.name)
  const { name } = options
  return contributeFile(from, to, options, name === undefined ? {} : { name }, secretRng(options.entropy))
}

/**
 * Adds the contribution that follows from a public value: the same bytes for everyone, and as snarkjs makes them.
 *
 * @throws ContributionError, ContributionNameError, BeaconError, BinFileError, FileWriteError
 */
export async function beaconKey(from: string, to: string, options: BeaconKeyOptions): Promise<MadeContribution> {
  checkContributionName(options.name)
  const { name, beacon, signal } = options
  const rng = await beaconRng(beacon, signal && { signal })
  return contributeFile(from, to, options, { ...(name !== undefined && { name }), beacon }, rng)
}

async function contributeFile(
  from: string,
  to: string,
  options: EngineOptions & { readonly engine: PointEngine },
  fields: ContributionFields,
  rng: ChaCha,
): Promise<MadeContribution> {
  const key = withZkey(from, readKey)
  const [check, apply] = [0, 1].map(stagesOf(options, [1, 20])) as [EngineOptions, EngineOptions]
  await checkOperands(key, options.engine, check)
  const { parts, contribution } = await applyContribution(key, { ...apply, engine: options.engine }, fields, rng)
  const file = await writeFileAtomic(to, zkeyChunks(parts))
  return { file, index: key.phase2.contributions.length + 1, hash: await contributionHash(contribution) }
}

/** All of a key file, in memory. */
export function readKey(zkey: Zkey): OpenKey {
  const { header, file } = zkey
  const section = (id: number): Uint8Array => file.section(id)
  return {
    path: file.path,
    phase2: readPhase2(zkey),
    parts: {
      header,
      coefficients: sectionOf(ZKEY.coefficients, section(ZKEY.coefficients)),
      points: {
        ic: section(ZKEY.ic),
        a: section(ZKEY.a),
        b1: section(ZKEY.b1),
        b2: section(ZKEY.b2),
        c: section(ZKEY.c),
        h: section(ZKEY.h),
      },
    },
  }
}

/** A key that was just computed and has no contribution yet. */
export function memoryKey(path: string, { circuitHash, ...parts }: InitialKey): OpenKey {
  return { path, parts, phase2: { circuitHash, contributions: [] } }
}

/** Writes a key before any contribution, for the first contributor. */
export async function writeInitialKey(path: string, { circuitHash, ...parts }: InitialKey): Promise<WrittenFile> {
  const contributions = writePhase2({ circuitHash, contributions: [] })
  return writeFileAtomic(path, zkeyChunks({ ...parts, contributions }))
}

/** Multiples of points outside the group would tell the secret modulo small numbers. */
export async function checkOperands(
  { parts, path }: OpenKey,
  engine: PointEngine,
  options: EngineOptions,
): Promise<void> {
  const { header, points } = parts
  const lists = [
    ['G1', header.delta1],
    ['G2', header.delta2],
    ['G1', points.c],
    ['G1', points.h],
  ] as const
  for (const [group, list] of lists) {
    if ((await engine.firstInvalid(group, list, options)) >= 0) {
      throw new ContributionError(path, 'it has points that are not on the curve')
    }
  }
  const delta = decodeG2(header.delta2)
  if (isG2Infinity(delta) || !isInG2Subgroup(delta)) {
    throw new ContributionError(path, 'its δ is not in the subgroup of order r')
  }
}

/** Multiplies δ by the next factor of the generator and divides C and H by it. */
export async function applyContribution(
  { parts, phase2 }: Pick<OpenKey, 'parts' | 'phase2'>,
  options: EngineOptions & { readonly engine: PointEngine },
  fields: ContributionFields,
  rng: ChaCha,
): Promise<{ readonly parts: KeyParts; readonly contribution: Phase2Contribution }> {
  const { engine } = options
  const { header, points } = parts
  const secret = await drawBase(await drawFactor(rng), rng)
  wipeRng(rng)
  const transcript = await transcriptHash(phase2, secret)
  const key = await publicKey(secret, await hashToG2(transcript))
  const delta1 = await times('G1', header.delta1, secret.factor)
  const delta2 = await times('G2', header.delta2, secret.factor)
  const factors = { first: inverseModR(secret.factor), step: 1n }
  const stages = stagesOf(options, [points.c.byteLength, points.h.byteLength])
  const c = await engine.scale('G1', points.c, factors, stages(0))
  const h = await engine.scale('G1', points.h, factors, stages(1))
  const contribution = { deltaAfter: delta1, key, transcript, ...fields }
  const contributions = writePhase2({ ...phase2, contributions: [...phase2.contributions, contribution] })
  return {
    parts: { ...parts, header: { ...header, delta1, delta2 }, points: { ...points, c, h }, contributions },
    contribution,
  }
}
