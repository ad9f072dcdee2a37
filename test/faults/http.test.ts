// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { connect, type Socket } from 'node:net'
import { marketInputs, TINY } from './support/models'
import { openScenario, type Scenario } from './support/scenario'
import { sleep } from './support/wait'

const MEBIBYTE = 2 ** 20

describe('HTTP requests', () => {
  let world: Scenario
  let body: { readonly model: string; readonly input_integers: readonly (readonly number[])[] }

  before(async () => {
    world = await openScenario()
    const [input] = marketInputs(world.market.model(TINY), 1, 5)
    body = { model: TINY, input_integers: input!.values.map((row) => Array.from(row)) }
  })
  after(() => world.close())

  /** Whatever was done to the API, the market is served, and the API answers. */
  afterEach(async () => {
    await world.ask(1)
    await world.check()
    expect((await post(body)).status).to.equal(200)
  })

  const post = (content: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    world.daemon.request('/v1/inferences', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof content === 'string' ? content : JSON.stringify(content),
    })

  /** What a request is refused with: a problem with a code, and nothing of the inside of the daemon. */
  async function problem(answer: Response, ...statuses: readonly number[]): Promise<string> {
    expect(answer.status).to.be.oneOf(statuses)
    expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/)
    const text = await answer.text()
    expect(text).not.to.match(/node_modules|\.js:\d+|at .* \(/)
    return (JSON.parse(text) as { readonly code: string }).code
  }

  /** Sends bytes as they are; what comes back until the connection ends or time is up. */
  function raw(bytes: string | Buffer, milliseconds = 1000): Promise<string> {
    return new Promise((resolve) => {
      const socket = open()
      const chunks: Buffer[] = []
      const timer = setTimeout(() => socket.destroy(), milliseconds)
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('close', () => {
        clearTimeout(timer)
        resolve(Buffer.concat(chunks).toString('latin1'))
      })
      socket.write(bytes)
    })
  }

  function open(): Socket {
    const { hostname, port } = new URL(world.daemon.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    return socket
  }

  it('that are malformed are refused with a problem each', async () => {
    const cases: readonly (readonly [string, ...number[]])[] = [
      ['', 400],
      ['{', 400],
      ['null', 400],
      ['[]', 400],
      ['"text"', 400],
      ['{"model":1}', 400],
      [`{"model":"${TINY}"}`, 400],
      [`{"model":"${TINY}","input_data":[]}`, 400, 422],
      [`{"model":"${TINY}","input_data":[[1]]}`, 422],
      [`{"model":"${TINY}","input_data":[[1,2,3,4,5,"6"]]}`, 400],
      [`{"model":"${TINY}","input_data":[[1e999,0,0,0,0,0]]}`, 400, 422],
      [`{"model":"${TINY}","input_integers":[["999999999999999999999999",0,0,0,0,0]]}`, 400, 422],
      [`{"model":"${TINY}","input_data":[[0,0,0,0,0,0]],"unknown":1}`, 400],
      [`{"model":"../../etc/passwd","input_data":[[0]]}`, 404],
      [`{"model":"__proto__","input_data":[[0]]}`, 404],
      [`{"__proto__":{"admin":true},"model":"${TINY}","input_data":[[0]]}`, 400, 422],
      ['\ud800', 400],
      [`{"model":"${TINY}\\u0000","input_data":[[0]]}`, 400, 404],
    ]
    for (const [text, ...statuses] of cases) {
      const code = await problem(await post(text), ...statuses)
      expect(code, text).to.match(/^[A-Z_]+$/)
    }
    await problem(await post(body, { 'content-type': 'text/plain' }), 415)
    await problem(await world.daemon.request('/v1/inferences/not-an-id'), 400, 404)
    await problem(await world.daemon.request('/v1/../../etc/passwd'), 404)
    await problem(await world.daemon.request('/v1/models/%00'), 400, 404)
    await problem(await post(body, { authorization: 'Bearer wrong' }), 401)
  })

  it('that are not HTTP do not disturb it', async () => {
    const host = `Host: ${new URL(world.daemon.url).host}`
    for (const bytes of [
      'hello\r\n\r\n',
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]),
      `GET /v1/models HTTP/9.9\r\n${host}\r\n\r\n`,
      `POST /v1/inferences HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `POST /v1/inferences HTTP/1.1\r\n${host}\r\nContent-Length: -1\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\n${host}\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
    ]) {
      expect(await raw(bytes)).not.to.match(/^HTTP\/1\.1 (2|500)/)
    }
  })

  it('that are oversized are refused, whether they say so or not', async () => {
    const large = `{"model":"${TINY}","input_data":[[${'1,'.repeat(3 * MEBIBYTE)}1]]}`
    const head =
      `POST /v1/inferences HTTP/1.1\r\nHost: ${new URL(world.daemon.url).host}\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${world.daemon.token}\r\n`
    expect(await raw(`${head}Content-Length: ${large.length}\r\n\r\n{`, 5000)).to.match(/^HTTP\/1\.1 413/)
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`
    // It need not wait for the end of what it refuses, so the connection may break before the answer is read.
    const answer = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(100)}`, 5000)
    expect(answer).to.match(/^HTTP\/1\.1 413|^$/)
    const deep = `{"model":"${TINY}","input_data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    await problem(await post(deep), 400, 413, 422)
    const before = await world.daemon.metric('zkml_process_resident_memory_bytes')
    await Promise.allSettled(Array.from({ length: 20 }, async () => (await post(large)).text()))
    const grown = (await world.daemon.metric('zkml_process_resident_memory_bytes')) - before
    expect(grown / MEBIBYTE, 'MiB that refused requests took').to.be.below(300)
  })

  it('that never end leave room for others', async () => {
    const sockets = Array.from({ length: 200 }, open)
    try {
      const head = `POST /v1/inferences HTTP/1.1\r\nHost: ${new URL(world.daemon.url).host}\r\nContent-Length: 1000\r\n`
      for (const [i, socket] of sockets.entries()) socket.write(head.slice(0, i % 2 === 0 ? 20 : undefined))
      for (let second = 0; second < 10; second++) {
        for (const socket of sockets) socket.write('X')
        expect((await post(body)).status).to.equal(200)
        await sleep(200)
      }
    } finally {
      sockets.forEach((socket) => socket.destroy())
    }
  })

  it('that come all at once are all answered, each with its own answer', async () => {
    const inputs = marketInputs(world.market.model(TINY), 200, 31)
    const answers = await Promise.all(
      inputs.map(async ({ values }) => {
        const answer = await post({ model: TINY, input_integers: values.map((row) => Array.from(row)) })
        expect(answer.status).to.equal(200)
        return ((await answer.json()) as { outputs: { integers: string[] }[] }).outputs[0]!.integers
      }),
    )
    for (const [i, integers] of answers.entries()) {
      const again = await post({ model: TINY, input_integers: inputs[i]!.values.map((row) => Array.from(row)) })
      const { outputs } = (await again.json()) as { outputs: { integers: string[] }[] }
      expect(outputs[0]!.integers).to.deep.equal(integers)
    }
  })

  it('for proofs that come at once under one key make one job', async () => {
    const send = (): Promise<Response> => post({ ...body, prove: true }, { 'idempotency-key': 'one' })
    const answers = await Promise.all(Array.from({ length: 10 }, send))
    for (const { status } of answers) expect(status).to.be.oneOf([201, 202, 409])
    const ids = await Promise.all(
      answers.filter(({ ok }) => ok).map(async (one) => ((await one.json()) as { id: string }).id),
    )
    expect(new Set(ids).size).to.equal(1)
    await problem(await post({ ...body, model: 'another', prove: true }, { 'idempotency-key': 'one' }), 404, 422)
  })

  it('whose clients hang up leave nothing behind', async () => {
    for (let round = 0; round < 30; round++) {
      const stop = new AbortController()
      const answer = world.daemon
        .request('/v1/inferences?wait=30', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...body, prove: true }),
          signal: stop.signal,
        })
        .catch(() => undefined)
      await sleep(20)
      stop.abort()
      await answer
    }
  })

  it('for proofs survive a SIGKILL: what was accepted is done', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => post({ ...body, prove: true })))
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id))
    await world.daemon.kill()
    await world.daemon.start()
    for (const id of ids) {
      const deadline = Date.now() + 60_000
      let state = ''
      while (state !== 'done') {
        const answer = await world.daemon.request(`/v1/inferences/${id}`)
        expect(answer.status, `job ${id}`).to.equal(200)
        ;({ state } = (await answer.json()) as { state: string })
        expect(state).not.to.be.oneOf(['failed', 'skipped', 'expired', 'cancelled'])
        expect(Date.now(), `time until job ${id} is done`).to.be.below(deadline)
        await sleep(50)
      }
      expect((await world.daemon.request(`/v1/inferences/${id}/proof`)).status).to.equal(200)
    }
  })
})
