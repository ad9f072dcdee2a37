// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { tensorCommitment, pack, type ProofContext } from '../../../prover/encodings'
import type { Groth16Proof } from '../../../prover/groth16'
import { loadProgram, readModelFile, artefactPaths, verifyInference } from '../../../prover/pipeline'
import { evaluateProgram } from '../../../prover/quantize'
import type { ProveStage } from '../../../prover/service/pool'
import { builtPool, makeModels, refusal, watchedPool, type ModelFolders, type Watched } from './fixture'

const CONTEXT: ProofContext = {
  chainId: (1n << 200n) + 7n,
  caller: `0x${'11'.repeat(20)}`,
  requestId: `0x${'5a'.repeat(32)}`,
  modelId: (1n << 255n) + 3n,
  prover: `0x${'22'.repeat(20)}`,
}
/** A field element beyond what any double holds. */
const SALT = (1n << 250n) + 12345n
const INPUT = [Float64Array.of(-3, 7, 0, 12, -32, 31)]
const HASHED_INPUT = [Float64Array.of(1, -16, 15), Float64Array.of(-64, 63, 5)]

describe('prover pool', () => {
  let models: ModelFolders
  let watched: Watched
  let mlp: string
  let hashed: string

  before(async () => {
    models = await makeModels({ mlp: 'Gemm, Relu, Gemm', hashed: 'Mul of two variables, private and hashed inputs' })
    mlp = models.of('mlp')
    hashed = models.of('hashed')
    watched = await watchedPool(builtPool().createProverPool, { provers: 2 })
  })

  after(async () => {
    await watched.pool.close()
    models.remove()
  })

  it('proves: the proof verifies, says what the integer model says, and is bound to its context', async () => {
    const { pool } = watched
    const proof = await pool.prove({ folder: mlp, input: INPUT, context: CONTEXT })
    expect(await verifyInference(mlp, proof)).to.include({ valid: true, portable: false })
    expect(await verifyInference(mlp, { ...proof, context: null })).to.include({ valid: false })
    expect(proof.context).to.deep.equal(CONTEXT)

    const { outputs } = await pool.run(mlp, INPUT)
    expect(proof.outputs[0]!.values).to.deep.equal(outputs[0]!.values)
    expect(pool.proveTime(mlp)).to.be.a('number')
    expect(pool.proveTime(hashed)).to.equal(undefined)
    expect(await watched.metrics.registry.metrics()).to.include('zkml_prove_seconds_count{model="mlp"} 1')
  })

  it('verifies as the pipeline does, apart from the daemon', async () => {
    const { pool } = watched
    const proof = await pool.prove({ folder: mlp, input: INPUT, context: CONTEXT })
    const statements = [proof, { ...proof, context: null }, { ...proof, publicSignals: [] }]
    for (const statement of statements)
      expect(await pool.verify(mlp, statement)).to.deep.equal(await verifyInference(mlp, statement))
    expect(await pool.verify(mlp, proof)).to.include({ valid: true, portable: false })
    expect(await pool.verify(hashed, proof)).to.include({ valid: false })
    const honest = proof.proof as Groth16Proof
    const forged = { ...proof, proof: { ...honest, a: { ...honest.a, y: honest.a.y + 1n } } }
    expect(await pool.verify(mlp, forged)).to.include({ valid: false })
    expect(await refusal(pool.verify(models.of('none'), proof))).to.include({ code: 'ARTEFACT_INVALID' })
  })

  it('runs the integer model, with exact integers', async () => {
    const { quantized } = loadProgram(mlp)
    const tensors = evaluateProgram(quantized, INPUT)
    const { outputs } = await watched.pool.run(mlp, INPUT)
    const integers = Array.from(tensors[quantized.outputs[0]!.tensor]!, String)
    const { exponent } = readModelFile(artefactPaths(mlp)).schema.outputs[0]!
    expect(outputs).to.deep.equal([
      { name: 'y', shape: [1, 3], exponent, integers, values: integers.map((q) => Number(q) * 2 ** -exponent) },
    ])
  })

  it('commits to hashed tensors with the salts it is given, bit for bit, and with fresh ones otherwise', async () => {
    const { pool } = watched
    const task = { folder: hashed, input: HASHED_INPUT, context: null }
    const proof = await pool.prove({ ...task, salts: [SALT] })
    const spec = readModelFile(artefactPaths(hashed)).schema.inputs[1]!
    const words = pack([-64n, 63n, 5n], spec)
    expect(proof.salts).to.deep.equal([SALT])
    expect(proof.secrets[0]).to.deep.include({
      commitment: tensorCommitment(words, SALT, { ...spec, count: 3 }),
      integers: [-64n, 63n, 5n],
    })
    expect(await verifyInference(hashed, proof)).to.include({ valid: true })
    expect((await pool.prove(task)).salts).not.to.deep.equal([SALT])
  })

  it('checks that a witness satisfies every constraint', async () => {
    await watched.pool.check(hashed, HASHED_INPUT, [SALT])
    await watched.pool.check(mlp, INPUT)
  })

  it('tells how far a proof is', async () => {
    const stages: [ProveStage, number][] = []
    const onProgress = (stage: ProveStage, fraction: number) => void stages.push([stage, fraction])
    await watched.pool.prove({ folder: hashed, input: HASHED_INPUT, context: null, onProgress })
    const ends = stages.filter(([, fraction]) => fraction === 0 || fraction === 1)
    expect(ends.slice(-6)).to.deep.equal([
      ['load', 0],
      ['load', 1],
      ['witness', 0],
      ['witness', 1],
      ['prove', 0],
      ['prove', 1],
    ])
  })

  it('passes errors on by code, says no value of an input, and goes on', async () => {
    const { pool, pids } = watched
    const before = [...pids('prover'), ...pids('runner')]
    const secret = 987654321
    const inputs: Readonly<Record<string, readonly Float64Array[]>> = {
      'out of range': [Float64Array.of(secret, 0, 0, 0, 0, 0)],
      fraction: [Float64Array.of(0.123, 0, 0, 0, 0, 0)],
      'not a number': [Float64Array.of(NaN, 0, 0, 0, 0, 0)],
      infinite: [Float64Array.of(0, 0, 0, 0, 0, -Infinity)],
      'too short': [Float64Array.of(1, 2)],
      'too long': [new Float64Array(100_000)],
      'no tensor': [],
    }
    for (const [name, input] of Object.entries(inputs)) {
      const work = [pool.run(mlp, input), pool.check(mlp, input), pool.prove({ folder: mlp, input, context: null })]
      for (const error of await Promise.all(work.map(refusal))) {
        expect(error, name).to.include({ code: 'INPUT_RANGE', transient: false })
        expect(error.message, name).not.to.match(/987654321|0\.123/)
      }
    }
    const task = { folder: hashed, input: HASHED_INPUT, context: null }
    for (const salts of [[], [1n, 2n], [-1n], [1n << 254n]]) {
      const error = await refusal(pool.prove({ ...task, salts }))
      expect(error).to.have.property('code', 'WITNESS_UNSATISFIED')
      expect(error.message).not.to.include((1n << 254n).toString())
    }
    const nowhere = [pool.run('/nowhere', INPUT), pool.prove({ folder: '/nowhere', input: INPUT, context: null })]
    for (const error of await Promise.all(nowhere.map(refusal)))
      expect(error).to.have.property('code', 'ARTEFACT_INVALID')
    await pool.run(mlp, INPUT)
    expect([...pids('prover'), ...pids('runner')]).to.deep.equal(before)
  })

  it('keeps what nobody foresaw to itself', async () => {
    // No caller sends this; ethers' error quotes it, as any library's may.
    const context = { ...CONTEXT, chainId: 'a secret' as unknown as bigint }
    const error = await refusal(watched.pool.prove({ folder: mlp, input: INPUT, context }))
    expect(error).to.have.property('code', 'PROVER_FAULT')
    expect(JSON.stringify([error.message, watched.lines])).not.to.include('a secret')
    expect(watched.lines.some(({ level, fields }) => level === 'error' && 'frames' in fields)).to.equal(true)
  })

  it('loads models ahead, and says what is wrong with one', async () => {
    await watched.pool.warm(mlp)
    expect(await refusal(watched.pool.warm('/nowhere'))).to.have.property('code', 'ARTEFACT_INVALID')
  })

  it('does runs and checks while all provers are at work', async () => {
    const { pool, pids } = watched
    for (const pid of pids('prover')) process.kill(pid, 'SIGSTOP')
    const proofs = [0, 1, 2].map(() => pool.prove({ folder: mlp, input: INPUT, context: null }))
    const runs = await Promise.all(Array.from({ length: 200 }, () => pool.run(mlp, INPUT)))
    await pool.check(mlp, INPUT)
    expect(runs).to.have.length(200)
    expect((await pool.usage()).busy).to.equal(2)
    for (const pid of pids('prover')) process.kill(pid, 'SIGCONT')
    await Promise.all(proofs)
    expect((await pool.usage()).busy).to.equal(0)
  })

  it('proves in the order of the tasks, and keeps no more models than it may', async () => {
    const { pool } = await watchedPool(builtPool().createProverPool, { maxModels: 1 })
    try {
      const order: number[] = []
      const done = [mlp, hashed, mlp, hashed].map(async (folder, i) => {
        const input = folder === mlp ? INPUT : HASHED_INPUT
        await Promise.all([pool.prove({ folder, input, context: null }), pool.run(folder, input)])
        order.push(i)
      })
      await Promise.all(done)
      expect(order).to.deep.equal([0, 1, 2, 3])
    } finally {
      await pool.close()
    }
  })

  it('has logged no input and no salt', () => {
    const text = JSON.stringify(watched.lines, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
    expect(text).not.to.include(SALT.toString())
    expect(text).not.to.match(/987654321/)
  })
})
