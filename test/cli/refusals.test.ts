// SPDX-License-Identifier: GPL-3.0-or-later
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { buildModel, floats } from '../support/onnx-builder'
import { INPUT, inputJson, makeFixture, tinyModel, type Fixture } from './fixture'
import { expectFailure, listing, openSession, type Session } from './support'

/** A command line that must fail, and what the sentence says. */
type Refusal = readonly [what: string, args: string, message: RegExp, code?: number]

describe('cli: refusals', function () {
  this.timeout(60_000)
  let fixture: Fixture
  let session: Session

  /** Checks the sentence, the exit code and that no file changed; the first of each group in a process of its own. */
  const refuse = (cases: readonly Refusal[]) => {
    for (const [i, [what, args, message, code = 1]] of cases.entries()) {
      it(what, async () => {
        const before = listing(fixture.folder)
        const run = await (i === 0 ? fixture : session).run(args.split(' '))
        expectFailure(run, message, code)
        expect(listing(fixture.folder)).to.deep.equal(before)
      })
    }
  }

  type ProofJson = { publicSignals: string[]; proof: { pi_a: string[]; pi_c: string[] }; [field: string]: unknown }
  const forge = (name: string, change: (proof: ProofJson) => void) => {
    const proof = JSON.parse(readFileSync(fixture.path('proof.json'), 'utf8')) as ProofJson
    change(proof)
    fixture.write(name, JSON.stringify(proof))
  }

  before(async () => {
    fixture = makeFixture()
    session = openSession(fixture.main, fixture.folder)
    const { write, path, must } = fixture
    await must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'tiny')
    await must('compile', 'other.onnx', '--samples', 'samples.json', '--out', 'other')
    await must('compile', 'model.onnx', '--samples', 'samples.json', '--weights', 'private', '--out', 'secret')
    await must('setup', 'tiny', '--dev')
    await must('setup', 'other', '--dev')
    await must('prove', 'tiny', '--input', 'input.json', '--out', 'proof.json')
    await must('prove', 'other', '--input', 'input.json', '--out', 'other-proof.json')

    const bytes = readFileSync(path('model.onnx'))
    write('truncated.onnx', bytes.subarray(0, bytes.length - 20))
    write('text.onnx', 'this is no model')
    write('empty.onnx', '')
    const { nodes, initializers, ...interfaceOf } = tinyModel(1)
    const [dense1, relu, dense2] = nodes
    write(
      'cycle.onnx',
      buildModel({ ...tinyModel(1), nodes: [{ ...dense1!, inputs: ['y', 'w1', 'b1'] }, relu!, dense2!] }),
    )
    write('missing.onnx', buildModel({ ...interfaceOf, nodes }))
    write('absurd.onnx', buildModel({ ...tinyModel(1), inputs: [{ name: 'x', shape: [2 ** 20, 2 ** 20, 4] }] }))
    write('operator.onnx', buildModel({ ...tinyModel(1), nodes: [dense1!, { ...relu!, op: 'NonZero' }, dense2!] }))
    write(
      'nan.onnx',
      buildModel({ ...tinyModel(1), initializers: { ...initializers, b1: { shape: [3], data: [0, NaN, 0] } } }),
    )
    const b1 = { shape: [3], data: [0, 1000, 0] }
    write('large.onnx', buildModel({ ...tinyModel(1), initializers: { ...initializers, b1 } }))
    write(
      'huge.onnx',
      buildModel({
        ...tinyModel(1),
        initializers: { ...initializers, w1: { ...floats([4, 3]), shape: [2 ** 30, 3] } },
      }),
    )

    write('broken.json', '{"input_data": [[1, 2,\n 3')
    write('list.json', '[1, 2, 3]')
    write('high.json', inputJson([100, 0, 0, 0]))
    write('short.json', inputJson(INPUT.slice(1)))
    write('rows.json', JSON.stringify({ input_data: [INPUT, INPUT] }))
    write('nan.json', '{"input_data": [[0.1, NaN, 0, 0]]}')
    write('huge.json', '{"input_data": [[0.1, 1e999, 0, 0]]}')
    write('null.json', inputJson([0, null, 0, 0]))
    write('string.json', inputJson([0, '0.5', 0, 0]))
    write('nested.json', inputJson([[0], 0, 0, 0]))
    write('labels.json', '[1, 2]')
    write('foreign.json', readFileSync(path('tiny/recipe.json'), 'utf8').replace('"relu1"', '"relu9"'))

    cpSync(path('tiny'), path('no-key'), {
      recursive: true,
      filter: (source) => !/key/.test(source.slice(path('').length + 6)),
    })
    for (const name of ['cut-key', 'bad-key', 'swapped-key', 'recompiled', 'tampered', 'bad-report'])
      cpSync(path('tiny'), path(name), { recursive: true })
    truncateSync(path('cut-key/proving_key.zkey'), 3000)
    const zkey = readFileSync(path('bad-key/proving_key.zkey'))
    zkey.fill(0x5a, zkey.length - 600, zkey.length - 100)
    writeFileSync(path('bad-key/proving_key.zkey'), zkey)
    cpSync(path('other/proving_key.zkey'), path('swapped-key/proving_key.zkey'))
    await must('compile', 'other.onnx', '--samples', 'samples.json', '--out', 'recompiled')
    const r1cs = readFileSync(path('tampered/circuit.r1cs'))
    r1cs[r1cs.length - 1]! ^= 1
    writeFileSync(path('tampered/circuit.r1cs'), r1cs)
    writeFileSync(path('tampered/model.onnx'), readFileSync(path('other.onnx')))
    write('bad-report/report.json', '{"constraints": 1}')

    forge('signal.json', ({ publicSignals }) => (publicSignals[0] = String(BigInt(publicSignals[0]!) + 1n)))
    forge('large-signal.json', ({ publicSignals }) => {
      const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
      publicSignals[0] = String(BigInt(publicSignals[0]!) + r)
    })
    forge('fewer.json', ({ publicSignals }) => publicSignals.pop())
    const context = {
      chainId: '1',
      caller: `0x${'11'.repeat(20)}`,
      requestId: `0x${'00'.repeat(32)}`,
      modelId: '1',
      prover: `0x${'22'.repeat(20)}`,
    }
    forge('context.json', (proof) => (proof.context = context))
    forge('bad-context.json', (proof) => (proof.context = { ...context, chainId: 'one' }))
    forge('swapped.json', ({ proof }) => ([proof.pi_a, proof.pi_c] = [proof.pi_c, proof.pi_a]))
    forge('off-curve.json', ({ proof }) => (proof.pi_a[0] = '1'))
    forge('other-hash.json', (proof) => (proof.modelHash = `0x${'11'.repeat(32)}`))
    forge('no-points.json', (proof) => delete (proof as { proof?: unknown }).proof)
    forge('outputs.json', ({ outputs }) => ((outputs as { values: number[] }[])[0]!.values[0]! += 1))
  })
  after(() => {
    session.close()
    fixture.remove()
  })

  const compile = '--samples samples.json --out new'
  describe('compile', () => {
    refuse([
      ['a truncated model', `compile truncated.onnx ${compile}`, /truncated|ends|malformed/i],
      ['a file that is no model', `compile text.onnx ${compile}`, /ONNX/],
      ['an empty file', `compile empty.onnx ${compile}`, /empty\.onnx is empty/],
      ['a folder', `compile tiny ${compile}`, /tiny is a folder/],
      ['a missing model', `compile gone.onnx ${compile}`, /gone\.onnx does not exist/],
      ['a cycle', `compile cycle.onnx ${compile}`, /cycle/],
      ['missing tensors', `compile missing.onnx ${compile}`, /"w1"|"b1"/],
      ['absurd shapes', `compile absurd.onnx ${compile}`, /1048576|elements|limit/],
      ['a tensor larger than its data', `compile huge.onnx ${compile}`, /"w1"/],
      ['a NaN weight', `compile nan.onnx ${compile}`, /NaN/],
      ['an operator it lacks', `compile operator.onnx ${compile}`, /node "relu1" uses NonZero, .*docs\/operators\.md/],
      ['missing samples', 'compile model.onnx --samples gone.json', /gone\.json does not exist/],
      ['samples that are no JSON', 'compile model.onnx --samples broken.json', /broken\.json is not valid JSON/],
      ['samples of another shape', 'compile model.onnx --samples short.json', /input_data\[0\] has 3 values.*takes 4/],
      ['neither samples nor a range', 'compile model.onnx --out new', /--samples FILE or --input-range x=lo,hi/],
      ['a missing recipe', 'compile model.onnx --recipe gone.json', /gone\.json does not exist/],
      ['a recipe of another model', 'compile model.onnx --recipe foreign.json --out new', /made for another model/],
      ['a recipe that is none', 'compile model.onnx --recipe list.json --out new', /recipe/],
      [
        'a recipe with visibilities',
        'compile model.onnx --recipe tiny/recipe.json --input hashed',
        /already decides/,
        2,
      ],
      ['a recipe with a target alone', 'compile model.onnx --recipe tiny/recipe.json --max-flips 1%', /--samples/, 2],
      [
        'weights of another kind',
        `compile model.onnx --weights secret ${compile}`,
        /--weights takes fixed, private/,
        2,
      ],
      ['private outputs', `compile model.onnx --output private ${compile}`, /--output takes public, hashed/, 2],
      ['an unknown input', `compile model.onnx --input z=hashed ${compile}`, /no input "z".*"x"/, 2],
      ['an input given twice', `compile model.onnx --input x=hashed --input x=public ${compile}`, /twice for "x"/, 2],
      ['a range without a name', `compile model.onnx --input-range 0,1 ${compile}`, /name=lo,hi/, 2],
      ['a range upside down', `compile model.onnx --input-range x=1,0 ${compile}`, /lo below hi/, 2],
      ['a range that leaves samples out', `compile model.onnx --input-range x=0,0.01 ${compile}`, /outside/],
      ['no bits', `compile model.onnx --input-bits x=0 ${compile}`, /from 1 to 40/, 2],
      ['a target that is no share', `compile model.onnx --max-flips lots ${compile}`, /0\.2% or 0\.002/, 2],
      ['a target nobody can meet', `compile model.onnx --max-error 0 ${compile}`, /no recipe meets the target/],
      ['a file as the folder', 'compile model.onnx --samples samples.json --out input.json', /is a file/],
      [
        'a folder with private weights',
        'compile model.onnx --samples samples.json --out secret',
        /secret.private holds private weights and the salt .*give another folder with --out/,
      ],
      [
        'a folder with private weights, for other ones',
        'compile other.onnx --samples samples.json --weights private --out secret',
        /secret.private holds private weights/,
      ],
      [
        'weights besides a recipe',
        'compile model.onnx --recipe tiny/recipe.json --weights private',
        /already decides/,
        2,
      ],
      ['an unknown option', 'compile model.onnx --fast', /unknown option '--fast'.*zkml compile --help/, 2],
      ['no model', 'compile', /missing required argument 'model'/, 2],
      ['an unknown command', 'conjure a proof', /no command "conjure"/, 2],
      ['an unknown action', 'ceremony start tiny', /takes init, contribute, beacon, verify, finalize, not "start"/, 2],
      ['a ceremony without powers of tau', 'ceremony init tiny', /give --ptau FILE/, 2],
      ['a contribution to nowhere', 'ceremony contribute input.json', /needs a file to write/, 2],
      ['a contribution to no key', 'ceremony contribute input.json out.zkey', /input\.json: this is not a \.zkey file/],
      ['a beacon without a value', 'ceremony beacon input.json out.zkey', /give --beacon HEX/, 2],
      ['a finalised nothing', 'ceremony finalize tiny --ptau input.json', /give --zkey FILE/, 2],
      ['powers of tau for nobody', 'ptau new 4', /give --out FILE/, 2],
      ['powers of tau of no size', 'ptau new many --out out.ptau', /takes a whole number from 1 to 28, not "many"/, 2],
      ['powers of tau that are none', 'ptau verify input.json', /this is not a \.ptau file/],
      ['two folders to set up', 'setup tiny other', /setup takes one folder/, 2],
    ])

    it('a folder with files of someone else', async () => {
      const run = await fixture.run(['compile', 'other.onnx', '--samples', 'samples.json', '--out', '.'])
      expectFailure(run, /model\.json is damaged|already there and was not written/)
    })
  })

  describe('commit-weights', () => {
    const commit = 'commit-weights secret --model'
    refuse([
      [
        'another architecture',
        `${commit} operator.onnx --out new`,
        /another architecture than secret .*only weights may/,
      ],
      ['an existing folder', `${commit} other.onnx --out other`, /other is already there; give the name of a new/],
      ['a file as the folder', `${commit} other.onnx --out input.json`, /input\.json is already there/],
      ['its own folder', `${commit} other.onnx --out secret`, /secret is already there/],
      [
        'fixed weights',
        'commit-weights tiny --model model.onnx --out new',
        /tiny: its weights are fixed .*--weights private/,
      ],
      [
        'weights out of range',
        `${commit} large.onnx --out new`,
        /weight "b1"\[1\] = 1000 is outside .*--input-range b1=lo,hi/,
      ],
      ['a missing model', `${commit} gone.onnx --out new`, /gone\.onnx does not exist/],
      ['a missing folder', 'commit-weights gone --model model.onnx --out new', /the folder gone does not exist/],
      ['no model', 'commit-weights secret --out new', /required option '--model <file>'/, 2],
    ])
  })

  describe('check, report, audit, export-circom', () => {
    refuse([
      ['a value out of range', 'check tiny --input high.json', /input "x"\[0\] = 100 is outside \[.*\]/],
      ['too few values', 'check tiny --input short.json', /has 3 values.*takes 4/],
      ['too many rows', 'check tiny --input rows.json', /2 rows; the model has 1 inputs/],
      ['NaN', 'check tiny --input nan.json', /nan\.json is not valid JSON.*NaN/],
      ['an infinity', 'check tiny --input huge.json', /input_data\[0\]\[1\].*finite number/],
      ['null', 'check tiny --input null.json', /input_data\[0\]\[1\] is null/],
      ['a string', 'check tiny --input string.json', /input_data\[0\]\[1\] is "0\.5"/],
      ['nested lists', 'check tiny --input nested.json', /input_data\[0\]\[0\] is \[0\]/],
      ['broken JSON', 'check tiny --input broken.json', /broken\.json is not valid JSON/],
      ['JSON of another form', 'check tiny --input list.json', /"input_data"/],
      ['neither input nor samples', 'check tiny', /either --input FILE .* or --samples FILE/, 2],
      ['both', 'check tiny --input input.json --samples samples.json', /either/, 2],
      ['labels without samples', 'check tiny --input input.json --labels labels.json', /--labels needs --samples/, 2],
      ['too few labels', 'check tiny --samples samples.json --labels labels.json', /list of 60 whole numbers/],
      ['another ONNX file in the folder', 'check tampered --input input.json', /made for another model|compile to/],
      ['a missing folder', 'report gone', /the folder gone does not exist.*zkml compile/],
      ['a file as a folder', 'audit model.onnx', /model\.onnx is a file/],
      ['a folder that is no model', 'audit .', /model\.json/],
      ['a damaged report', 'report bad-report', /report\.json is damaged/],
      ['a folder as the program', 'export-circom tiny --out other', /--out other is a folder/],
      ['no name for the program', 'export-circom tiny', /required option '--out <file>'/, 2],
    ])
  })

  describe('setup and prove', () => {
    refuse([
      ['setup without a source', 'setup tiny', /--dev .* or --ptau FILE/, 2],
      ['setup with two', 'setup tiny --dev --ptau input.json', /either --dev/, 2],
      ['a missing ptau file', 'setup tiny --ptau gone.ptau', /gone\.ptau does not exist/],
      ['a ptau file that is none', 'setup tiny --ptau input.json', /input\.json.*ptau/],
      ['a damaged circuit', 'setup tampered --dev', /circuit\.r1cs is not the circuit that model\.json describes/],
      ['a value out of range', 'prove tiny --input high.json --out new.json', /outside/],
      ['too few values', 'prove tiny --input short.json --out new.json', /has 3 values/],
      ['a missing input', 'prove tiny --input gone.json --out new.json', /gone\.json does not exist/],
      ['a model without a key', 'prove no-key --input input.json --out new.json', /run "zkml setup" first/],
      ['a truncated key', 'prove cut-key --input input.json --out new.json', /proving_key\.zkey/],
      ['a corrupted key', 'prove bad-key --input input.json --out new.json', /key|proof/],
      ['the key of another model', 'prove swapped-key --input input.json --out new.json', /key/],
      [
        'a key from before recompiling',
        'prove recompiled --input input.json --out new.json',
        /made for another circuit/,
      ],
      ['another backend', 'prove tiny --input input.json --out new.json --backend groth17', /takes .*snarkjs, not/, 2],
      ['no threads', 'prove tiny --input input.json --out new.json --threads 0', /--threads takes/, 2],
      ['half a context', 'prove tiny --input input.json --out new.json --chain-id 1', /all of --chain-id/, 2],
      [
        'an address that is none',
        `prove tiny --input input.json --out new.json --chain-id 1 --caller 0x12 --request-id 0x${'00'.repeat(32)} --model-id 1 --prover 0x12`,
        /--caller takes an address/,
        2,
      ],
      [
        'an output folder that is missing',
        'prove tiny --input input.json --out gone/new.json',
        /folder .*gone does not exist/,
      ],
    ])
  })

  describe('verify', () => {
    refuse([
      ['a changed output', 'verify tiny --proof signal.json', /not valid: .*pairing/],
      ['an output plus r', 'verify tiny --proof large-signal.json', /not valid/],
      ['a signal too few', 'verify tiny --proof fewer.json', /public signals; the model has/],
      ['a context the proof is not bound to', 'verify tiny --proof context.json', /not valid: the context signal/],
      ['a context that is none', 'verify tiny --proof bad-context.json', /context\.chainId is not a decimal string/],
      ['swapped points', 'verify tiny --proof swapped.json', /not valid: .*pairing/],
      ['a point off the curve', 'verify tiny --proof off-curve.json', /not valid/],
      ["another model's proof", 'verify tiny --proof other-proof.json', /not valid: the proof names another model/],
      ['a changed model hash', 'verify tiny --proof other-hash.json', /not valid: the proof names another model/],
      [
        'decoded outputs that are not those of the signals',
        'verify tiny --proof outputs.json',
        /not valid: its "outputs"/,
      ],
      ['a proof without points', 'verify tiny --proof no-points.json', /no-points\.json/],
      ['a proof that is no JSON', 'verify tiny --proof broken.json', /broken\.json: it is not valid JSON/],
      ['JSON that is no proof', 'verify tiny --proof list.json', /it is no zkml proof/],
      ['a missing proof', 'verify tiny --proof gone.json', /gone\.json does not exist/],
      ['a model without a key', 'verify no-key --proof proof.json', /run "zkml setup" first/],
      ['a key from before recompiling', 'verify recompiled --proof proof.json', /made for another circuit/],
    ])

    it('says so in one JSON object, too', async () => {
      const run = await fixture.run(['verify', 'tiny', '--proof', 'swapped.json', '--json'])
      expect(run.code).to.equal(1)
      expect(run.remarks).to.have.length(1)
      const { valid, reason, error } = JSON.parse(run.stdout) as {
        valid: boolean
        reason: string
        error: { code: string; message: string }
      }
      expect(valid).to.equal(false)
      expect(reason).to.match(/pairing/)
      expect(error.code).to.equal('PROOF_INVALID')
      expect(run.remarks[0]).to.equal(`zkml: ${error.message}`)
    })
  })

  describe('publish', () => {
    refuse([
      ['no target', 'publish tiny', /--to <folder>' not specified/, 2],
      ['a target that is a file', 'publish tiny --to model.onnx', /--to model\.onnx is a file/],
      ['a missing folder', 'publish gone --to public', /folder gone does not exist/],
      ['a model without a key', 'publish no-key --to public', /run "zkml setup" first/],
      ['a key from before recompiling', 'publish recompiled --to public', /does not belong to the other files/],
      ['an address that is none', 'publish tiny --to public --base-url models', /is no address of a folder/],
      [
        'an address with credentials',
        'publish tiny --to public --base-url https://me:secret@host.example',
        /without query or credentials/,
      ],
    ])
  })

  it('prints the error as JSON for every kind of error', async () => {
    for (const [args, code] of [
      [['compile', 'gone.onnx'], 'FILE_UNUSABLE'],
      [['compile', 'operator.onnx'], 'ONNX_UNSUPPORTED_OP'],
      [['setup', 'tiny'], 'USAGE'],
      [['nonsense'], 'USAGE'],
    ] as const) {
      const run = await fixture.run([...args, '--json'])
      expect(run.code).to.be.greaterThan(0)
      expect(JSON.parse(run.stdout)).to.have.nested.property('error.code', code)
    }
  })

  it('shows a stack trace on request only', async () => {
    const run = await fixture.run(['report', 'gone'], { env: { ZKML_DEBUG: '1' } })
    expect(run.stderr).to.match(/^zkml: .*\nFileError: .*\n\s+at /m)
  })
})
