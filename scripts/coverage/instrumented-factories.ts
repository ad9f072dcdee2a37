// SPDX-License-Identifier: GPL-3.0-or-later

import { ContractFactory } from 'ethers'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes every factory deploy the instrumented code of its contract, from the artifacts that coverage compiled. */
export function deployInstrumented(paths: { readonly root: string; readonly artifacts: string }): void {
  const instrumented = new Map<string, string>()
  for (const file of artifactsBelow(join(paths.root, 'artifacts', 'contracts'))) {
    const counterpart = join(paths.artifacts, 'contracts', file)
    if (!existsSync(counterpart)) continue
    const original = bytecodeOf(join(paths.root, 'artifacts', 'contracts', file))
    if (original !== '0x') instrumented.set(original, bytecodeOf(counterpart))
  }
  const getDeployTransaction = ContractFactory.prototype.getDeployTransaction
  ContractFactory.prototype.getDeployTransaction = function (...args) {
    const bytecode = instrumented.get(this.bytecode)
    if (bytecode === undefined) return getDeployTransaction.apply(this, args)
    return getDeployTransaction.apply(new ContractFactory(this.interface, bytecode, this.runner), args)
  }
}

function artifactsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.json') && !path.endsWith('.dbg.json'),
  )
}

function bytecodeOf(artifact: string): string {
  return (JSON.parse(readFileSync(artifact, 'utf8')) as { bytecode: string }).bytecode
}
