// SPDX-License-Identifier: GPL-3.0-or-later

import { join } from 'node:path'
import { getAddress, isAddress, ZeroAddress } from 'ethers'
import { isDevChain } from './chain'
import { DeploymentConfigError } from './errors'
import { readJson, type JsonReader } from './json'

/** Who holds which role, and how long the router's owner has to wait. All of it is part of contracts' addresses. */
export type DeploymentConfig = {
  readonly timelock: {
    /** Seconds between the proposal and the execution of a change to the router. */
    readonly minDelay: number
    /** Who may propose and cancel. */
    readonly proposers: readonly string[]
    /** Who may execute; the zero address lets anyone. */
    readonly executors: readonly string[]
  }
  /** Who may stop the routed verifier, for good. */
  readonly guardian: string
  /** Who may pause new requests of the coordinator. */
  readonly coordinatorOwner: string
  /** Whether the registry accepts one-party setups on any chain; only for test networks. */
  readonly allowDev: boolean
}

/** Settings given on the command line; each replaces what the file says. */
export type ConfigOverrides = {
  readonly minDelay?: number
  readonly proposers?: readonly string[]
  readonly executors?: readonly string[]
  readonly guardian?: string
  readonly coordinatorOwner?: string
  readonly allowDev?: boolean
}

/** On a public chain, users get at least this long to leave before the router changes. */
const LEAST_PUBLIC_DELAY = 86_400
const MOST_DELAY = 2 ** 32

export const configFile = (directory: string, chainId: number): string => join(directory, 'config', `${chainId}.json`)

/**
 * The configuration of a chain: flags, then `config/<chainId>.json`, then, on development chains only, defaults that give
 * every role to the network's first account and no delay.
 */
export async function resolveConfig(
  directory: string,
  chainId: number,
  account: string,
  overrides: ConfigOverrides = {},
): Promise<DeploymentConfig> {
  const file = configFile(directory, chainId)
  const json = await readJson(file)
  json?.onlyKeys('$schema', 'timelock', 'guardian', 'coordinatorOwner', 'allowDev')
  const timelock = json?.optional('timelock')
  timelock?.onlyKeys('minDelay', 'proposers', 'executors')
  const list = (field: JsonReader | undefined) => field?.items().map((item) => item.string())
  const given: ConfigOverrides = withoutUndefined({
    minDelay: timelock?.optional('minDelay')?.integer(),
    proposers: list(timelock?.optional('proposers')),
    executors: list(timelock?.optional('executors')),
    guardian: json?.optional('guardian')?.string(),
    coordinatorOwner: json?.optional('coordinatorOwner')?.string(),
    allowDev: json?.optional('allowDev')?.boolean(),
  })
  const defaults: ConfigOverrides = isDevChain(chainId)
    ? { minDelay: 0, proposers: [account], executors: [account], guardian: account, coordinatorOwner: account }
    : {}
  const { minDelay, proposers, executors, guardian, coordinatorOwner, allowDev } = {
    ...defaults,
    ...given,
    ...withoutUndefined(overrides),
  }
  const missing = Object.entries({
    'timelock.minDelay': minDelay,
    'timelock.proposers': proposers,
    'timelock.executors': executors,
    guardian,
    coordinatorOwner,
  }).flatMap(([name, value]) => (value === undefined ? [name] : []))
  if (
    minDelay === undefined ||
    proposers === undefined ||
    executors === undefined ||
    guardian === undefined ||
    coordinatorOwner === undefined
  ) {
    throw new DeploymentConfigError(
      `Chain ${chainId} is a public one and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set; write ` +
        `${file}: {"timelock":{"minDelay":172800,"proposers":["0x…"],"executors":["0x…"]},"guardian":"0x…",` +
        '"coordinatorOwner":"0x…"}, or give them as flags.',
    )
  }
  const config = {
    timelock: {
      minDelay,
      proposers: addresses('timelock.proposers', proposers),
      executors: addresses('timelock.executors', executors, true),
    },
    guardian: address('guardian', guardian),
    coordinatorOwner: address('coordinatorOwner', coordinatorOwner),
    allowDev: allowDev ?? false,
  }
  const least = isDevChain(chainId) || config.allowDev ? 0 : LEAST_PUBLIC_DELAY
  if (!Number.isSafeInteger(minDelay) || minDelay < least || minDelay > MOST_DELAY) {
    throw new DeploymentConfigError(
      `timelock.minDelay is ${minDelay}; on chain ${chainId} it is a number of seconds from ${least} to ${MOST_DELAY}.`,
    )
  }
  return config
}

function addresses(name: string, values: readonly string[], zero = false): string[] {
  if (values.length === 0) throw new DeploymentConfigError(`${name} is empty; name at least one address.`)
  const checked = values.map((value) => address(name, value, zero))
  if (new Set(checked).size !== checked.length) {
    throw new DeploymentConfigError(`${name} names an address twice; name each once.`)
  }
  return checked
}

function address(name: string, value: string, zero = false): string {
  if (!isAddress(value) || (!zero && value.toLowerCase() === ZeroAddress)) {
    throw new DeploymentConfigError(`${name} has ${JSON.stringify(value)}, which is not an address; correct it.`)
  }
  return getAddress(value)
}

function withoutUndefined(values: {
  [Name in keyof ConfigOverrides]: ConfigOverrides[Name] | undefined
}): ConfigOverrides {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
