// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readdirSync, readFileSync } from 'node:fs'
import { seededRandom } from '../support/onnx-builder'
import { CANCER, TINY } from './support/models'
import { scenario, type Scenario } from './support/scenario'
import { eventually, sleep } from './support/wait'

/** Ends a daemon at some moment of the life of a request; what it returns lets the world go on. */
type Moment = (scenario: Scenario) => Promise<(() => void) | undefined>

/** SIGKILL while a call of the daemon is held up, before or after the node has it. */
const whileSending =
  (call: 'lock' | 'fulfill', when: 'request' | 'answer'): Moment =>
  async ({ proxy, daemon, ask, carries }) => {
    const held = proxy.hold('eth_sendRawTransaction', when, carries(call))
    await ask(2)
    await held.arrived
    await daemon.kill()
    return held.cut
  }

/** SIGKILL while a transaction waits for a block. */
const whilePending =
  (call: 'lock' | 'fulfill'): Moment =>
  async ({ anvil, daemon, ask, pause, reached, sent }) => {
    if (call === 'lock') {
      const resume = await pause()
      await ask(2)
      await anvil.mine()
      await sent('lock')
      await daemon.kill()
      return resume
    }
    const [first] = await ask(2)
    await reached(first!, 'locked')
    const resume = await pause()
    await sent('fulfill')
    await daemon.kill()
    return resume
  }

/** SIGKILL as soon as the chain says so. */
const onceIt =
  (is: 'open' | 'locked' | 'fulfilled'): Moment =>
  async ({ daemon, ask, reached }) => {
    const [first] = await ask(2)
    await reached(first!, is)
    await daemon.kill()
    return undefined
  }

const MOMENTS: Readonly<Record<string, Moment>> = {
  'before it has seen the request': async ({ daemon, ask }) => {
    await daemon.kill()
    await ask(2)
    return undefined
  },
  'when the request is open': onceIt('open'),
  'before the lock reaches the node': whileSending('lock', 'request'),
  'before it hears that the node has the lock': whileSending('lock', 'answer'),
  'while the lock waits for a block': whilePending('lock'),
  'when the request is locked': onceIt('locked'),
  'while it proves': async ({ daemon, ask }) => {
    await ask(2, CANCER)
    await eventually(async () => (await daemon.metric('zkml_prover_busy')) > 0, 'the prover is busy', 30_000, 10)
    await daemon.kill()
    return undefined
  },
  'before the proof reaches the node': whileSending('fulfill', 'request'),
  'before it hears that the node has the proof': whileSending('fulfill', 'answer'),
  'while the proof waits for a block': whilePending('fulfill'),
  'when the request is fulfilled, before that is deep': onceIt('fulfilled'),
  'when all is done': async ({ daemon, ask, check }) => {
    await ask(2)
    await check()
    await daemon.kill()
    return undefined
  },
}

/** Processes whose parent is such a one. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        // The name of the program, in parentheses, may have spaces.
        return (
          Number(
            readFileSync(`/proc/${name}/stat`, 'utf8')
              .replace(/^.*\) /s, '')
              .split(' ')[1],
          ) === pid
        )
      } catch {
        return false
      }
    })
    .map(Number)
}

describe('SIGKILL', () => {
  for (const [moment, kill] of Object.entries(MOMENTS)) {
    it(`${moment}: the next start goes on`, () =>
      scenario({ models: [TINY, CANCER] }, async (world) => {
        const goOn = await kill(world)
        goOn?.()
        await world.daemon.start()
        return undefined
      }))
  }

  it('during its start, again and again, with work in hand', () =>
    scenario({ idle: true }, async ({ daemon, ask }) => {
      await ask(3)
      for (const milliseconds of [100, 300, 600, 1000, 1500, 2000]) {
        daemon.launch()
        await sleep(milliseconds)
        await daemon.kill()
      }
      await daemon.start()
      return undefined
    }))

  it('to the daemon alone: its prover processes end by themselves', () =>
    scenario({ models: [CANCER] }, async ({ daemon, ask }) => {
      await ask(2, CANCER)
      await eventually(async () => (await daemon.metric('zkml_prover_busy')) > 0, 'the prover is busy', 30_000, 10)
      const children = childrenOf(daemon.pid)
      expect(children).not.to.be.empty
      await daemon.kill('alone')
      await eventually(
        async () => children.every((pid) => !isAlive(pid)),
        'the prover processes of a dead daemon end',
        30_000,
      )
      await daemon.start()
      return undefined
    }))

  it('to its prover processes: the jobs are proved by new ones', () =>
    scenario({ models: [CANCER] }, async ({ daemon, ask }) => {
      await ask(3, CANCER)
      for (let round = 0; round < 3; round++) {
        await eventually(async () => (await daemon.metric('zkml_prover_busy')) > 0, 'the prover is busy', 30_000, 10)
        for (const pid of childrenOf(daemon.pid)) process.kill(pid, 'SIGKILL')
      }
      return undefined
    }))

  it('at random moments while requests come in', () =>
    scenario({}, async ({ daemon, ask }) => {
      const random = seededRandom(41)
      for (let round = 0; round < 8; round++) {
        await ask(3)
        await sleep(random() * 1500)
        await daemon.kill(random() < 0.5 ? 'all' : 'alone')
        await daemon.start()
      }
      return undefined
    }))
})

describe('SIGTERM', () => {
  it('ends the daemon in good order with work in hand, and the next start goes on', () =>
    scenario({}, async ({ daemon, ask, reached }) => {
      const [first] = await ask(6)
      await reached(first!, 'locked')
      expect(await daemon.stop()).to.equal(0)
      await daemon.start()
      return undefined
    }))

  it('lets it finish what is nearly done', () =>
    scenario({}, async ({ daemon, ask, served }) => {
      await ask(1)
      await served()
      expect(await daemon.stop()).to.equal(0)
      await daemon.start()
      return undefined
    }))
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
