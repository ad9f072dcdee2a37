// SPDX-License-Identifier: GPL-3.0-or-later
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { createProverPool, type PoolOptions, type ProverPool } from '../../../prover/service/pool'
import {
  builtPool,
  builtSources,
  isAlive,
  makeModels,
  pause,
  refusal,
  watchedPool,
  type ModelFolders,
  type Watched,
} from './fixture'

const INPUT = [Float64Array.of(-3, 7, 0, 12, -32, 31)]

describe('processes of the prover pool', () => {
  let models: ModelFolders
  let folder: string
  const open: Watched[] = []

  /** A pool that is closed after the test. */
  async function makePool(options: Partial<PoolOptions> = {}) {
    const watched = await watchedPool(builtPool().createProverPool, options)
    open.push(watched)
    return watched
  }
  const prove = (pool: ProverPool, signal?: AbortSignal) =>
    pool.prove({ folder, input: INPUT, context: null, ...(signal && { signal }) })

  before(async () => {
    models = await makeModels({ mlp: 'Gemm, Relu, Gemm' })
    folder = models.of('mlp')
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ pool }) => pool.close()))
  })

  after(() => models.remove())

  it('ends the process of a cancelled proof, forgets one that waits, and starts another process', async () => {
    const { pool, pids, until, metrics } = await makePool()
    const [pid] = pids('prover')
    process.kill(pid!, 'SIGSTOP')
    const [first, second, never] = [new AbortController(), new AbortController(), new AbortController()]
    const proofs = [first, second].map(({ signal }) => refusal(prove(pool, signal)))
    const kept = prove(pool)
    second.abort(new Error('not wanted'))
    expect((await proofs[1]!).message).to.equal('not wanted')
    expect(isAlive(pid!)).to.equal(true)
    first.abort(new Error('nor this'))
    expect((await proofs[0]!).message).to.equal('nor this')
    await kept
    expect((await until('prover', 2))[1]).not.to.equal(pid)
    expect(isAlive(pid!)).to.equal(false)

    never.abort(new Error('too late'))
    expect((await refusal(prove(pool, never.signal))).message).to.equal('too late')
    expect(await metrics.registry.metrics()).to.include('zkml_prover_crashes_total 0')
  })

  it('fails a task whose process crashes, for now, and no other; counts it, and starts another process', async () => {
    const { pool, pids, until, metrics, lines } = await makePool({ provers: 2 })
    const both = pids('prover')
    for (const pid of both) process.kill(pid, 'SIGSTOP')
    const proofs = [prove(pool), prove(pool), prove(pool)]
    const outcomes = Promise.allSettled(proofs)
    process.kill(both[0]!, 'SIGKILL')
    process.kill(both[1]!, 'SIGCONT')
    const failed = (await outcomes).filter((outcome) => outcome.status === 'rejected')
    expect(failed).to.have.length(1)
    expect(failed[0]!.reason).to.include({ code: 'PROVER_CRASHED', transient: true })
    expect((await until('prover', 3))[2]).not.to.be.oneOf(both)
    await prove(pool)
    expect(await metrics.registry.metrics()).to.include('zkml_prover_crashes_total 1')
    expect(lines.filter(({ level }) => level === 'warn')).to.have.length(1)
  })

  it('hands a proof ahead where proofs are quick, and has another process do it when that one dies', async () => {
    const { pool, pids, until } = await makePool()
    expect(pool.wanted).to.equal(1)
    // Once is enough, unless the machine is busy.
    do await prove(pool)
    while (pool.wanted === 1)
    expect(pool.wanted).to.equal(2)
    const [pid] = pids('prover')
    process.kill(pid!, 'SIGSTOP')
    const proofs = [prove(pool), prove(pool), prove(pool)]
    const outcomes = Promise.allSettled(proofs)
    process.kill(pid!, 'SIGKILL')
    expect((await outcomes).map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'fulfilled'])

    const next = (await until('prover', 2)).at(-1)!
    process.kill(next, 'SIGSTOP')
    const cancel = new AbortController()
    const [first, second] = [prove(pool), refusal(prove(pool, cancel.signal))]
    cancel.abort(new Error('not wanted'))
    expect((await second).message).to.equal('not wanted')
    expect(isAlive(next)).to.equal(true)
    process.kill(next, 'SIGCONT')
    await Promise.all([first, prove(pool)])
    expect(pids('prover')).to.have.length(2)
  })

  it('fails only the run that a process died of; the others are done by the next', async () => {
    const { pool, pids } = await makePool()
    const [pid] = pids('runner')
    process.kill(pid!, 'SIGSTOP')
    const runs = Promise.allSettled(Array.from({ length: 20 }, () => pool.run(folder, INPUT)))
    process.kill(pid!, 'SIGKILL')
    const outcomes = (await runs).map(({ status }) => status)
    expect(outcomes.filter((status) => status === 'rejected')).to.have.length(1)
    expect(outcomes[0]).to.equal('rejected')
  })

  it('starts a process again that keeps dying, later each time, and works once it lives', async () => {
    const { pool, pids, until, lines } = await makePool()
    for (let deaths = 1; deaths <= 3; deaths++) {
      process.kill(pids('prover').at(-1)!, 'SIGKILL')
      await until('prover', deaths + 1)
    }
    await prove(pool)
    const waits = lines.flatMap(({ fields }) => ('restartMilliseconds' in fields ? [fields.restartMilliseconds] : []))
    expect(waits).to.deep.equal([0, 200, 400])
  })

  it('gives up a task that takes too long', async () => {
    const { pool, pids, until } = await makePool({ timeoutSeconds: 1 })
    const [pid] = pids('prover')
    process.kill(pid!, 'SIGSTOP')
    const error = await refusal(prove(pool))
    expect(error).to.include({ code: 'PROVER_TIMEOUT', transient: true })
    await until('prover', 2)
    expect(isAlive(pid!)).to.equal(false)
  })

  it('replaces a process that has done its share, and one that has grown too much, between tasks', async () => {
    const [share, size] = await Promise.all([makePool({ recycleAfter: 2 }), makePool({ maxResidentBytes: 1 })])
    for (let i = 0; i < 4; i++) await prove(share.pool)
    expect(await share.until('prover', 3)).to.have.length(3)
    for (let i = 0; i < 20; i++) await share.pool.run(folder, INPUT)
    expect(share.pids('runner')).to.have.length(1)

    const runs = await Promise.all([0, 1, 2].map(() => size.pool.run(folder, INPUT)))
    expect(runs[2]).to.deep.equal(runs[0])
    expect(await size.until('runner', 2)).to.have.length(2)
    expect(await size.metrics.registry.metrics()).to.include('zkml_prover_crashes_total 0')
  })

  it('counts its processes and their memory', async () => {
    const { pool, metrics } = await makePool({ provers: 2, runners: 2 })
    const usage = await pool.usage()
    expect(usage).to.include({ processes: 4, busy: 0 })
    expect(usage.residentBytes).to.be.above(4 * 2 ** 20)
    expect(pool.capacity).to.equal(2)
    expect(await metrics.registry.metrics()).to.include('zkml_prover_processes 4')
  })

  it('leaves it to its parent what a signal of the terminal means', async () => {
    const { pool, pids } = await makePool()
    const all = [...pids('prover'), ...pids('runner')]
    for (const pid of all) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
    await prove(pool)
    await pool.run(folder, INPUT)
    expect([...pids('prover'), ...pids('runner')]).to.deep.equal(all)
  })

  it('closes at once, or when what was begun is done; then takes nothing more and leaves no process', async () => {
    const [quick, patient, late] = await Promise.all([makePool(), makePool(), makePool()])
    const all = [quick, patient, late].flatMap(({ pids }) => [...pids('prover'), ...pids('runner')])

    const cut = [prove(quick.pool), prove(quick.pool)].map(refusal)
    await quick.pool.close()
    for (const error of await Promise.all(cut))
      expect(error).to.include({ code: 'PROVER_POOL_CLOSED', transient: true })

    const [begun, waiting] = [prove(patient.pool), refusal(prove(patient.pool))]
    const closing = patient.pool.close({ timeoutMs: 60_000 })
    expect(await waiting).to.have.property('code', 'PROVER_POOL_CLOSED')
    expect(await begun).to.have.property('proof')
    await closing
    expect(await refusal(prove(patient.pool))).to.have.property('code', 'PROVER_POOL_CLOSED')
    expect(await refusal(patient.pool.run(folder, INPUT))).to.have.property('code', 'PROVER_POOL_CLOSED')

    process.kill(late.pids('prover')[0]!, 'SIGSTOP')
    const stuck = refusal(prove(late.pool))
    await late.pool.close({ timeoutMs: 20 })
    expect(await stuck).to.have.property('code', 'PROVER_POOL_CLOSED')
    expect(all.filter(isAlive)).to.deep.equal([])
    expect(await late.pool.usage()).to.deep.equal({ processes: 0, residentBytes: 0, busy: 0 })
  })

  it('dies with its parent, even when that is killed in the midst of a proof', async () => {
    const module = (name: string) => JSON.stringify(join(builtSources(), 'service', name))
    const script = `
      const { createProverPool } = require(${module('pool')})
      const { createMetrics } = require(${module('metrics')})
      const log = { debug: ({ pid }, text) => text.includes('ready') && console.log(pid), info() {}, warn() {}, error() {}, child: () => log }
      createProverPool({ provers: 1, timeoutSeconds: 60, recycleAfter: 9, maxResidentBytes: 2 ** 33, maxModels: 1, metrics: createMetrics(), log })
        .then((pool) => {
          console.log('started')
          const again = () => pool.prove({ folder: ${JSON.stringify(folder)}, input: [Float64Array.of(-3, 7, 0, 12, -32, 31)], context: null }).then(again)
          again()
        })`
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    parent.stdout.on('data', (data: Buffer) => (text += data.toString()))
    while (!text.includes('started')) await pause()
    const pids = text
      .split('\n')
      .filter((line) => /^\d+$/.test(line))
      .map(Number)
    expect(pids).to.have.length(2)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    while (pids.some(isAlive)) await pause()
  })

  it('does not start with a backend that is not there', async () => {
    expect(await refusal(watchedPool(createProverPool, { backend: 'groth17' }))).to.have.property(
      'code',
      'BACKEND_UNAVAILABLE',
    )
  })

  it('works from TypeScript sources, too', async () => {
    const { pool } = await watchedPool(createProverPool)
    try {
      expect((await pool.run(folder, INPUT)).outputs).to.have.length(1)
    } finally {
      await pool.close()
    }
  })
})
