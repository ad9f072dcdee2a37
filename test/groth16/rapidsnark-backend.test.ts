// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

import { expect } from 'chai'

import { readWholeFile } from '../../prover/binfile/container'
import { toFieldBytes } from '../../prover/binfile/field'
import { encodeWtns, readWtns } from '../../prover/binfile/wtns'
import { checkZkey, type ProverBackend } from '../../prover/groth16/backend'
import { keyFromToxicWaste } from '../../prover/groth16/dev-setup'
import { type ProvedStatement, toSnarkjsProof } from '../../prover/groth16/proof'
import { rapidsnarkBackend } from '../../prover/groth16/rapidsnark-backend'
import { snarkjsBackend } from '../../prover/groth16/snarkjs-backend'
import { verify } from '../../prover/groth16/verify'
import { concatBytes } from '../../prover/binfile/container-writer'
import { workspace } from '../support/circom-circuit'
import { rejection, thrown } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

const REAL = process.env.ZKML_RAPIDSNARK || undefined

describe('groth16: rapidsnark backend', function () {
  this.timeout(60_000)
  const space = workspace()
  const zkey = space.path('key.zkey')
  const wtns = space.path('witness.wtns')
  const log = space.path('log.json')
  const temporary = space.path('tmp')
  const { TMPDIR } = process.env
  let proved: ProvedStatement
  let other: ProvedStatement

  before(async () => {
    const { r1cs, values } = syntheticCircuit(60, 3)
    const waste = { tau: 11n, alpha: 12n, beta: 13n, delta: 14n }
    writeFileSync(zkey, concatBytes(await keyFromToxicWaste(r1cs, waste)))
    writeFileSync(wtns, encodeWtns(values))
    proved = await snarkjsBackend({ threads: 1 }).prove(zkey, wtns)
    other = await snarkjsBackend({ threads: 1 }).prove(zkey, wtns)
    mkdirSync(temporary)
    process.env.TMPDIR = temporary
  })
  afterEach(() => expect(readdirSync(temporary), 'what is left').to.deep.equal([]))
  after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    space.remove()
  })

  /** A prover written in JavaScript: `body` sees the folder module, its arguments and the files of a proof. */
  const fake = (name: string, body: string, timeoutMilliseconds?: number): ProverBackend => {
    const binary = space.path(name)
    const files = {
      proof: JSON.stringify(toSnarkjsProof(proved.proof)),
      other: JSON.stringify(toSnarkjsProof(other.proof)),
      signals: JSON.stringify(proved.publicSignals.map(String)),
    }
    const source = `#!${process.execPath}
      const fs = require('node:fs')
      const [key, witness, proofFile, publicFile] = process.argv.slice(2)
      const files = ${JSON.stringify(files)}
      const prove = (proof = files.proof, signals = files.signals) => {
        fs.writeFileSync(proofFile, proof)
        fs.writeFileSync(publicFile, signals)
      }
      ${body}`
    writeFileSync(binary, source)
    chmodSync(binary, 0o700)
    return rapidsnarkBackend({ binary, ...(timeoutMilliseconds && { timeoutMilliseconds }) })
  }

  /** Proves, and notes what the program saw. */
  const RECORD = `
    const sha256 = (path) => require('node:crypto').createHash('sha256').update(fs.readFileSync(path)).digest('hex')
    fs.writeFileSync(${JSON.stringify(log)}, JSON.stringify({
      key: sha256(key), witness: sha256(witness), files: fs.readdirSync('.'),
      mode: fs.statSync('.').mode & 0o777, cwd: process.cwd(), env: Object.keys(process.env).sort(),
    }))
    prove()`
  type Seen = Record<'key' | 'witness' | 'cwd', string> & { files: string[]; mode: number; env: string[] }
  const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

  it('hands over paths and bytes, and returns a proof that it has verified', async () => {
    const backend = fake('good', RECORD)
    const checked = checkZkey(readWholeFile(zkey))
    const bytes = new Uint8Array(readFileSync(wtns))
    for (const [key, witness] of [
      [zkey, wtns],
      [new Uint8Array(readFileSync(zkey)), bytes],
      [checked, bytes],
      [checked, wtns],
    ] as const) {
      expect(await backend.prove(key, witness)).to.deep.equal(proved)
      const seen = JSON.parse(readFileSync(log, 'utf8')) as Seen
      expect([seen.key, seen.witness]).to.deep.equal([sha256(zkey), sha256(wtns)])
      expect(seen.files, 'the witness has no name').to.deep.equal([])
      expect(seen.mode).to.equal(0o700)
      expect(seen.env).not.to.include('HOME')
      expect(existsSync(seen.cwd)).to.equal(false)
    }
  })

  it('gives the key that was checked, whatever became of its file', async () => {
    const path = space.path('swapped.zkey')
    writeFileSync(path, readFileSync(zkey))
    const checked = checkZkey(readWholeFile(path))
    writeFileSync(path, 'rubbish')
    await fake('swapped', RECORD).prove(checked, wtns)
    expect((JSON.parse(readFileSync(log, 'utf8')) as Seen).key).to.equal(sha256(zkey))
  })

  it('says that the program is not there, or is none', async () => {
    const plain = space.path('plain')
    writeFileSync(plain, 'not executable')
    for (const [binary, problem] of [
      [space.path('absent'), 'no such file'],
      [temporary, 'not a file'],
    ] as const) {
      const error = thrown(() => rapidsnarkBackend({ binary }))
      expect(error).to.have.property('code', 'RAPIDSNARK_MISSING')
      expect(error.message).to.include(binary).and.include(problem).and.include('ZKML_RAPIDSNARK')
    }
    // root may execute nothing that nobody may.
    expect(thrown(() => rapidsnarkBackend({ binary: plain })).message).to.include('not executable')
    const gone = fake('gone', '')
    rmSync(space.path('gone'))
    expect(await rejection(gone.prove(zkey, wtns))).to.have.property('code', 'RAPIDSNARK_MISSING')
  })

  it('says how the program failed, with its last words', async () => {
    const failures: readonly (readonly [string, string, string])[] = [
      [
        'fails',
        `console.error('Error: \\u001b[31mwrong curve\\n\\n'); process.exit(3)`,
        'code 3, saying "Error:  [31mwrong',
      ],
      ['silent', 'process.exit(1)', 'code 1 and said nothing'],
      ['crashes', `process.kill(process.pid, 'SIGSEGV')`, 'signal SIGSEGV'],
      ['chatters', `fs.writeSync(2, 'x'.repeat(100000)); process.exit(1)`, '"xxx'],
    ]
    for (const [name, body, words] of failures) {
      const error = await rejection(fake(name, body).prove(zkey, wtns))
      expect(error, name).to.have.property('code', 'RAPIDSNARK_FAILED')
      expect(error.message).to.include(words).and.have.length.below(500)
    }
  })

  it('takes nothing that is not a proof of as many signals', async () => {
    const bodies = {
      nothing: '',
      half: 'fs.writeFileSync(proofFile, files.proof)',
      garbage: `prove('{"pi_a":')`,
      form: `prove('{"pi_a":["1","2"]}')`,
      endless: `prove(' '.repeat(1e6) + files.proof)`,
      signals: `prove(files.proof, '["1"]')`,
      numbers: `prove(files.proof, files.signals.replaceAll('"', ''))`,
      link: `prove(); fs.renameSync(proofFile, 'x'); fs.symlinkSync('x', proofFile)`,
      folder: `fs.mkdirSync(proofFile); fs.writeFileSync(publicFile, files.signals)`,
      pipe: `require('node:child_process').execFileSync('mkfifo', [proofFile])`,
    }
    for (const [name, body] of Object.entries(bodies)) {
      const error = await rejection(fake(`writes-${name}`, body).prove(zkey, wtns))
      expect(error, name).to.have.property('code', 'RAPIDSNARK_OUTPUT')
      expect(error.message).to.include(`writes-${name}`)
    }
  })

  it('throws away a proof that does not verify', async () => {
    const mixed = `prove(JSON.stringify({ ...JSON.parse(files.proof), pi_c: JSON.parse(files.other).pi_c }))`
    const statement = `prove(files.proof, JSON.stringify(JSON.parse(files.signals).with(0, '5')))`
    const field = `prove(files.proof, JSON.stringify(JSON.parse(files.signals).with(0, '9'.repeat(78))))`
    for (const [name, body] of Object.entries({ mixed, statement, field })) {
      expect(await rejection(fake(name, body).prove(zkey, wtns)), name).to.have.property(
        'code',
        'GROTH16_PROOF_REJECTED',
      )
    }
  })

  it('starts nothing for files that do not belong together', async () => {
    const backend = fake('unused', `fs.writeFileSync(${JSON.stringify(space.path('was-run'))}, '')`)
    const short = encodeWtns(syntheticCircuit(3, 1).values)
    expect(await rejection(backend.prove(zkey, short))).to.have.property('code', 'GROTH16_WITNESS_MISMATCH')
    expect(await rejection(backend.prove(wtns, wtns))).to.have.property('code', 'BINFILE_WRONG_TYPE')
    const cancelled = AbortSignal.abort(new Error('cancelled'))
    expect(await rejection(backend.prove(zkey, wtns, { signal: cancelled }))).to.have.property('message', 'cancelled')
    expect(existsSync(space.path('was-run'))).to.equal(false)
  })

  it('kills the program when it takes too long, or is no longer wanted', async () => {
    const pid = space.path('pid')
    const body = `fs.writeFileSync(${JSON.stringify(pid)}, String(process.pid)); setInterval(() => {}, 1000)`
    const isAlive = (): boolean => {
      try {
        return process.kill(Number(readFileSync(pid, 'utf8')), 0)
      } catch {
        return false
      }
    }
    expect(await rejection(fake('slow', body, 1500).prove(zkey, wtns))).to.have.property('code', 'RAPIDSNARK_TIMEOUT')
    expect(isAlive()).to.equal(false)

    writeFileSync(pid, '')
    const controller = new AbortController()
    const proving = rejection(fake('unwanted', body).prove(zkey, wtns, { signal: controller.signal }))
    while (readFileSync(pid, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 10))
    controller.abort(new Error('no longer wanted'))
    expect(await proving).to.have.property('message', 'no longer wanted')
    expect(isAlive()).to.equal(false)
  })

  it('proves several witnesses at once', async () => {
    const backend = fake('at-once', 'prove()')
    const all = await Promise.all([1, 2, 3].map(() => backend.prove(zkey, wtns)))
    for (const { proof } of all) expect(proof).to.deep.equal(proved.proof)
  })

  describe(`the real one${REAL === undefined ? ' (ZKML_RAPIDSNARK is not set)' : ''}`, function () {
    before(function () {
      if (REAL === undefined) this.skip()
    })

    it('proves from paths and bytes, and its proofs verify', async () => {
      const backend = rapidsnarkBackend({ binary: REAL! })
      const checked = checkZkey(readWholeFile(zkey))
      for (const [key, witness] of [
        [zkey, wtns],
        [checked, new Uint8Array(readFileSync(wtns))],
      ] as const) {
        const { proof, publicSignals } = await backend.prove(key, witness)
        expect(publicSignals).to.deep.equal(proved.publicSignals)
        expect(proof.a).not.to.deep.equal(proved.proof.a)
        expect(await verify(checked.verifyingKey, publicSignals, proof)).to.equal(true)
      }
    })

    it('refuses the witness that breaks a constraint', async () => {
      const { values } = readWtns(wtns)
      const broken = values.slice()
      toFieldBytes(9n, broken, 10 * 32)
      const error = await rejection(rapidsnarkBackend({ binary: REAL! }).prove(zkey, encodeWtns(broken)))
      expect(error).to.have.property('code', 'GROTH16_PROOF_REJECTED')
    })
  })
})
