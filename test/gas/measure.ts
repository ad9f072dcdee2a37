// SPDX-License-Identifier: GPL-3.0-or-later

import { reset, takeSnapshot, time } from '@nomicfoundation/hardhat-network-helpers'
import { GAS_CASES, gasWorld, START } from './cases'
import type { GasSnapshot } from './compare'

/** Gas of every case, each on the same chain. Leaves that chain behind. */
export async function measureGas(): Promise<GasSnapshot> {
  await reset()
  await time.increaseTo(START)
  const world = await gasWorld()
  const measured: Record<string, number> = {}
  for (const [name, run] of Object.entries(GAS_CASES).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const before = await takeSnapshot()
    measured[name] = Number((await (await run(world)).wait())!.gasUsed)
    await before.restore()
  }
  return measured
}
