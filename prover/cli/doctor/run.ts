// SPDX-License-Identifier: GPL-3.0-or-later

import type { Progress } from '../../pipeline'
import { runChecks, type HealthCheck } from './check'
import { INSTALLATION } from './installation'

/**
 * Checks the installation and, with the configuration of a daemon, everything that the daemon needs. Nothing is sent and nothing
 * is made; a daemon may run on the same configuration meanwhile.
 */
export async function runDoctor(progress: Progress, configFile: string | undefined): Promise<HealthCheck[]> {
  const installation = await runChecks(INSTALLATION, progress)
  if (configFile === undefined) return installation
  const { loadConfig } = await import('../../service/config')
  let config
  try {
    config = loadConfig({ file: configFile })
  } catch (error) {
    return [...installation, { name: 'configuration', ok: false, detail: (error as Error).message }]
  }
  const { daemonChecks } = await import('./daemon')
  const found = { name: 'configuration', ok: true, detail: `${configFile} is valid` }
  return [...installation, found, ...(await runChecks(daemonChecks(config, process.env), progress))]
}
