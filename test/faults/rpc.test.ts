// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { RpcFaults } from './support/rpc-proxy'
import { startRpcProxy } from './support/rpc-proxy'
import { createDaemon } from './support/daemon'
import { TINY } from './support/models'
import { openScenario, scenario, type Scenario } from './support/scenario'
import { eventually, sleep } from './support/wait'

/** Faults that a daemon works through while they last. */
const LASTING: Readonly<Record<string, RpcFaults>> = {
  'cuts connections': { cut: 0.15 },
  'cuts connections after it has done what was asked': { cutAnswer: 0.15 },
  'is slow': { delay: { share: 0.3, milliseconds: 1000 } },
  'answers 500': { status: { share: 0.15, code: 500 } },
  'answers 429': { status: { share: 0.15, code: 429 } },
  'answers garbage': { garbage: 0.15 },
  'answers with errors': { error: 0.15 },
  'lags behind': { stale: { share: 1, blocks: 3 } },
  'lags behind every now and then': { stale: { share: 0.4, blocks: 5 } },
  'tells of logs twice': { duplicateLogs: 1 },
  'loses transactions': { loseTransactions: 0.5 },
  'does everything wrong a little': {
    cut: 0.05,
    cutAnswer: 0.05,
    delay: { share: 0.1, milliseconds: 300 },
    status: { share: 0.05, code: 503 },
    garbage: 0.05,
    error: 0.05,
    stale: { share: 0.1, blocks: 2 },
    duplicateLogs: 0.3,
    loseTransactions: 0.1,
  },
}

/** Faults during which nothing can be served, and after which all is. */
const PASSING: Readonly<Record<string, RpcFaults>> = {
  'is gone': { cut: 1 },
  'loses every transaction': { loseTransactions: 1 },
  'leaves logs out': { missingLogs: 1 },
  'says that it is another chain': { chainId: 5 },
  'answers nothing but garbage': { garbage: 1 },
}

describe('an RPC endpoint that', () => {
  let world: Scenario

  before(async () => {
    world = await openScenario()
  })
  after(() => world.close())
  afterEach(() => world.proxy.set({}))

  for (const [fault, faults] of Object.entries(LASTING)) {
    it(`${fault}: requests are served meanwhile, once`, async () => {
      world.proxy.set(faults)
      await world.ask(2)
      await world.served()
      world.proxy.set({})
      await world.check()
    })
  }

  for (const [fault, faults] of Object.entries(PASSING)) {
    it(`${fault}: requests are served when that is over, once`, async () => {
      world.proxy.set(faults)
      await world.ask(2)
      await sleep(3000)
      world.proxy.set({})
      await world.check()
    })
  }

  it('leaves some logs out, now and then: no request is overlooked', async () => {
    world.proxy.set({ missingLogs: 0.5 })
    for (let round = 0; round < 5; round++) {
      await world.ask(1)
      await sleep(400)
    }
    world.proxy.set({})
    await world.check()
  })
})

describe('RPC endpoints', () => {
  it('take turns at failing: the other one is asked', () =>
    scenario({ idle: true }, async ({ anvil, market, account, proxy, ask, served }) => {
      const second = await startRpcProxy(anvil.url, 2)
      const daemon = await createDaemon({
        chains: [{ market, rpc: [proxy.url, second.url], account }],
        models: [market.model(TINY).folder],
        secrets: [proxy.secret, second.secret],
      })
      try {
        proxy.set({ cut: 1 })
        await daemon.start()
        await ask(2)
        await served()
        proxy.set({})
        second.set({ status: { share: 1, code: 500 } })
        await ask(2)
        await served()
        proxy.set({ stale: { share: 1, blocks: 15 } })
        second.set({})
        await ask(2)
        await served()
        await eventually(async () => (await daemon.workload()).jobs === 0, 'the daemon has nothing left to do')
        expect(daemon.revealed()).to.be.empty
      } finally {
        await daemon.remove()
        await second.stop()
      }
      return undefined
    }))

  it('are all down at the start: it says that it is not ready, and is once they are up', () =>
    scenario({ idle: true }, async ({ daemon, proxy, ask }) => {
      proxy.set({ cut: 1 })
      await ask(1)
      daemon.launch()
      await eventually(async () => (await daemon.request('/healthz').catch(() => undefined))?.ok, 'the daemon is alive')
      expect((await daemon.request('/readyz')).status).to.equal(503)
      proxy.set({})
      await daemon.ready()
      return undefined
    }))

  it('are of another chain: nothing is ever sent there', () =>
    scenario({ idle: true }, async ({ daemon, proxy, ask }) => {
      proxy.set({ chainId: 1 })
      await ask(1)
      daemon.launch()
      await eventually(async () => (await daemon.request('/healthz').catch(() => undefined))?.ok, 'the daemon is alive')
      await sleep(2000)
      expect(proxy.calls.get('eth_sendRawTransaction')).to.equal(undefined)
      expect((await daemon.request('/readyz')).status).to.equal(503)
      // An endpoint of another chain is a mistake of the configuration, which is not read again.
      await daemon.stop()
      proxy.set({})
      await daemon.start()
      return undefined
    }))
})
