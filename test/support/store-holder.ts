// SPDX-License-Identifier: GPL-3.0-or-later

import { openStore } from '../../prover/service/store'
import { SILENT, TEST_DATA_KEY } from './store'

/** A daemon that takes what it finds and never ends it: `node store-holder.ts <stateDir>`; says "taken <job>" and waits. */
async function main(): Promise<void> {
  const store = await openStore({ stateDir: process.argv[2]! }, { dataKey: TEST_DATA_KEY, log: SILENT })
  const taken = await store.queue.take('prove')
  await store.leases.hold('lane', 3_600_000)
  process.stdout.write(`taken ${taken?.jobId}\n`)
  setInterval(() => undefined, 60_000)
}

void main()
