// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import * as ts from 'typescript'
import {
  ClientInputError,
  InferenceEndedError,
  ProverUnreachableError,
  ZkmlApiError,
  ZkmlClient,
  type InferenceProgress,
} from '../../prover/client'
import { projectFolder } from '../../prover/project'
import { RequestPendingError } from '../../prover/service/api'
import {
  closeApis,
  commitmentTo,
  demoProofFile,
  HIDDEN,
  listen,
  SALT,
  testApi,
  tokenOf,
  until,
  type TestApi,
} from '../service/api/support'

const FEATURES = [0.5, -1, 2]

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )
}

describe('ZkmlClient', function () {
  this.timeout(20_000)
  let test: TestApi
  let zkml: ZkmlClient
  let url: string
  beforeEach(async () => {
    test = await testApi({ tokens: [tokenOf('alice', ['submit'])], anonymousScopes: [] })
    ;({ url } = await listen(test))
    zkml = new ZkmlClient({ url: `${url}/`, token: 'token-of-alice' })
  })
  afterEach(closeApis)

  /** Proves whatever is asked for. */
  async function proveNext(end: 'done' | 'failed' = 'done'): Promise<string> {
    await until(() => test.backend.listeners.size > 0)
    const id = [...test.backend.jobs.keys()].at(-1)!
    test.backend.move(id, 'proving', {}, { stage: 'prove', fraction: 0.25 })
    await new Promise((done) => setTimeout(done, 30))
    const failed = { error: { code: 'INPUT_RANGE', message: 'no' } }
    test.backend.move(id, end, end === 'done' ? { proof: demoProofFile() } : failed)
    return id
  }

  it('infers in one call', async () => {
    const outputs = await zkml.infer('demo', FEATURES)
    expect(outputs).to.deep.equal([
      { name: 'y', shape: [1, 2], values: [6, 0], integers: ['24', '0'], exponent: 2, commitment: null },
    ])
    expect(await zkml.infer('demo', [FEATURES])).to.deep.equal(outputs)
    expect(await zkml.infer('demo', [8n, -16n, 32n])).to.deep.equal(outputs)
  })

  it('refuses features that are mixed, before it asks', async () => {
    for (const features of [[1, [2]], [1, 2n], [['1']], [null]])
      expect(await failure(zkml.infer('demo', features as never))).to.be.instanceOf(ClientInputError)
    expect(test.backend.runs).to.equal(0)
  })

  it('describes models', async () => {
    expect((await zkml.models()).map(({ id }) => id)).to.deep.equal(['demo', 'hidden'])
    expect((await zkml.model('demo')).inputs[0]).to.deep.include({ name: 'x', elements: 3 })
  })

  it('throws what the prover says, by its code', async () => {
    const error = await failure(zkml.model('a/b'))
    expect(error).to.be.instanceOf(ZkmlApiError).and.include({ code: 'API_MODEL_UNKNOWN', status: 404 })
    expect((error as ZkmlApiError).instance).to.match(/^urn:uuid:/)
    const stranger = new ZkmlClient({ url })
    expect(await failure(stranger.infer('demo', FEATURES))).to.include({ code: 'API_UNAUTHORIZED', status: 401 })
  })

  it('proves, telling how far it is', async () => {
    const progress: InferenceProgress[] = []
    const pending = zkml.prove('demo', FEATURES, { onProgress: (step) => progress.push(step) })
    const id = await proveNext()
    const inference = await pending
    expect(inference).to.include({ id, state: 'done' })
    expect(progress.map(({ state, percent }) => [state, percent])).to.deep.equal([
      ['received', null],
      ['proving', 25],
    ])
    const proof = await zkml.proof(id)
    expect(proof).to.deep.equal(demoProofFile())
    expect(await zkml.verify('demo', proof)).to.include({ valid: true })
    expect((await zkml.inference(id)).state).to.equal('done')
  })

  it('infers with a proof or a submission alike', async () => {
    for (const options of [{ prove: true }, { submit: { chainId: 31337 } }]) {
      const pending = zkml.infer('demo', FEATURES, options)
      await proveNext()
      expect((await pending)[0]).to.deep.include({ values: [1.25, -1.5], integers: ['5', '-6'] })
    }
    expect(test.backend.created.map(({ submission }) => submission?.chainId)).to.deep.equal([undefined, 31337])
  })

  it('says why there is no proof', async () => {
    const pending = failure(zkml.prove('demo', FEATURES))
    await proveNext('failed')
    const error = await pending
    expect(error).to.be.instanceOf(InferenceEndedError)
    expect((error as Error).message).to.include('INPUT_RANGE')
  })

  it('polls where events cannot be had', async () => {
    const quiet = new ZkmlClient({
      url,
      token: 'token-of-alice',
      fetch: (input, init) =>
        String(input).endsWith('/events') ? Promise.reject(new TypeError('cut off')) : fetch(input, init),
    })
    const pending = quiet.prove('demo', FEATURES)
    await until(() => test.backend.jobs.size > 0)
    test.backend.move([...test.backend.jobs.keys()][0]!, 'done', { proof: demoProofFile() })
    expect((await pending).state).to.equal('done')
  })

  it('asks again after a lost answer, and one proof is made', async () => {
    let lost = 0
    const flaky = new ZkmlClient({
      url,
      token: 'token-of-alice',
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (init?.method === 'POST' && lost++ < 2) throw new TypeError('fetch failed')
        return response
      },
    })
    const pending = flaky.prove('demo', FEATURES)
    await proveNext()
    await pending
    expect([lost, test.backend.created.length]).to.deep.equal([3, 1])
  })

  it('gives up on a prover that is not there, and at once when told', async () => {
    const nowhere = new ZkmlClient({ url: 'http://127.0.0.1:9' })
    const stop = new AbortController()
    const pending = failure(nowhere.models({ signal: stop.signal }))
    stop.abort(new Error('enough'))
    expect(await pending).to.have.property('message', 'enough')
    const refusing = new ZkmlClient({ url, attempts: 2, fetch: () => Promise.reject(new TypeError('fetch failed')) })
    const error = failure(refusing.cancel('x'))
    expect(await error).to.be.instanceOf(ProverUnreachableError)
  })

  it('stops waiting when told, and cancels', async () => {
    const stop = new AbortController()
    const pending = failure(zkml.prove('demo', FEATURES, { signal: stop.signal }))
    await until(() => test.backend.listeners.size > 0)
    stop.abort()
    expect(await pending).to.have.property('name', 'AbortError')
    const [id] = [...test.backend.jobs.keys()]
    expect((await zkml.cancel(id!)).state).to.equal('cancelled')
  })

  it('reads hashed outputs from the secrets', async () => {
    const pending = zkml.infer(
      'hidden',
      [
        [1, 2],
        [3, 4],
      ],
      { prove: true, salts: [1n, SALT] },
    )
    await until(() => test.backend.listeners.size > 0)
    const id = [...test.backend.jobs.keys()][0]!
    const { modelHash } = HIDDEN.file
    const tensor = {
      side: 'output' as const,
      name: 'reason',
      commitment: '9',
      salt: '1',
      integers: ['3', '4'],
      values: [3, 4],
    }
    test.backend.stored.set(id, { format: 'zkml-secrets/1', modelHash, tensors: [tensor] })
    // Signals: the word of "score", the commitment to "reason", the inputs, the context.
    test.backend.move(id, 'done', { proof: { publicSignals: ['32896', '9', '0', '5', '0'] } })
    const outputs = await pending
    expect(outputs[0]).to.deep.include({ name: 'score', integers: ['0', '0'], commitment: null })
    expect(outputs[1]).to.deep.include({ name: 'reason', values: [3, 4], commitment: '9' })
    expect(test.backend.created[0]!.salts).to.deep.equal([1n, SALT])
  })

  it('opens commitments', async () => {
    const opening = { model: 'hidden', tensor: 'reason', salt: String(SALT), integers: ['16', '-8'] }
    expect(await zkml.openCommitment({ ...opening, commitment: String(commitmentTo([16n, -8n])) })).to.equal(true)
    expect(await zkml.openCommitment({ ...opening, commitment: '1' })).to.equal(false)
  })

  it('sends inputs and opens outputs of market requests with the signature of an ethers signer', async () => {
    const wallet = new Wallet(`0x${'01'.repeat(32)}`)
    const request = { chainId: 31337, coordinator: `0x${'11'.repeat(20)}`, requestId: `0x${'5a'.repeat(32)}` }
    test.backend.requests.push({ ...request, jobId: 'job', requester: wallet.address, model: HIDDEN })
    const integers = [
      [1n, -2n],
      [3n, 4n],
    ]
    const anyone = new ZkmlClient({ url })
    await anyone.sendRequestInput(request, { integers, salts: [SALT] }, wallet)
    expect(test.backend.inputs).to.have.length(1)
    expect(await failure(anyone.openRequestOutput(request, wallet))).to.include({ code: 'API_PART_ABSENT' })
    expect(
      await failure(anyone.sendRequestInput(request, { integers, salts: [SALT] }, new Wallet(`0x${'02'.repeat(32)}`))),
    ).to.include({ code: 'API_SIGNATURE_REFUSED' })
  })

  it('sends an input again while the prover has not looked at the request', async () => {
    const wallet = new Wallet(`0x${'01'.repeat(32)}`)
    const request = { chainId: 31337, coordinator: `0x${'11'.repeat(20)}`, requestId: `0x${'5b'.repeat(32)}` }
    const { findRequest } = test.backend
    let asked = 0
    test.backend.findRequest = (chainId, requestId) => {
      if (asked++ === 0) return Promise.reject(new RequestPendingError('Not looked at yet.'))
      test.backend.requests.push({ ...request, jobId: 'job', requester: wallet.address, model: HIDDEN })
      return findRequest(chainId, requestId)
    }
    const integers = [
      [1n, -2n],
      [3n, 4n],
    ]
    await zkml.sendRequestInput(request, { integers, salts: [SALT] }, wallet)
    expect([asked, test.backend.inputs.length]).to.deep.equal([2, 1])
  })

  it('imports nothing that only Node has', () => {
    const start = join(projectFolder(), 'prover', 'client', 'index.ts')
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
      })
      expect(outputText, file).not.to.match(/\b(Buffer|process|__dirname|require\('node:)/)
      for (const [, name] of outputText.matchAll(/require\("([^"]+)"\)/g)) {
        expect(builtinModules, file).not.to.include(name!.replace(/^node:/, ''))
        if (name!.startsWith('.'))
          visit(ts.resolveModuleName(resolve(dirname(file), name!), file, {}, ts.sys).resolvedModule!.resolvedFileName)
        else expect(name).to.equal('ethers')
      }
    }
    visit(start)
    expect(seen.size).to.be.within(5, 12)
  })
})
