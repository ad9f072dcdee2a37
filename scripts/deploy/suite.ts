// SPDX-License-Identifier: GPL-3.0-or-later

import { ZeroAddress } from 'ethers'
import { PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
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

/** A route of the router, by the proof system it serves. */
export type Route = {
  readonly selector: string
  readonly verifier: string
  readonly baseGas: number
  readonly signalGas: number
}

/** The routes there are from the start, without waiting for the timelock: what a pairing check takes, and some more. */
export const firstRoutes = ({ at }: Pick<SuiteContext, 'at'>): readonly Route[] => [
  { selector: PROOF_SYSTEM_GROTH16, verifier: at('VerifierEmergencyStop'), baseGas: 320_000, signalGas: 10_000 },
]

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
  {
    name: 'VerifierEmergencyStop',
    args: ({ at, config }) => [at('Groth16Verifier'), config.guardian],
    views: ['verifier', 'owner'],
  },
  {
    name: 'VerifierRouter',
    args: (context) => [
      context.at('TimelockController'),
      firstRoutes(context).map(({ verifier, baseGas, signalGas }) => ({ verifier, baseGas, signalGas })),
    ],
    views: ['owner', null],
  },
  {
    name: 'RoutedInferenceVerifier',
    contract: 'InferenceVerifier',
    args: ({ at }) => [at('ModelRegistry'), at('VerifierRouter')],
    views: ['registry', 'router'],
  },
  { name: 'InferenceLedger', args: ({ at }) => [at('RoutedInferenceVerifier')], views: ['inferenceVerifier'] },
  {
    name: 'InferenceCoordinator',
    args: ({ at, config }) => [at('RoutedInferenceVerifier'), config.coordinatorOwner],
    views: ['inferenceVerifier', 'owner'],
  },
  { name: 'CrossChainInferenceRelay', args: ({ at }) => [at('RoutedInferenceVerifier')], views: ['inferenceVerifier'] },
  { name: 'ZkmlLens', args: ({ at }) => [at('RoutedInferenceVerifier')], views: ['inferenceVerifier'] },
  { name: 'TensorOpening', args: ({ at }) => [at('ModelRegistry')], views: ['registry'] },
] as const satisfies readonly ContractSpec[]

/** A contract of the suite, as the record names it. */
export type CoreContract = (typeof SUITE)[number]['name']

export const CORE_CONTRACTS: readonly CoreContract[] = SUITE.map(({ name }) => name)
