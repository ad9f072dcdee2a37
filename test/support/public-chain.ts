// SPDX-License-Identifier: GPL-3.0-or-later

import { HardhatEthersProvider } from '@nomicfoundation/hardhat-ethers/internal/hardhat-ethers-provider'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { artifacts, config } from 'hardhat'
import { createProvider } from 'hardhat/internal/core/providers/construction'

/** A second in-process chain with an id of its choice, for what must fail outside of development chains. */
export async function otherChain(chainId: number): Promise<HardhatEthersSigner> {
  const networks = { ...config.networks, hardhat: { ...config.networks.hardhat, chainId } }
  const provider = await createProvider({ ...config, networks }, 'hardhat', artifacts)
  return new HardhatEthersProvider(provider, 'hardhat').getSigner(0)
}
