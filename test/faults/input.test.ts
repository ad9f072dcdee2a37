// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { HASHED, marketInputs, TINY, withWrongCommitment, type MarketInput } from './support/models'
import { inputBody } from './support/request-input'
import type { AskedRequest } from './support/requester'
import { openScenario, scenario, type Scenario } from './support/scenario'
import { eventually, sleep } from './support/wait'

describe('a request whose input is in its event', () => {
  /** Inputs of which nothing can be made. */
  const USELESS: Readonly<Record<string, (input: MarketInput, other: MarketInput) => MarketInput>> = {
    'is another one than it commits to': (input, other) => ({ ...input, hint: other.hint }),
    'commits to nothing that exists': withWrongCommitment,
    'is absent': (input) => ({ ...input, hint: '0x' }),
    'is no whole word': (input) => ({ ...input, hint: `${input.hint}00` }),
    'is a word too long': (input) => ({ ...input, hint: `${input.hint}${'00'.repeat(32)}` }),
    'is above the field': (input) => ({ ...input, hint: `0x${'ff'.repeat(32)}` }),
    'is enormous': (input) => ({ ...input, hint: `0x${'ab'.repeat(8_000)}` }),
  }
  let world: Scenario
  let useless: AskedRequest[] = []

  before(async () => {
    world = await openScenario()
  })
  after(() => world.close())

  for (const [what, spoil] of Object.entries(USELESS)) {
    it(`${what}: nothing is staked on it, and others are served`, async () => {
      const [input, other, ...good] = marketInputs(world.market.model(TINY), 4, 100 + useless.length)
      useless = [...useless, ...(await world.askAbout([spoil(input!, other!)]))]
      world.unserved(useless)
      await world.askAbout(good)
      await world.check()
    })
  }
})

describe('a request whose input is hashed', () => {
  const options = { models: [HASHED, TINY] } as const

  const send = async ({ daemon }: Scenario, request: AskedRequest, body: object): Promise<Response> =>
    daemon.request(`/v1/requests/${request.id}/input`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  /** The daemon may need a moment to discover the request. */
  const sendWhenKnown = async (world: Scenario, request: AskedRequest): Promise<void> => {
    const body = await inputBody(world.market, world.requester.wallet, request, request.input)
    const { values, salts } = request.input
    world.daemon.keepSecret(...salts.map(String), `[${Array.from(values[0]!).join(',')}]`)
    let last = ''
    await eventually(
      async () => {
        const answer = await send(world, request, body)
        last = `${answer.status} ${await answer.text()}`
        return answer.ok
      },
      () => `the input is taken: ${last}`,
      20_000,
      500,
    )
  }

  it('waits for it, and is served when it comes', () =>
    scenario(options, async (world) => {
      const [request] = await world.ask(1, HASHED)
      await world.ask(1, TINY)
      await world.reached(request!, 'open')
      await sleep(1000)
      expect((await world.market.coordinator.recordOf(request!.id)).state).to.equal(1n)
      await sendWhenKnown(world, request!)
      return undefined
    }))

  it('takes it from its requester alone, and only the one that was committed to', () =>
    scenario(options, async (world) => {
      const { market, requester } = world
      const [request] = await world.ask(1, HASHED)
      await world.reached(request!, 'open')
      const stranger = market.account()
      const own = await inputBody(market, requester.wallet, request!, request!.input)
      await eventually(
        async () => (await send(world, request!, { ...own, salts: [] })).status !== 404,
        'the daemon knows the request',
        20_000,
        500,
      )
      const byStranger = await inputBody(market, stranger, request!, request!.input)
      const [another] = marketInputs(market.model(HASHED), 1, 77)
      const other = await inputBody(market, requester.wallet, request!, another!)
      const otherSalt = await inputBody(market, requester.wallet, request!, { ...request!.input, salts: [5n] })
      for (const [body, statuses] of [
        [byStranger, [401, 403]],
        [{ ...own, signature: byStranger.signature }, [401, 403]],
        [{ ...other, signature: own.signature }, [401, 403]],
        [other, [422]],
        [otherSalt, [422]],
        [{}, [400]],
      ] as const) {
        expect((await send(world, request!, body)).status).to.be.oneOf(statuses)
      }
      expect((await market.coordinator.recordOf(request!.id)).state).to.equal(1n)
      expect((await send(world, request!, own)).ok).to.equal(true)
      world.daemon.keepSecret(...request!.input.salts.map(String))
      return undefined
    }))

  it('is not asked for its input again after a SIGKILL', () =>
    scenario(options, async (world) => {
      const { daemon, proxy, carries } = world
      const [request] = await world.ask(1, HASHED)
      const held = proxy.hold('eth_sendRawTransaction', 'request', carries('lock'))
      await sendWhenKnown(world, request!)
      await held.arrived
      await daemon.kill()
      held.cut()
      await daemon.start()
      return undefined
    }))
})
