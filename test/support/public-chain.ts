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

/** The environment of a second in-process chain, as far as deploying takes one. */
export async function otherEnvironment(chainId: number): Promise<HardhatRuntimeEnvironment> {
  const { raw, provider } = await chain(chainId)
  const network = { ...hre.network, provider: raw }
  return { ...hre, network, ethers: { ...hre.ethers, provider } } as unknown as HardhatRuntimeEnvironment
}
