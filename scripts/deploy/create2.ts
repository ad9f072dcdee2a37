// SPDX-License-Identifier: GPL-3.0-or-later

import { concat, getCreate2Address, keccak256, Transaction, ZeroHash, type Signer } from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { eventually, sent } from './chain'
import { FactoryError, TransactionError } from './errors'
import type { PlannedContract } from './plan'

/**
 * The deterministic deployment proxy: calldata is a salt and creation code, and nothing else goes into the address. It is
 * at this address on most chains, put there by {@link FACTORY_TRANSACTION}.
 */
export const FACTORY = '0x4e59b44847b379578588920cA78FbF26c0B4956C'

export const FACTORY_CODE =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'

/** Signed with made-up numbers, so that nobody has the key of its sender, and for no chain in particular. */
export const FACTORY_TRANSACTION =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'

/** Constructors have all that tells deployments apart, so one salt does for everything. */
export const SALT = ZeroHash

/** Where the factory puts a contract, given the hash of its creation code and constructor arguments. */
export const create2Address = (initCodeHash: string): string => getCreate2Address(FACTORY, SALT, initCodeHash)

/** Whether the chain has the factory; other code at its address is an error. */
export async function hasFactory(hre: HardhatRuntimeEnvironment): Promise<boolean> {
  const code = await hre.ethers.provider.getCode(FACTORY)
  if (code !== '0x' && code !== FACTORY_CODE) {
    throw new FactoryError(
      `The code at ${FACTORY} (hash ${keccak256(code)}) is not the CREATE2 factory, so addresses on this chain would be ` +
        'others; deploy to another chain.',
    )
  }
  return code !== '0x'
}

/** Installs the factory where it is absent. Its sender is paid what the transaction lacks, 0.01 coins at most. */
export async function ensureFactory(
  hre: HardhatRuntimeEnvironment,
  signer: Signer,
  log: (line: string) => void,
): Promise<void> {
  if (await hasFactory(hre)) return
  const { provider } = hre.ethers
  const transaction = Transaction.from(FACTORY_TRANSACTION)
  const [sender, gasPrice] = [transaction.from, transaction.gasPrice]
  if (sender === null || gasPrice === null) throw new FactoryError('The presigned transaction does not parse.')
  if ((await provider.getTransactionCount(sender)) > 0) {
    throw new FactoryError(
      `The CREATE2 factory is absent and its only installer, ${sender}, has spent its nonce on this chain, so it cannot ` +
        'be installed; deploy to another chain.',
    )
  }
  const baseFee = (await provider.getBlock('latest'))?.baseFeePerGas ?? 0n
  if (baseFee > gasPrice) {
    throw new FactoryError(
      `The CREATE2 factory is absent and its presigned transaction pays ${gasPrice} wei a gas, below the base fee of ` +
        `${baseFee}; run again when gas is cheaper.`,
    )
  }
  log(`the CREATE2 factory is absent: installing it at ${FACTORY}`)
  // Asked first without funds: a node that refuses the transaction as such says so before anything is paid.
  const refusal = await provider.broadcastTransaction(FACTORY_TRANSACTION).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (refusal !== undefined) {
    if (/replay|eip-?155|protected|chain ?id/i.test(String(refusal))) throw refused(refusal)
    const missing = transaction.gasLimit * gasPrice - (await provider.getBalance(sender))
    if (missing > 0n) await sent(signer, { to: sender, value: missing })
    try {
      await provider.broadcastTransaction(FACTORY_TRANSACTION)
    } catch (error) {
      // A run that was interrupted here, or somebody else, may have sent it.
      if (!/known|already/i.test(String(error))) throw refused(error)
    }
  }
  if (!(await eventually(() => hasFactory(hre), 120))) {
    throw new FactoryError(
      `The node took the presigned transaction ${transaction.hash}, but there is no factory at ${FACTORY}: it is pending ` +
        'still, or 100,000 gas are not enough on this chain; look it up, and run again once it is mined.',
    )
  }
}

function refused(cause: unknown): FactoryError {
  return new FactoryError(
    `The CREATE2 factory is absent and the node refuses its presigned transaction (${messageOf(cause)}); ask for it at ` +
      `${FACTORY} from the chain's operator, or use a node that takes transactions without a chain id.`,
    { cause },
  )
}

/**
 * Creates a contract, unless it is there.
 *
 * @returns the block it was created in, or undefined if it was there
 */
export async function ensureContract(
  hre: HardhatRuntimeEnvironment,
  signer: Signer,
  contract: PlannedContract,
): Promise<number | undefined> {
  const { provider } = hre.ethers
  const exists = async () => (await provider.getCode(contract.address)) !== '0x'
  if (await exists()) return undefined
  let block: number
  try {
    block = (await sent(signer, { to: FACTORY, data: concat([SALT, contract.initCode]) })).blockNumber
  } catch (cause) {
    // Anybody may create the same contract at the same address at the same time.
    if (await exists()) return undefined
    // The factory does not pass on why a constructor reverted.
    const reason = await provider.call({ data: contract.initCode, from: await signer.getAddress() }).then(
      () => undefined,
      (error: unknown) => error,
    )
    const revert = reason === undefined ? undefined : contract.revertName(reason)
    throw new TransactionError(
      `${contract.name} could not be created at ${contract.address} ` +
        `(${revert ?? messageOf(cause)}); mend that and run again, what is done is kept.`,
      { cause },
    )
  }
  if (!(await eventually(exists, 30))) {
    throw new TransactionError(
      `${contract.name} was created in block ${block}, but the node shows no code at ${contract.address}; run again.`,
    )
  }
  return block
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
