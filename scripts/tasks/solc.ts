// SPDX-License-Identifier: GPL-3.0-or-later

import { createRequire } from 'node:module'
import {
  TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD,
  TASK_COMPILE_SOLIDITY_GET_SOURCE_PATHS,
} from 'hardhat/builtin-tasks/task-names'
import { subtask } from 'hardhat/config'
import type { SolcBuild } from 'hardhat/types'

/** The compiler is the npm package `solc`: pinned by package-lock.json, nothing is downloaded. */
const load = createRequire(__filename)
const solc = load('solc') as { version(): string }
const { version } = load('solc/package.json') as { version: string }

export const SOLC_VERSION = version

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD).setAction(
  async ({ solcVersion }: { solcVersion: string }): Promise<SolcBuild> => {
    if (solcVersion !== version) throw new Error(`npm has solc ${version}, but ${solcVersion} is configured.`)
    const longVersion = solc.version().replace(/\.Emscripten.*$/, '')
    return { compilerPath: load.resolve('solc/soljson.js'), isSolcJs: true, version, longVersion }
  },
)

/** `contracts/` is an npm workspace of its own; what npm may install in it is no source of ours. */
subtask(TASK_COMPILE_SOLIDITY_GET_SOURCE_PATHS).setAction(
  async (_: unknown, __: unknown, runSuper): Promise<string[]> => {
    const paths = (await runSuper()) as string[]
    return paths.filter((path) => !path.includes('node_modules'))
  },
)
