// SPDX-License-Identifier: GPL-3.0-or-later

import { HardhatEthersProvider } from '@nomicfoundation/hardhat-ethers/internal/hardhat-ethers-provider'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import hre, { artifacts, config } from 'hardhat'
import { createProvider } from 'hardhat/internal/core/providers/construction'
import type { EthereumProvider, HardhatRuntimeEnvironment } from 'hardhat/types'

/** An in-process chain with an id of its choice. */
async function chain(chainId: number): Promise<{ raw: EthereumProvider; provider: HardhatEthersProvider }> {
  const networks = { ...config.networks, hardhat: { ...config.networks.hardhat, chainId } }
  const raw = await createProvider({ ...config, networks }, 'hardhat', artifacts)
  return { raw, provider: new HardhatEthersProvider(raw, 'hardhat') }
}

/** A second in-process chain, for what must fail outside of development chains. */
export async function otherChain(chainId: number): Promise<HardhatEthersSigner> {
  return (await chain(chainId)).provider.getSigner(0)
}

/** Sees every request to a chain and may answer it itself. */
export type Intercept = (method: string, params: unknown, next: () => Promise<unknown>) => Promise<unknown>

/** The environment of a second in-process chain, as far as deploying takes one. */
export async function otherEnvironment(chainId: number, intercept?: Intercept): Promise<HardhatRuntimeEnvironment> {
  const { raw } = await chain(chainId)
  const send = (method: string, params?: unknown[]): Promise<unknown> => {
    const next = () => raw.send(method, params)
    return intercept === undefined ? next() : intercept(method, params, next)
  }
  const watched = Object.assign(Object.create(raw) as EthereumProvider, { send })
  const provider = new HardhatEthersProvider(watched, 'hardhat')
  const network = { ...hre.network, provider: watched }
  return { ...hre, network, ethers: { ...hre.ethers, provider } } as unknown as HardhatRuntimeEnvironment
}
