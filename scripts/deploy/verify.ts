// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import type { PlannedContract } from './plan'

export type Verification = {
  readonly name: string
  readonly address: string
  /** Why the explorer did not accept the sources; undefined if it did. */
  readonly error?: string
}

/** Publishes the sources of contracts on the explorers of Hardhat's configuration. One failure does not stop the next. */
export async function verifySources(
  hre: HardhatRuntimeEnvironment,
  contracts: readonly PlannedContract[],
  log: (line: string) => void,
): Promise<Verification[]> {
  const done: Verification[] = []
  for (const { name, address, contract, constructorArguments } of contracts) {
    log(`verifying ${name}`)
    try {
      await hre.run('verify:verify', { address, contract, constructorArguments })
      done.push({ name, address })
    } catch (error) {
      done.push({ name, address, error: error instanceof Error ? error.message : String(error) })
    }
  }
  return done
}
