// SPDX-License-Identifier: GPL-3.0-or-later

import { formatEther, ZeroAddress } from 'ethers'
import { ChainDataError, ContractRevertError, depositOf, registryOf, RpcProvider } from '../../chain'
import { parseAmount, maskUrl, type ChainConfig } from '../../service/config'
import { isSocket, verifierOf, withProvider } from './chain-access'
import type { Check } from './check'

/** As the alert ZkmlChainHeadStale has it. */
const STALE_SECONDS = 180
const SOCKET_MILLISECONDS = 10_000

/** Endpoints, contracts and account of a chain. `addresses` are those of the accounts that opened. */
export function chainChecks(chain: ChainConfig, addresses: ReadonlyMap<string, string>): readonly Check[] {
  const name = `chain ${chain.chainId}`
  return [
    ...chain.rpc.map((url, i) => ({
      name: `${name} rpc ${i + 1}`,
      run: () => (isSocket(url) ? checkSocket(chain, url) : checkEndpoint(chain, url)),
    })),
    { name: `${name} contracts`, run: () => withProvider(chain, (provider) => checkContracts(chain, provider)) },
    { name: `${name} account`, run: () => checkAccount(chain, addresses) },
  ]
}

async function checkEndpoint(chain: ChainConfig, url: string): Promise<string> {
  return withProvider({ ...chain, rpc: [url] }, async (provider) => {
    const block = await provider.getBlock('latest')
    if (block === null) throw new Error(`${maskUrl(url)} has no block; it is not synchronised, use another`)
    const age = Math.max(0, Math.round(Date.now() / 1000 - block.timestamp))
    if (age > STALE_SECONDS)
      throw new Error(
        `${maskUrl(url)} is behind, or the chain stands still: block ${block.number} is ${age} s old; use another endpoint`,
      )
    return `${maskUrl(url)}, block ${block.number}, ${age} s old`
  })
}

/** Waits until an endpoint announces blocks, or says why it does not. */
async function checkSocket(chain: ChainConfig, url: string): Promise<string> {
  const http = chain.rpc.filter((other) => !isSocket(other))
  let timer: NodeJS.Timeout | undefined
  let provider: RpcProvider | undefined
  try {
    const reason = await new Promise<string | undefined>((resolve) => {
      timer = setTimeout(() => resolve('it did not answer'), SOCKET_MILLISECONDS)
      provider = new RpcProvider({
        chainId: chain.chainId,
        urls: [...http, url],
        onHealth: ({ healthy, reason: why }) => resolve(healthy ? undefined : why),
      })
      provider.onHead(() => undefined, { poll: false })
    })
    if (reason !== undefined)
      throw new Error(`${maskUrl(url)} announces no blocks: ${reason}; correct it or leave it out`)
    return `${maskUrl(url)} announces blocks`
  } finally {
    clearTimeout(timer)
    provider?.destroy()
  }
}

async function checkContracts(chain: ChainConfig, provider: RpcProvider): Promise<string> {
  const { chainId, coordinator, inferenceVerifier } = chain
  for (const [what, address] of Object.entries({ coordinator, inferenceVerifier })) {
    if (address !== undefined && (await provider.getCode(address)) === '0x')
      throw new Error(`${what} ${address} has no code on chain ${chainId}; correct the address`)
  }
  const asked = async (what: string, answer: Promise<string>) =>
    answer.catch((error: unknown) => {
      if (!(error instanceof ContractRevertError || error instanceof ChainDataError)) throw error
      throw new Error(`the contract at ${what} is another one: it does not answer as it should; correct the address`)
    })
  const verifier = await asked(`coordinator ${coordinator}`, verifierOf(chain, provider))
  const registry = await asked(`inferenceVerifier ${verifier}`, registryOf(provider, verifier))
  const parts = [...(coordinator === undefined ? [] : [`coordinator ${coordinator}`]), `inference verifier ${verifier}`]
  return `${parts.join(', ')}, registry ${registry}`
}

async function checkAccount(chain: ChainConfig, addresses: ReadonlyMap<string, string>): Promise<string> {
  const { account, coordinator, balanceAlarm } = chain
  if (account === undefined) return 'none: nothing is locked or sent here'
  const address = addresses.get(account)
  if (address === undefined) throw new Error(`account "${account}" does not open, see above`)
  return withProvider(chain, async (provider) => {
    const balance = await provider.getBalance(address)
    if (balance < parseAmount(balanceAlarm))
      throw new Error(
        `${address} has ${formatEther(balance)} ether, and balanceAlarm is ${balanceAlarm}; send it coins, as gas and bonds are paid from it`,
      )
    const deposit = coordinator === undefined ? undefined : await depositOf(provider, coordinator, ZeroAddress, address)
    return `${address} has ${formatEther(balance)} ether${deposit === undefined ? '' : `, and ${formatEther(deposit)} in the coordinator`}`
  })
}
