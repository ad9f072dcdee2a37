// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openScenario, type Scenario } from './support/scenario'
import { sleep } from './support/wait'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('the clock of the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zkml-clock-'))
  const file = join(folder, 'offset')
  const set = (milliseconds: number): void => writeFileSync(file, String(milliseconds))
  let world: Scenario

  before(async () => {
    set(0)
    world = await openScenario({
      daemon: { preload: [join(__dirname, 'support', 'clock-preload.js')], env: { ZKML_FAULTS_CLOCK: file } },
    })
  })
  after(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(() => set(0))

  for (const [step, milliseconds] of [
    ['forward by a minute', MINUTE],
    ['back by a minute', -MINUTE],
    ['forward by a day', 24 * HOUR],
    ['back by a day', -24 * HOUR],
  ] as const) {
    it(`steps ${step} with work in hand: requests are served, once`, async () => {
      const [first] = await world.ask(3)
      await world.reached(first!, 'open')
      set(milliseconds)
      await world.ask(2)
      await world.check()
    })
  }

  it('steps to and fro', async () => {
    for (let round = 0; round < 8; round++) {
      await world.ask(1)
      set((round % 2 === 0 ? 1 : -1) * HOUR)
      await sleep(300)
    }
    await world.check()
  })

  it('steps while the daemon is down', async () => {
    const [first] = await world.ask(3)
    await world.reached(first!, 'locked')
    await world.daemon.kill()
    set(-2 * HOUR)
    await world.daemon.start()
    await world.check()
    await world.daemon.kill()
    set(2 * HOUR)
    await world.daemon.start()
    await world.ask(1)
    await world.check()
  })
})

describe('the clock of the chain', () => {
  let world: Scenario

  before(async () => {
    world = await openScenario()
  })
  after(() => world.close())

  it('runs ahead of that of the machine', async () => {
    await world.anvil.skip(1800)
    await world.ask(2)
    await world.check()
    await world.anvil.skip(24 * 3600)
    await world.ask(2)
    await world.check()
  })

  it('jumps over the end of locks that are open: they are answered all the same, by whoever proves', async () => {
    const [first] = await world.ask(2, undefined, { lockSeconds: 120n, bond: 0n })
    await world.reached(first!, 'locked')
    await world.anvil.skip(121)
    await world.check()
  })
})
