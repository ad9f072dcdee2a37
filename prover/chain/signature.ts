// SPDX-License-Identifier: GPL-3.0-or-later

import { Interface, type Provider } from 'ethers'
import { ERC1271_ABI } from './abi'
import { ChainDataError, readContract } from './contract'
import { ContractRevertError } from './revert'

const WALLET = new Interface(ERC1271_ABI)
/** What `isValidSignature` answers to a signature that it accepts (ERC-1271). */
const MAGIC = '0x1626ba7e'

/** Whether the contract at an address accepts a signature of a digest (ERC-1271). False where there is no such contract. */
export async function isContractSignature(
  provider: Provider,
  account: string,
  digest: string,
  signature: string,
): Promise<boolean> {
  try {
    const [answer] = await readContract(provider, WALLET, account, 'isValidSignature', [digest, signature])
    return answer === MAGIC
  } catch (error) {
    if (error instanceof ChainDataError || error instanceof ContractRevertError) return false
    throw error
  }
}
