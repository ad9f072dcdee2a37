// SPDX-License-Identifier: GPL-3.0-or-later

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { closeApis, listen, testApi, until, type TestApi } from './support'

const RUN = JSON.stringify({ model: 'demo', input_data: [[1, 2, 3]] })
const head = (length: number, extra = '') =>
  `POST /v1/inferences HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${extra}\r\n`

describe('the API over a real socket', function () {
  this.timeout(20_000)
  let test: TestApi
  let url: string
  let port: number
  beforeEach(async () => {
    test = await testApi({
      bodyLimit: 10_000,
      maxConnections: 5,
      timeouts: { request: 300, headers: 200, keepAlive: 1000, heartbeat: 1000 },
    })
    ;({ url, port } = await listen(test))
  })
  afterEach(closeApis)

  /** Sends bytes, and returns all that comes back until the other side hangs up. */
  async function exchange(...parts: readonly string[]): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (data: Buffer) => (text += data.toString('utf8')))
    await once(socket, 'connect')
    for (const part of parts) socket.write(part)
    await once(socket, 'close')
    return text
  }

  const expectProblem = (text: string, status: number, code: string) => {
    expect(text).to.match(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text.toLowerCase()).to.include('content-type: application/problem+json')
    expect(text).to.include(`"code":"${code}"`)
  }

  const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fetch(`${url}/v1/inferences`, { method: 'POST', body, headers })

  it('answers', async () => {
    const response = await post(RUN)
    expect(response.status).to.equal(200)
    expect(await response.json()).to.have.property('outputs')
  })

  it('hangs up on who sends headers or a body too slowly', async () => {
    const [headers, body] = await Promise.all([exchange('POST /v1/inf'), exchange(head(RUN.length), '{"model')])
    expectProblem(headers, 408, 'API_REQUEST_TIMEOUT')
    expectProblem(body, 408, 'API_REQUEST_TIMEOUT')
    expect(test.backend.runs).to.equal(0)
  })

  it('refuses what is no HTTP, and headers without end', async () => {
    expectProblem(await exchange('\x16\x03\x01 hello\r\n\r\n'), 400, 'API_REQUEST_INVALID')
    expectProblem(await exchange(`GET / HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`), 431, 'API_HEADERS_TOO_LARGE')
  })

  it('refuses a request without a host name, or for another', async () => {
    const close = 'Connection: close\r\n\r\n'
    expectProblem(await exchange(`GET /healthz HTTP/1.0\r\n${close}`), 421, 'API_HOST_REFUSED')
    expectProblem(await exchange(`GET /healthz HTTP/1.1\r\nHost: evil.example\r\n${close}`), 421, 'API_HOST_REFUSED')
  })

  it('refuses large bodies, announced or not', async () => {
    expectProblem(await exchange(head(1e9, 'Connection: close\r\n')), 413, 'API_BODY_TOO_LARGE')
    const chunk = `1000\r\n${'1'.repeat(0x1000)}\r\n`
    const chunked = head(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked\r\nConnection: close')
    expectProblem(await exchange(chunked, chunk, chunk, chunk), 413, 'API_BODY_TOO_LARGE')
  })

  it('lets a client send the rest of a large body, so that it reads the answer, but not for ever', async () => {
    const large = `{"model": "demo", "input_data": [[${'1,'.repeat(2 ** 21)}1]]}`
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(large)))
    expect(answers.map(({ status }) => status)).to.deep.equal([413, 413, 413, 413])
    // Ends only when the server hangs up.
    expectProblem(await exchange(head(1e9), '{"model'), 413, 'API_BODY_TOO_LARGE')
  })

  it('takes nothing but JSON', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'text/json', ''])
      expect((await post(RUN, { 'content-type': type })).status, type).to.be.oneOf([400, 415])
    expect((await post(RUN, { 'content-type': 'application/json; charset=utf-8' })).status).to.equal(200)
    expect((await post(RUN, { 'content-type': 'text/plain' })).status).to.equal(415)
  })

  it('refuses malformed, deep and poisoned JSON', async () => {
    const deep = 4000
    for (const body of [
      ...['', '{', 'null', '[]', '"x"', `${RUN}}`, RUN.replace('1,2,3', '1,2,NaN'), RUN.replace('1,2,3', '1e999,2,3')],
      ...[`${'['.repeat(deep)}${']'.repeat(deep)}`, RUN.replace('[[1,2,3]]', '['.repeat(deep) + ']'.repeat(deep))],
      RUN.replace('{', '{"__proto__":{"prove":true},'),
      RUN.replace('{', '{"constructor":{"prototype":{"prove":true}},'),
      RUN.replace('{', '{"\\u005f_proto__":{"prove":true},'),
    ]) {
      const response = await post(body)
      expect(response.status, body.slice(0, 60)).to.equal(400)
      expect(await response.text()).to.include('API_REQUEST_INVALID')
    }
    expect({}).not.to.have.property('prove')
    expect(test.backend.runs).to.equal(0)
  })

  it('refuses paths that cannot be', async () => {
    const close = 'HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    expectProblem(await exchange(`GET /v1/models/%zz ${close}`), 400, 'API_REQUEST_INVALID')
    expectProblem(await exchange(`GET /../../etc/passwd ${close}`), 404, 'API_ROUTE_UNKNOWN')
    expectProblem(await exchange(`PUT /v1/models ${close}`), 404, 'API_ROUTE_UNKNOWN')
  })

  it('takes so many connections and no more, and others again later', async () => {
    const sockets: Socket[] = []
    for (let i = 0; i < 5; i++) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      await once(socket, 'connect')
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await once(socket, 'data')
      sockets.push(socket)
    }
    expect(await exchange('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')).to.equal('')
    for (const socket of sockets) socket.destroy()
    await until(() => test.api.server.listening)
    expect((await post(RUN).catch(() => post(RUN))).status).to.equal(200)
  })

  it('finishes what is running when it shuts down, and takes nothing new', async () => {
    let open = (): void => undefined
    test.backend.gate = new Promise((resolve) => (open = resolve))
    const running = post(RUN)
    await until(() => test.backend.runs === 1)
    const closed = test.api.close()
    await until(() => !test.api.server.listening)
    const late = await post(RUN).then(
      ({ status }) => status,
      () => 'refused',
    )
    expect(late).to.be.oneOf(['refused', 503])
    open()
    const response = await running
    expect([response.status, response.headers.get('connection')]).to.deep.equal([200, 'close'])
    await closed
  })

  it('forgets a client that goes away while it waits', async () => {
    const stop = new AbortController()
    const waiting = fetch(`${url}/v1/inferences?wait=60`, {
      method: 'POST',
      body: JSON.stringify({ ...(JSON.parse(RUN) as object), prove: true }),
      headers: { 'content-type': 'application/json' },
      signal: stop.signal,
    }).catch(() => undefined)
    await until(() => test.backend.listeners.size === 1)
    stop.abort()
    await waiting
    await until(() => test.backend.listeners.size === 0)
  })
})
