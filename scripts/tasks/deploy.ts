// SPDX-License-Identifier: GPL-3.0-or-later

import { join } from 'node:path'
import { task } from 'hardhat/config'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'

type Arguments = { readonly allowDev: boolean; readonly reset: boolean }

task('deploy', 'Deploys the contracts, registers the bundled models and writes deployments/<chainId>.json')
  .addFlag('allowDev', 'Deploy a registry that accepts one-party setups on any chain; only for test networks')
  .addFlag('reset', 'Forget an earlier deployment and make a new one')
  .setAction(async ({ allowDev, reset }: Arguments, hre: HardhatRuntimeEnvironment) => {
    await hre.run('compile', { quiet: true })
    // Loaded late: these import typechain's output, which compiling makes.
    const { deployAll } = await import('../deploy/deploy-all')
    const { readRegistrations } = await import('../deploy/registration')
    const { deploymentFile } = await import('../deploy/record')
    const directory = join(hre.config.paths.root, 'deployments')
    const models = await readRegistrations(join(hre.config.paths.root, 'models'))
    const { record, skipped } = await deployAll(hre, { models, directory, allowDev, reset })
    for (const [name, { address }] of Object.entries({ ...record.contracts, ...record.verifiers })) {
      console.log(`${name.padEnd(24)} ${address}`)
    }
    for (const [name, { modelId }] of Object.entries(record.models)) console.log(`model ${name.padEnd(18)} ${modelId}`)
    for (const name of skipped) {
      console.log(`model ${name.padEnd(18)} skipped: its setup is by one party, which chain ${record.chainId} refuses`)
    }
    console.log(`written to ${deploymentFile(directory, record.chainId)}`)
  })
