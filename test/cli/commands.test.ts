// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { pack, tensorCommitment } from '../../prover/encodings'
import { artefactPaths, readModelFile } from '../../prover/pipeline'
import { makeFixture, type Fixture } from './fixture'
import { openSession, parseResult, runCli } from './support'

const ADDRESS = '0x00000000000000000000000000000000000000Aa'.toLowerCase()
const CONTEXT = [
  ...['--chain-id', '31337', '--caller', ADDRESS, '--request-id', `0x${'12'.repeat(32)}`],
  ...['--model-id', '0x1234', '--prover', ADDRESS],
]

describe('cli: from a model to a verified proof', function () {
  this.timeout(60_000)
  let fixture: Fixture
  before(() => {
    fixture = makeFixture()
  })
  after(() => fixture.remove())

  it('compiles, with a report', async () => {
    const run = await fixture.run(['compile', 'model.onnx', '--samples', 'samples.json', '--out', 'tiny', '--json'])
    const report = parseResult(run)
    for (const field of ['constraints', 'wires', 'publicSignals', 'macs', 'parameters', 'milliseconds', 'peakBytes'])
      expect(report[field], field).to.be.a('number').greaterThan(0)
    for (const field of ['modelHash', 'circuitHash', 'r1csHash', 'ioSchemaHash', 'recipeHash'])
      expect(report[field], field).to.match(/^0x[0-9a-f]{64}$/)
    expect(report).to.include({ parameters: 23, macs: 18, out: 'tiny', name: 'tiny' })
    expect((report.accuracy as { samples: number }).samples).to.equal(60)
    const layers = report.layers as { node: string; op: string; constraints: number; bits: number | null }[]
    expect(layers.slice(0, 3).map(({ node, op }) => [node, op])).to.deep.equal([
      ['dense1', 'Gemm'],
      ['relu1', 'Relu'],
      ['dense2', 'Gemm'],
    ])
    expect(layers[0]!.constraints).to.equal(0)
    expect(layers[1]!.bits).to.be.a('number')
    expect(run.stderr).to.match(/^parse: \d+\.\d s$/m)
    expect(readdirSync(fixture.path('tiny')).sort()).to.deep.equal([
      'circuit.r1cs',
      'model.json',
      'model.onnx',
      'recipe.json',
      'report.json',
    ])
  })

  it('compiles the same circuit again from the recipe, measuring it on samples', async () => {
    const args = [
      'compile',
      'model.onnx',
      '--recipe',
      'tiny/recipe.json',
      '--samples',
      'samples.json',
      '--out',
      'again',
    ]
    const again = parseResult(await fixture.run([...args, '--json']))
    const first = JSON.parse(readFileSync(fixture.path('tiny/report.json'), 'utf8')) as Record<string, unknown>
    expect(again.r1csHash).to.equal(first.r1csHash)
    expect(again.accuracy).to.deep.equal(first.accuracy)
    expect(readFileSync(fixture.path('again/circuit.r1cs'))).to.deep.equal(
      readFileSync(fixture.path('tiny/circuit.r1cs')),
    )
  })

  it('names the folder after the model and keeps stderr empty with --quiet', async () => {
    const run = await fixture.run(['compile', 'other.onnx', '--input-range', 'x=-1,1', '--input-bits', 'x=6', '-q'])
    expect(run.remarks).to.have.length(1)
    expect(run.stderr).to.match(/^warning: calibrated on random inputs.*\n$/)
    expect(run.stdout).to.match(/wrote other\.zkml in/)
    expect(readModelFile(artefactPaths(fixture.path('other.zkml'))).name).to.equal('other')
  })

  it('reports, as a table and as JSON', async () => {
    const table = await fixture.must('report', 'tiny')
    expect(table.stdout).to.match(/^node +op +constraints +bits$/m)
    expect(table.stderr).to.equal('')
    const json = parseResult(await fixture.run(['report', 'tiny', '--json']))
    expect(json).to.deep.equal(JSON.parse(readFileSync(fixture.path('tiny/report.json'), 'utf8')))
  })

  it('checks one input against onnxruntime', async () => {
    const result = parseResult(await fixture.run(['check', 'tiny', '--input', 'input.json', '--json']))
    expect(result).to.include({ satisfied: true, argmaxAgrees: true })
    expect(result.output).to.have.nested.property('[0]').with.length(2)
    expect(result.reference).to.have.nested.property('[0]').with.length(2)
    expect(result.maxAbsError).to.be.lessThan(0.2)
    expect(result.meanAbsError).to.be.at.most(result.maxAbsError as number)
    expect((await fixture.must('check', 'tiny', '--input', 'input.json')).stdout).to.match(
      /all [\d,]+ constraints hold/,
    )
  })

  it('checks samples, with their labels or others', async () => {
    const args = ['check', 'tiny', '--samples', 'samples.json']
    const own = parseResult(await fixture.run([...args, '--json']))
    expect(own).to.include.keys('quantizedAccuracy', 'floatAccuracy', 'confusion', 'worst', 'argmaxAgreement')
    expect((own.confusion as number[][]).flat().reduce((sum, n) => sum + n, 0)).to.equal(60)
    fixture.write('labels.json', JSON.stringify(new Array(60).fill(0)))
    const zeros = parseResult(await fixture.run([...args, '--labels', 'labels.json', '--json']))
    expect((zeros.confusion as number[][])[0]!.reduce((sum, n) => sum + n, 0)).to.equal(60)
    expect((await fixture.must(...args)).stdout).to.match(/^60 samples: same argmax/)
  })

  it('audits', async () => {
    const { constraints, wires } = readModelFile(artefactPaths(fixture.path('tiny')))
    const result = parseResult(await fixture.run(['audit', 'tiny', '--json']))
    expect(result).to.deep.equal({ deterministic: true, unreached: [], constraints, wires })
  })

  it('sets up, proves and verifies', async () => {
    const key = parseResult(await fixture.run(['setup', 'tiny', '--dev', '--json']))
    expect(key).to.include({ kind: 'dev', setupHash: `0x${'0'.repeat(64)}` })
    const proof = await fixture.run(['prove', 'tiny', '--input', 'input.json', '--out', 'proof.json', '--json'])
    expect(parseResult(proof)).to.include({ portable: true, secrets: null, out: 'proof.json', vkHash: key.vkHash })
    expect(proof.stderr).to.match(/the proof is portable/)
    const verified = parseResult(await fixture.run(['verify', 'tiny', '--proof', 'proof.json', '--json']))
    expect(verified).to.include({ valid: true, reason: null, portable: true, context: null })
    const checked = parseResult(await fixture.run(['check', 'tiny', '--input', 'input.json', '--json']))
    expect((verified.outputs as { values: number[] }[])[0]!.values).to.deep.equal((checked.output as number[][])[0])
    expect((await fixture.must('verify', 'tiny', '--proof', 'proof.json')).stdout).to.match(/^valid, portable/)
  })

  it('binds a proof to a context, and writes what opens hashed tensors for the owner only', async () => {
    const visibility = ['--input', 'hashed', '--output', 'y=hashed']
    await fixture.must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'secret', ...visibility)
    const key = await fixture.run(['setup', 'secret', '--dev', '--public-seed', 'test seed'])
    expect(key.remarks[0]).to.match(/^warning: .*anyone can forge/)
    const run = await fixture.run(['prove', 'secret', '--input', 'input.json', '--out', 'p.json', '--json', ...CONTEXT])
    const proof = parseResult(run)
    expect(proof).to.include({ portable: false, secrets: 'p.json.secrets.json' })
    expect((proof.outputs as { values: unknown }[])[0]!.values).to.equal(null)
    expect(run.stderr).to.match(/keep it to yourself/)
    expect(statSync(fixture.path('p.json.secrets.json')).mode & 0o777).to.equal(0o600)
    const verified = parseResult(await fixture.run(['verify', 'secret', '--proof', 'p.json', '--json']))
    expect(verified).to.include({ valid: true, portable: false })
    expect(verified.context).to.include({ chainId: '31337', modelId: '4660' })

    type Secret = { side: string; name: string; commitment: string; salt: string; integers: string[]; values: number[] }
    const { tensors } = JSON.parse(readFileSync(fixture.path('p.json.secrets.json'), 'utf8')) as { tensors: Secret[] }
    const { publicSignals } = JSON.parse(readFileSync(fixture.path('p.json'), 'utf8')) as { publicSignals: string[] }
    const { schema } = readModelFile(artefactPaths(fixture.path('secret')))
    expect(tensors.map(({ side, name }) => `${side} ${name}`)).to.deep.equal(['output y', 'input x'])
    tensors.forEach(({ commitment, salt, integers }, i) => {
      const spec = [...schema.outputs, ...schema.inputs][i]!
      const words = pack(integers.map(BigInt), spec)
      const format = { lo: spec.lo, bits: spec.bits, count: integers.length }
      expect(tensorCommitment(words, BigInt(salt), format).toString()).to.equal(commitment)
      expect(publicSignals[i]).to.equal(commitment)
    })
  })

  it('exports a Circom program', async () => {
    const { out, bytes } = parseResult(await fixture.run(['export-circom', 'tiny', '--out', 'tiny.circom', '--json']))
    expect(out).to.equal('tiny.circom')
    const text = readFileSync(fixture.path('tiny.circom'), 'utf8')
    expect(text.length).to.be.at.most(bytes as number)
    expect(text).to.match(/pragma circom[^]*component main/)
  })

  it('publishes what others need to serve the model, by hash', async () => {
    const url = 'https://models.example.org/zkml'
    const args = ['publish', 'tiny', '--to', 'public', '--base-url', `${url}/`]
    const { uri, manifest, files } = parseResult(await fixture.run([...args, '--json'])) as {
      readonly uri: string
      readonly manifest: string
      readonly files: Readonly<Record<string, string>>
    }
    expect(uri).to.equal(`${url}/sha256/${manifest}#sha256=${manifest}`)
    expect(Object.keys(files).sort()).to.deep.equal(['keyMetadata', 'onnx', 'recipe', 'verificationKey', 'zkey'])
    expect(readdirSync(fixture.path('public/sha256')).sort()).to.deep.equal([manifest, ...Object.values(files)].sort())
    const { r1csHash } = readModelFile(artefactPaths(fixture.path('tiny')))
    expect(JSON.parse(readFileSync(fixture.path(`public/sha256/${manifest}`), 'utf8'))).to.include({
      format: 'zkml-artefacts/1',
      name: 'tiny',
      modelHash: `0x${files.onnx}`,
      r1csHash,
    })
    const again = await fixture.must('publish', 'tiny', '--to', 'public')
    expect(again.stdout).to.include(`uri sha256:${manifest}\n`)
    expect(readdirSync(fixture.path('public/sha256'))).to.have.length(6)
  })

  it('recompiles into the same folder, after which the old key is refused', async () => {
    await fixture.must('compile', 'other.onnx', '--samples', 'samples.json', '--out', 'again')
    expect(readModelFile(artefactPaths(fixture.path('again'))).modelHash).not.to.equal(
      readModelFile(artefactPaths(fixture.path('tiny'))).modelHash,
    )
  })
})

describe('cli: program', function () {
  this.timeout(60_000)
  let fixture: Fixture
  before(() => {
    fixture = makeFixture()
  })
  after(() => fixture.remove())

  it('works through a link in node_modules/.bin, from any folder', async () => {
    mkdirSync(fixture.path('node_modules/.bin'), { recursive: true })
    const link = fixture.path('node_modules/.bin/zkml')
    symlinkSync(fixture.main, link)
    const run = await runCli(link, ['doctor', '--json'], { cwd: '/' })
    const { ok, checks } = parseResult(run) as { ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }
    expect(ok).to.equal(true)
    expect(checks.map(({ name }) => name)).to.deep.equal([
      'zkml',
      'node',
      'packages',
      'compiler',
      'cache',
      'onnxruntime',
      'backend',
      'machine',
    ])
    expect(checks.every((check) => check.ok && check.detail !== '')).to.equal(true)
  })

  it('starts with a shebang', () => {
    expect(readFileSync(fixture.main, 'utf8')).to.match(/^#!\/usr\/bin\/env node\n/)
  })

  it('says what is wrong with the machine', async () => {
    const blocker = fixture.write('blocker', 'a file')
    const run = await fixture.run(['doctor', '--json'], { env: { ZKML_CACHE: join(blocker, 'cache') } })
    expect(run.code).to.equal(1)
    expect(run.remarks[0]).to.match(/^zkml: cache: .*set ZKML_CACHE/)
    const wish = await fixture.run(['doctor'], { env: { ZKML_BACKEND: 'groth17' } })
    expect(wish.remarks[0]).to.match(/^zkml: backend: ZKML_BACKEND is "groth17", which is none of /)
    expect(JSON.parse(run.stdout)).to.deep.include({ ok: false }).and.to.have.nested.property('error.code', 'UNHEALTHY')
  })

  it('has help with an example for every command', async () => {
    const root = await fixture.must('--help')
    const names = [...root.stdout.matchAll(/^ {2}([a-z-]+) \[options\]/gm)].map((match) => match[1]!)
    expect(names).to.deep.equal([
      'compile',
      'report',
      'check',
      'audit',
      'setup',
      'ceremony',
      'ptau',
      'commit-weights',
      'prove',
      'verify',
      'open',
      'export-circom',
      'publish',
      'serve',
      'jobs',
      'doctor',
    ])
    const session = openSession(fixture.main, fixture.folder)
    for (const name of names) {
      const { code, stdout } = await session.run([name, '--help'])
      expect(code, name).to.equal(0)
      expect(stdout).to.match(new RegExp(`Examples?:\\n  zkml ${name}`))
      expect(stdout).to.match(/--json/)
    }
    session.close()
    expect((await fixture.must('--version')).stdout).to.match(/^\d+\.\d+\.\d+\n$/)
  })

  it('leaves nothing behind when interrupted while compiling', async () => {
    const cache = fixture.path('cache')
    let sent = false
    const run = await fixture.run(['compile', 'model.onnx', '--samples', 'samples.json', '--out', 'cut'], {
      env: { ZKML_CACHE: cache },
      onStderr: (stderr, kill) => {
        if (sent || !stderr.includes('calibrate:')) return
        sent = true
        kill('SIGINT')
      },
    })
    expect(run.code).to.equal(130)
    expect(run.remarks).to.deep.equal(['zkml: stopped by SIGINT; no unfinished file was left behind'])
    expect(existsSync(fixture.path('cut'))).to.equal(false)
    expect(readdirSync(fixture.folder).filter((name) => name.includes('.tmp'))).to.deep.equal([])
  })

  it('leaves nothing behind when interrupted while a key is written', async () => {
    await fixture.must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'tiny')
    const before = readdirSync(fixture.path('tiny'))
    let [seen, sent] = [false, false]
    const run = await fixture.run(['setup', 'tiny', '--dev', '--json'], {
      onTick: (kill) => {
        seen ||= readdirSync(fixture.path('tiny')).some((name) => name.endsWith('.tmp'))
        if (seen && !sent) kill('SIGTERM')
        sent = seen
      },
    })
    expect(seen).to.equal(true)
    expect(run.code).to.equal(143)
    expect(JSON.parse(run.stdout)).to.have.nested.property('error.code', 'INTERRUPTED')
    expect(readdirSync(fixture.path('tiny'))).to.deep.equal(before)
  })
})
