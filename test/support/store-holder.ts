// SPDX-License-Identifier: GPL-3.0-or-later

import { openStore } from '../../prover/service/store'
import { SILENT, TEST_DATA_KEY } from './store'

/**
 * A daemon in a process of its own: `store-holder.ts <place as JSON> hold` takes a job from "prove", says "taken <job>", and waits
 * to be killed; `… close` opens and closes the store, and ends if that left nothing open.
 */
async function main(): Promise<void> {
  const [place, mode] = process.argv.slice(2)
  const store = await openStore(JSON.parse(place!), { dataKey: TEST_DATA_KEY, log: SILENT })
  if (mode === 'close') return await store.close()
  const taken = await store.queue.take('prove')
  await store.leases.hold('role', 3_600_000)
  process.stdout.write(`taken ${taken?.jobId}\n`)
  setInterval(() => undefined, 60_000)
}

if (require.main === module) void main()
