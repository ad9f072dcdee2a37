// SPDX-License-Identifier: GPL-3.0-or-later

import { ZeroAddress } from 'ethers'
import type { DeploymentConfig } from './config'

/** What constructor arguments are made of: the addresses of earlier contracts, and the configuration. */
export type SuiteContext = {
  at(name: string): string
  readonly config: DeploymentConfig
}

/** One contract of the suite. */
export type ContractSpec = {
  /** Its name in the record. */
  readonly name: string
  /** Its artifact, where that is not its name. */
  readonly contract?: string
  readonly args: (context: SuiteContext) => readonly unknown[]
  /** The views that give the constructor's arguments back, in their order; null where there is no such view. */
  readonly views: readonly (string | null)[]
}

/** Every contract that models share, each after those it is built on. Another one is another line. */
export const SUITE = [
  { name: 'VerifyingKeyStore', args: () => [], views: [] },
  { name: 'Groth16Verifier', args: ({ at }) => [at('VerifyingKeyStore')], views: ['keyStore'] },
  {
    name: 'ModelRegistry',
    args: ({ at, config }) => [at('VerifyingKeyStore'), config.allowDev],
    views: ['keyStore', 'allowDev'],
  },
  {
    name: 'InferenceVerifier',
    args: ({ at }) => [at('ModelRegistry'), at('Groth16Verifier')],
    views: ['registry', 'sharedVerifier'],
  },
  {
    name: 'TimelockController',
    // No administrator: what the timelock may do changes through the timelock alone.
    args: ({ config: { timelock } }) => [timelock.minDelay, timelock.proposers, timelock.executors, ZeroAddress],
    views: ['getMinDelay', null, null, null],
  },
] as const satisfies readonly ContractSpec[]

/** A contract of the suite, as the record names it. */
export type CoreContract = (typeof SUITE)[number]['name']

export const CORE_CONTRACTS: readonly CoreContract[] = SUITE.map(({ name }) => name)
