// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id, ZeroHash } from 'ethers'
import { NomicLabsHardhatPluginError } from 'hardhat/plugins'
import { ZkmlError } from '../../prover/errors'
import type { ConfigOverrides } from '../../scripts/deploy/config'
import type { ModelRegistration } from '../../scripts/deploy/registration'
import { trapdoorKey } from '../support/trapdoor'
import { CLASSIFIER } from '../support/world'

export const GUARDIAN = '0x1111111111111111111111111111111111111111'
export const PROPOSER = '0x2222222222222222222222222222222222222222'
export const OWNER = '0x3333333333333333333333333333333333333333'

/** What a public chain has to be told. */
export const PUBLIC: ConfigOverrides = {
  minDelay: 172_800,
  proposers: [PROPOSER],
  executors: [PROPOSER, GUARDIAN],
  guardian: GUARDIAN,
  coordinatorOwner: OWNER,
}

/** A model that a ceremony made a key for, served by the shared verifier. */
export const ceremonyModel: ModelRegistration = {
  name: 'ceremony',
  modelHash: id('model'),
  r1csHash: id('r1cs'),
  recipeHash: id('recipe'),
  setupHash: id('ceremony'),
  weightsCommitment: 0n,
  verifyingKey: trapdoorKey(4).vk,
  ioSchema: CLASSIFIER,
  uri: 'ipfs://card',
}

/** The same, with a verifier of its own. */
export const generatedModel: ModelRegistration = {
  ...ceremonyModel,
  name: 'generated',
  verifierContract: 'TrapdoorVerifier',
}

/** And one whose key one party made. */
export const devModel: ModelRegistration = { ...ceremonyModel, name: 'dev', setupHash: ZeroHash }

/** The error of an attempt, which has to have a code and to say some things. */
export async function refusal(
  attempt: Promise<unknown>,
  code: string,
  ...says: readonly (string | RegExp)[]
): Promise<void> {
  const outcome: unknown = await attempt.then(
    () => 'no error',
    (reason: unknown) => reason,
  )
  // Tasks wrap errors in Hardhat's own.
  const error = outcome instanceof NomicLabsHardhatPluginError ? outcome.parent : outcome
  if (!(error instanceof ZkmlError)) throw new Error(`No error on purpose: ${String(error)}`, { cause: error })
  expect(error.code).to.equal(code)
  for (const text of says) expect(error.message).to.match(typeof text === 'string' ? new RegExp(text) : text)
}

/** An object but for one of its fields. */
export function without<T extends object>(object: T, field: keyof T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field)) as Partial<T>
}

/** A folder for a test's files, removed after each. */
export function recordFolder(): () => string {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zkml-deploy-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  return () => folder
}
