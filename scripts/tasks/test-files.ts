// SPDX-License-Identifier: GPL-3.0-or-later

import { join, sep } from 'node:path'
import { TASK_TEST_GET_TEST_FILES } from 'hardhat/builtin-tasks/task-names'
import { subtask } from 'hardhat/config'

/** Tests that need more than npm installs: `npm run test:faults` runs them, and `hardhat test` leaves them out. */
const FAULTS = 'faults'

subtask(
  TASK_TEST_GET_TEST_FILES,
  async ({ testFiles }: { testFiles: readonly string[] }, { config }, runSuper): Promise<string[]> => {
    const files = (await runSuper()) as string[]
    const folder = join(config.paths.tests, FAULTS) + sep
    return testFiles.length > 0 ? files : files.filter((file) => !file.startsWith(folder))
  },
)
