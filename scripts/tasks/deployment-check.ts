// SPDX-License-Identifier: GPL-3.0-or-later

import { resolve } from 'node:path'
import { task } from 'hardhat/config'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { DeploymentDifferenceError } from '../deploy/errors'
import { runTask } from './output'

type Arguments = { readonly directory: string; readonly json: boolean }

task('deployment:check', 'Compares deployments/<chainId>.json with the chain; fails and lists what differs')
  .addFlag('json', 'Print one JSON object')
  .addOptionalParam('directory', 'Folder of the records', 'deployments')
  .setAction(async (args: Arguments, hre: HardhatRuntimeEnvironment) =>
    runTask(args.json, async ({ result }) => {
      await hre.run('compile', { quiet: true })
      const { checkDeployment } = await import('../deploy/check')
      const differences = await checkDeployment(hre, resolve(hre.config.paths.root, args.directory))
      const lines = differences.map(
        ({ what, recorded, found }) => `${what}: recorded ${JSON.stringify(recorded)}, found ${JSON.stringify(found)}`,
      )
      result({ ok: lines.length === 0, differences }, lines.length === 0 ? ['the chain is as recorded'] : lines)
      if (lines.length === 0) return
      throw new DeploymentDifferenceError(
        `${lines.length} things on chain are not as recorded; check the network, or that roles changed on purpose.`,
      )
    }),
  )
