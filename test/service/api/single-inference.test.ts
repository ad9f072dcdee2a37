// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { Job, JobState } from '../../../prover/service/store/job'
import { bearer, closeApis, demoProofFile, listen, testApi, tokenOf, until, type TestApi } from './support'

type Body = Readonly<Record<string, unknown>>

const CONFIG = {
  tokens: [tokenOf('alice', ['prove']), tokenOf('bob', ['prove']), tokenOf('operator', ['admin'])],
  anonymousScopes: [],
  maxStreams: { total: 3, client: 2 },
}

const SECRETS = {
  ...{ format: 'zkml-secrets/1' as const, modelHash: `0x${'11'.repeat(32)}` },
  tensors: [
    { side: 'output' as const, name: 'reason', commitment: '1', salt: '2', integers: ['3', '4'], values: [3, 4] },
    { side: 'input' as const, name: 'closed', commitment: '5', salt: '6', integers: ['7', '8'], values: [7, 8] },
  ],
}

/** Name and data of each event. */
const eventsOf = (text: string): readonly [string, Body][] =>
  [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => [name!, JSON.parse(data!) as Body])

describe('/v1/inferences/{id}', function () {
  this.timeout(20_000)
  let test: TestApi
  let job: Job
  beforeEach(async () => {
    test = await testApi({ ...CONFIG, timeouts: { request: 5000, headers: 5000, keepAlive: 5000, heartbeat: 50 } })
    job = test.backend.add({ kind: 'api', client: 'alice', context: null, submitTo: null }, 'demo')
  })
  afterEach(closeApis)

  const ask = (path = '', client = 'alice', method: 'GET' | 'DELETE' = 'GET') =>
    test.api.inject({ method, url: `/v1/inferences/${job.id}${path}`, headers: bearer(client) })

  async function statuses(path: string, method: 'GET' | 'DELETE' = 'GET'): Promise<Record<string, number>> {
    const entries: [string, number][] = []
    for (const client of ['bob', 'operator', 'alice'])
      entries.push([client, (await ask(path, client, method)).statusCode])
    return Object.fromEntries(entries)
  }

  it('is for the client that asked, and for operators', async () => {
    expect(await statuses('')).to.deep.equal({ alice: 200, operator: 200, bob: 404 })
    const { body } = await ask('', 'bob')
    expect(body).to.include('API_INFERENCE_UNKNOWN')
  })

  it('of the market is for anybody, but its secrets are not', async () => {
    const request = {} as never
    const origin = { chainId: 5, coordinator: '0xc0', requestId: '0x12', request, block: { number: 1, hash: '0x' } }
    job = test.backend.add({ kind: 'market', ...origin }, 'demo')
    test.backend.move(job.id, 'done', { proof: demoProofFile() })
    test.backend.stored.set(job.id, SECRETS)
    expect((await ask('', 'bob')).json()).to.deep.include({
      ...{ kind: 'market', submitTo: 5, context: null, transaction: null },
      request: { chainId: 5, coordinator: '0xc0', requestId: '0x12' },
    })
    expect(await statuses('/secrets')).to.deep.equal({ alice: 404, bob: 404, operator: 200 })
    const forbidden = await ask('', 'alice', 'DELETE')
    expect([forbidden.statusCode, forbidden.json<Body>()['code']]).to.deep.equal([403, 'API_FORBIDDEN'])
  })

  it('of the market shows what was proved when it is settled, and to operators before', async () => {
    const request = {} as never
    const origin = { chainId: 5, coordinator: '0xc0', requestId: '0x12', request, block: { number: 1, hash: '0x' } }
    job = test.backend.add({ kind: 'market', ...origin }, 'demo')
    const shown = async (client: string) => {
      const view = (await ask('', client)).json<Body>()
      const proof = await ask('/proof', client)
      return [view['outputs'] !== null, view['inputs'] !== null, proof.statusCode, proof.json<Body>()['code']]
    }
    test.backend.move(job.id, 'submitting', { proof: demoProofFile() })
    expect(await shown('alice')).to.deep.equal([false, false, 409, 'API_PART_PENDING'])
    expect(await shown('operator')).to.deep.equal([true, true, 200, undefined])
    test.backend.move(job.id, 'skipped')
    expect(await shown('alice')).to.deep.equal([false, false, 404, 'API_PART_ABSENT'])
    test.backend.move(job.id, 'done')
    expect(await shown('alice')).to.deep.equal([true, true, 200, undefined])
    // What a client asked for is his from the start.
    job = test.backend.add({ kind: 'api', client: 'alice', context: null, submitTo: 5 }, 'demo')
    test.backend.move(job.id, 'submitting', { proof: demoProofFile() })
    expect(await shown('alice')).to.deep.equal([true, true, 200, undefined])
  })

  it('tells operators times, money and transactions', async () => {
    job = test.backend.add({ kind: 'api', client: 'alice', context: null, submitTo: 5 }, 'demo')
    const known = { times: { received: 0, proved: 1500 }, money: { price: '7' } }
    test.backend.jobs.set(job.id, { ...job, ...known })
    const transaction = { chainId: 5, purpose: 'verify', state: 'mined', nonce: 3, error: null, attempts: [] }
    const receipt = { hash: '0xaa', blockNumber: 9, blockHash: '0xbb', gasUsed: 5n, fee: 10n ** 18n }
    test.backend.sent.set(job.id, [{ ...transaction, receipt, data: '0xsigned' } as never])
    expect((await ask()).json()).not.to.have.property('operator')
    const view = (await ask('', 'operator')).json<Body>()
    expect(view['operator']).to.deep.equal({
      times: { received: '1970-01-01T00:00:00.000Z', proved: '1970-01-01T00:00:01.500Z' },
      money: { price: '7' },
      transactions: [
        {
          ...{ purpose: 'verify', state: 'mined', nonce: 3, hash: '0xaa', block: 9 },
          ...{ fee: '1000000000000000000', error: null },
        },
      ],
    })
  })

  it('does not exist under other ids', async () => {
    job = { ...job, id: '00000000-0000-4000-8000-000000000000' }
    expect((await ask('', 'operator')).statusCode).to.equal(404)
    job = { ...job, id: "1'%20or%201=1" }
    expect((await ask('', 'operator')).statusCode).to.equal(400)
  })

  it('has a proof once there is one', async () => {
    const early = await ask('/proof')
    expect([early.statusCode, early.json<Body>()['code']]).to.deep.equal([409, 'API_PART_PENDING'])
    test.backend.move(job.id, 'done', { proof: demoProofFile() })
    expect((await ask('/proof')).json()).to.deep.equal(demoProofFile())
    expect(await statuses('/proof')).to.deep.equal({ alice: 200, operator: 200, bob: 404 })
    test.backend.move(job.id, 'failed', { proof: null, error: { code: 'INPUT_RANGE', message: 'no' } })
    const never = await ask('/proof')
    expect([never.statusCode, never.json<Body>()['code']]).to.deep.equal([404, 'API_PART_ABSENT'])
    expect((await ask()).json<Body>()['error']).to.deep.equal({ code: 'INPUT_RANGE', message: 'no' })
  })

  it('gives the secrets to nobody else', async () => {
    expect((await ask('/secrets')).statusCode).to.equal(409)
    test.backend.move(job.id, 'done', { proof: demoProofFile() })
    expect((await ask('/secrets')).statusCode).to.equal(404)
    test.backend.stored.set(job.id, SECRETS)
    expect(await statuses('/secrets')).to.deep.equal({ alice: 200, operator: 200, bob: 404 })
    const answer = await ask('/secrets')
    expect(answer.json()).to.deep.equal(SECRETS)
    expect(answer.headers['cache-control']).to.equal('no-store')
  })

  it('without a token has no owner who could get the secrets', async () => {
    test = await testApi({ ...CONFIG, anonymousScopes: ['admin'] })
    job = test.backend.add({ kind: 'api', client: 'anonymous', context: null, submitTo: null }, 'hidden')
    test.backend.move(job.id, 'done', { proof: demoProofFile() })
    test.backend.stored.set(job.id, SECRETS)
    for (const headers of [{}, bearer('operator')]) {
      const url = `/v1/inferences/${job.id}`
      expect((await test.api.inject({ url, headers })).statusCode).to.equal(200)
      const refused = await test.api.inject({ url: `${url}/secrets`, headers })
      expect([refused.statusCode, refused.json<Body>()['code']]).to.deep.equal([404, 'API_PART_ABSENT'])
    }
  })

  it('can be cancelled until it is too late, and again', async () => {
    expect(await statuses('', 'DELETE')).to.deep.equal({ bob: 404, operator: 200, alice: 200 })
    expect(test.backend.jobs.get(job.id)!.state).to.equal('cancelled')
    job = test.backend.add({ kind: 'api', client: 'alice', context: null, submitTo: 1 }, 'demo')
    test.backend.move(job.id, 'submitting')
    const late = await ask('', 'alice', 'DELETE')
    expect([late.statusCode, late.json<Body>()['code']]).to.deep.equal([409, 'API_CANCEL_TOO_LATE'])
  })

  it('is listed for operators, page by page', async () => {
    for (let i = 0; i < 4; i++)
      test.backend.add({ kind: 'api', client: 'alice', context: null, submitTo: null }, 'demo')
    const page = async (query: string) => {
      const response = await test.api.inject({ url: `/v1/inferences${query}`, headers: bearer('operator') })
      return response.json<{ inferences: { id: string }[]; next: string | null }>()
    }
    const first = await page('?limit=3')
    const second = await page(`?limit=3&before=${first.next}`)
    expect([first.inferences.length, second.inferences.length, second.next]).to.deep.equal([3, 2, null])
    expect(new Set([...first.inferences, ...second.inferences].map(({ id }) => id)).size).to.equal(5)
    for (const query of ['?limit=0', '?limit=201', '?limit=x', '?state=lost', '?before=1', '?limit=1&limit=2'])
      expect(
        (await test.api.inject({ url: `/v1/inferences${query}`, headers: bearer('operator') })).statusCode,
      ).to.equal(400)
    expect((await test.api.inject({ url: '/v1/inferences', headers: bearer('alice') })).statusCode).to.equal(403)
  })

  describe('/events', () => {
    it('tells where it stands, every change, and the end', async () => {
      test.backend.lastProgress = { stage: 'witness', fraction: 0.5 }
      const pending = ask('/events')
      await until(() => test.backend.listeners.size > 0)
      const steps: readonly [JobState, string, number | null][] = [
        ['proving', 'witness', 1],
        ['proving', 'prove', null],
      ]
      await new Promise((resolve) => setTimeout(resolve, 20))
      for (const [state, stage, fraction] of steps) {
        test.backend.move(job.id, state, {}, { stage, fraction })
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      test.backend.move(job.id, 'done', { proof: demoProofFile() })
      const response = await pending
      expect(response.headers).to.include({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      const events = eventsOf(response.body).map(([name, { elapsed, ...data }]) => {
        expect(elapsed).to.be.at.least(0)
        return [name, data]
      })
      expect(events).to.deep.equal([
        ['progress', { state: 'received', stage: 'witness', percent: 50 }],
        ['progress', { state: 'proving', stage: 'witness', percent: 100 }],
        ['progress', { state: 'proving', stage: 'prove', percent: null }],
        ['end', { state: 'done', stage: 'done', percent: null, error: null }],
      ])
      expect(test.backend.listeners.size).to.equal(0)
    })

    it('of an ended one say just that', async () => {
      test.backend.move(job.id, 'failed', { error: { code: 'X', message: 'y' } })
      const events = eventsOf((await ask('/events')).body)
      expect(events.map(([name]) => name)).to.deep.equal(['end'])
      expect(events[0]![1]).to.deep.include({ state: 'failed', error: { code: 'X', message: 'y' } })
    })

    it('end even when nobody tells of it, and keep the connection open meanwhile', async () => {
      const pending = ask('/events')
      await until(() => test.backend.listeners.size > 0)
      test.backend.listeners.clear()
      test.backend.move(job.id, 'done')
      const { body } = await pending
      expect(body).to.match(/^: still here$/m)
      expect(eventsOf(body).at(-1)![0]).to.equal('end')
    })

    it('are for who may see it', async () => {
      test.backend.move(job.id, 'done')
      expect(await statuses('/events')).to.deep.equal({ alice: 200, operator: 200, bob: 404 })
    })

    it('are given to so many listeners at once, whose places are free when they have gone', async () => {
      const { url } = await listen(test)
      const follow = (client: string, signal: AbortSignal) =>
        fetch(`${url}/v1/inferences/${job.id}/events`, { headers: bearer(client), signal })
      const gone = new AbortController()
      const streams = [await follow('alice', gone.signal), await follow('alice', gone.signal)]
      for (const { status } of streams) expect(status).to.equal(200)
      const third = await follow('alice', gone.signal)
      expect([third.status, third.headers.get('retry-after')]).to.deep.equal([503, '5'])
      await third.body?.cancel()
      expect((await follow('operator', gone.signal)).status).to.equal(200)
      expect((await follow('operator', gone.signal)).status).to.equal(503)
      gone.abort()
      await until(() => test.backend.listeners.size === 0)
      const stop = new AbortController()
      expect((await follow('alice', stop.signal)).status).to.equal(200)
      stop.abort()
    })

    it('end with a word when the prover shuts down, and so does waiting', async () => {
      const { url } = await listen(test)
      const response = await fetch(`${url}/v1/inferences/${job.id}/events`, { headers: bearer('alice') })
      const waiting = fetch(`${url}/v1/inferences?wait=60`, {
        method: 'POST',
        headers: { ...bearer('alice'), 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'demo', input_data: [[1, 2, 3]], prove: true }),
      })
      await until(() => test.backend.listeners.size === 2)
      await test.api.close()
      expect(eventsOf(await response.text()).map(([name]) => name)).to.deep.equal(['progress', 'closing'])
      expect((await waiting).status).to.equal(202)
      expect(test.backend.listeners.size).to.equal(0)
    })
  })
})
