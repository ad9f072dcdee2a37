// SPDX-License-Identifier: GPL-3.0-or-later

import { inferenceVerifierOf, RpcProvider } from '../../chain'
import type { ChainConfig } from '../../service/config'

const TIMEOUT_SECONDS = 5

/** Whether an endpoint only announces blocks. */
export function isSocket(url: string): boolean {
  return /^wss?:/i.test(url)
}

/** Asks a chain, with less patience than a daemon has. */
export async function withProvider<T>(
  { chainId, rpc }: Pick<ChainConfig, 'chainId' | 'rpc'>,
  ask: (provider: RpcProvider) => Promise<T>,
): Promise<T> {
  const urls = rpc.filter((url) => !isSocket(url))
  const provider = new RpcProvider({ chainId, urls, timeoutSeconds: TIMEOUT_SECONDS, retries: 0 })
  try {
    return await ask(provider)
  } finally {
    provider.destroy()
  }
}

/** The inference verifier of the configuration, or else that of the coordinator. */
export async function verifierOf(
  { inferenceVerifier, coordinator }: ChainConfig,
  provider: RpcProvider,
): Promise<string> {
  // The configuration has one of the two.
  return inferenceVerifier ?? inferenceVerifierOf(provider, coordinator!)
}
