// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { Daemon } from './support/daemon'
import { marketInputs, TINY } from './support/models'
import { startPostgres, type Postgres } from './support/postgres'
import { openScenario, type Scenario } from './support/scenario'
import { sleep } from './support/wait'

describe('two daemons with one database', () => {
  let postgres: Postgres
  let world: Scenario

  before(async () => {
    postgres = await startPostgres()
    world = await openScenario({
      daemons: 2,
      daemon: { database: postgres.url, secrets: [postgres.password] },
    })
  })
  after(async () => {
    await world.close()
    await postgres.remove()
  })
  afterEach(async () => {
    for (const daemon of world.daemons) if (!daemon.isRunning) await daemon.start()
  })

  it('share the work, and every request is answered once', async () => {
    await world.ask(20)
    await world.check()
    for (const daemon of world.daemons) {
      expect(await daemon.metric('zkml_prove_seconds_count'), 'proofs of a daemon').to.be.above(0)
    }
  })

  it('start at the same time on an empty database', async () => {
    const other = await startPostgres()
    const fresh = await openScenario({ daemons: 2, daemon: { database: other.url, secrets: [other.password] } })
    try {
      await fresh.ask(2)
      await fresh.check()
    } finally {
      await fresh.close()
      await other.remove()
    }
  })

  for (const index of [0, 1]) {
    it(`lose daemon ${index} with work in hand: the other one takes it over`, async () => {
      const [first] = await world.ask(10)
      await world.reached(first!, 'locked')
      await world.daemons[index]!.kill()
      await world.check()
    })
  }

  it('are killed by turns while requests come in', async () => {
    for (let round = 0; round < 6; round++) {
      await world.ask(3)
      await sleep(700)
      const daemon = world.daemons[round % 2]!
      await daemon.kill()
      await daemon.start()
    }
    await world.check()
  })

  for (const how of ['fast', 'crash'] as const) {
    it(`lose the database (${how}) and go on when it is back`, async () => {
      const [first] = await world.ask(6)
      await world.reached(first!, 'locked')
      await postgres.stop(how)
      await world.ask(2)
      await sleep(3000)
      for (const daemon of world.daemons) {
        expect((await daemon.request('/readyz')).status, 'readiness without a database').to.equal(503)
        expect((await daemon.request('/healthz')).status, 'liveness without a database').to.equal(200)
      }
      await postgres.start()
      await Promise.all(world.daemons.map((daemon) => daemon.ready()))
      await world.check()
    })
  }

  it('lose the database at every stage', async () => {
    const asking = world.ask(8)
    for (let round = 0; round < 4; round++) {
      await sleep(500 + 150 * round)
      await postgres.stop('fast')
      await sleep(200)
      await postgres.start()
    }
    await asking
    await world.check()
  })

  it('end in good order one after the other, and no job is lost', async () => {
    const [first] = await world.ask(8)
    await world.reached(first!, 'locked')
    for (const daemon of world.daemons) {
      expect(await daemon.stop()).to.equal(0)
      await daemon.start()
    }
    await world.check()
  })

  it('make one job of a request that comes to both under one idempotency key', async () => {
    const { values } = marketInputs(world.market.model(TINY), 1, 99)[0]!
    const body = JSON.stringify({ model: TINY, input_integers: values.map((row) => Array.from(row)), prove: true })
    const post = (daemon: Daemon): Promise<Response> =>
      daemon.request('/v1/inferences', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'the-same' },
        body,
      })
    const answers = await Promise.all([0, 1, 0, 1, 0, 1].map((index) => post(world.daemons[index]!)))
    const accepted = answers.filter(({ ok }) => ok)
    // The others may be told to come again while the first is being answered.
    for (const { status } of answers) expect(status).to.be.oneOf([201, 202, 409])
    const ids = await Promise.all(accepted.map(async (answer) => ((await answer.json()) as { id: string }).id))
    expect(new Set(ids).size).to.equal(1)
    await world.check()
  })
})
