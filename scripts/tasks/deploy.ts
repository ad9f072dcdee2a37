// SPDX-License-Identifier: GPL-3.0-or-later

import { resolve } from 'node:path'
import { task, types } from 'hardhat/config'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import type { ConfigOverrides } from '../deploy/config'
import type { DeploymentPlan, DeployResult } from '../deploy/deploy-all'
import { VerificationError } from '../deploy/errors'
import type { Verification } from '../deploy/verify'
import { runTask } from './output'

type Arguments = {
  readonly allowDev: boolean
  readonly coordinatorOwner?: string
  readonly directory: string
  readonly dryRun: boolean
  readonly executors?: string
  readonly guardian?: string
  readonly json: boolean
  readonly minDelay?: number
  readonly models: string
  readonly proposers?: string
  readonly reset: boolean
  readonly verify: boolean
}

task('deploy', 'Deploys the contracts, registers the models and writes deployments/<chainId>.json; run again to go on')
  .addFlag('dryRun', 'Print what would be done; send nothing and write nothing')
  .addFlag('verify', "Publish the sources on the network's block explorer afterwards")
  .addFlag('reset', 'Replace the record of a deployment that was made of other sources or settings')
  .addFlag('json', 'Print one JSON object')
  .addOptionalParam('minDelay', 'Seconds that changes to the router wait', undefined, types.int)
  .addOptionalParam('proposers', 'Addresses that may propose them, separated by commas')
  .addOptionalParam('executors', 'Addresses that may execute them, separated by commas; the zero address: anyone')
  .addOptionalParam('guardian', 'Address that may stop the routed verifier, for good')
  .addOptionalParam('coordinatorOwner', "Address that may pause the coordinator's new requests")
  .addFlag('allowDev', 'Deploy a registry that accepts one-party setups on any chain; only for test networks')
  .addOptionalParam('models', 'Folder whose <name>/registration.json are registered', 'models')
  .addOptionalParam('directory', 'Folder of the records, and of config/<chainId>.json', 'deployments')
  .setAction(async (args: Arguments, hre: HardhatRuntimeEnvironment) =>
    runTask(args.json, async ({ log, result }) => {
      await hre.run('compile', { quiet: true })
      // Loaded late: these import typechain's output, which compiling makes.
      const { deployAll, planDeployment } = await import('../deploy/deploy-all')
      const { readRegistrations } = await import('../deploy/registration')
      const { deploymentFile } = await import('../deploy/record')
      const { verifySources } = await import('../deploy/verify')
      const directory = resolve(hre.config.paths.root, args.directory)
      const models = await readRegistrations(resolve(hre.config.paths.root, args.models))
      const options = { models, directory, config: overrides(args), reset: args.reset, log }
      if (args.dryRun) {
        const plan = await planDeployment(hre, options)
        result(plan, planLines(plan))
        return
      }
      const done = await deployAll(hre, options)
      const verification = args.verify ? await verifySources(hre, done.contracts, log) : undefined
      const file = deploymentFile(directory, done.record.chainId)
      const { record, created, skipped } = done
      result(
        { file, created, skipped, record, ...(verification === undefined ? {} : { verification }) },
        resultLines(done, file),
      )
      requireVerified(verification ?? [])
    }),
  )

function overrides(args: Arguments): ConfigOverrides {
  const list = (text: string) => text.split(',').map((item) => item.trim())
  return {
    ...(args.minDelay === undefined ? {} : { minDelay: args.minDelay }),
    ...(args.proposers === undefined ? {} : { proposers: list(args.proposers) }),
    ...(args.executors === undefined ? {} : { executors: list(args.executors) }),
    ...(args.guardian === undefined ? {} : { guardian: args.guardian }),
    ...(args.coordinatorOwner === undefined ? {} : { coordinatorOwner: args.coordinatorOwner }),
    ...(args.allowDev ? { allowDev: true } : {}),
  }
}

function planLines(plan: DeploymentPlan): string[] {
  const gas = plan.contracts.reduce((sum, contract) => sum + contract.gas, 0)
  return [
    `chain ${plan.chainId}, account ${plan.account}, CREATE2 factory ${plan.factory}`,
    ...plan.contracts.flatMap((contract) => [
      `${contract.name.padEnd(24)} ${contract.address} ${contract.status.padEnd(7)} ${contract.gas} gas`,
      `  ${JSON.stringify(contract.constructorArguments)}`,
    ]),
    ...plan.models.map(({ name, modelId, status }) => `model ${name.padEnd(18)} ${modelId} ${status}`),
    `about ${gas} gas for the contracts; nothing was sent`,
  ]
}

function resultLines({ record, skipped }: DeployResult, file: string): string[] {
  return [
    ...Object.entries({ ...record.contracts, ...record.verifiers }).map(
      ([name, { address }]) => `${name.padEnd(24)} ${address}`,
    ),
    ...Object.entries(record.models).map(([name, { modelId }]) => `model ${name.padEnd(18)} ${modelId}`),
    ...skipped.map(
      (name) => `model ${name.padEnd(18)} skipped: its setup is by one party, which chain ${record.chainId} refuses`,
    ),
    `written to ${file}`,
  ]
}

function requireVerified(verification: readonly Verification[]): void {
  const failed = verification.filter(({ error }) => error !== undefined)
  if (failed.length === 0) return
  const reasons = failed.map(({ name, address, error }) => `${name} at ${address}: ${error}`)
  throw new VerificationError(
    `Everything is deployed and recorded, but the sources of ${failed.length} contracts are not published; mend what ` +
      `follows and run again with --verify. ${reasons.join('; ')}`,
  )
}
