// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { encodeR1cs, modulo, readR1cs } from '../../prover/binfile'
import {
  auditWires,
  Combination,
  ConstraintBuilder,
  GadgetError,
  LinkError,
  type CompiledGadget,
  type Gadget,
} from '../../prover/circuit'
import { compileCircom } from '../../prover/circuit/circom'
import { linkable } from '../../prover/circuit/gadget-compiler'
import { ZkmlError } from '../../prover/errors'
import { firstUnsatisfiedRow } from '../../prover/witness'
import { encode } from '../support/gadget-lab'
import { rejection, thrown } from '../support/rejection'

type Source = {
  readonly body: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Inputs declared public; all of them unless told otherwise. */
  readonly open?: readonly string[]
}

/** Compiles a template written in the test, as the gadget compiler would. */
async function gadget({ body, inputs, outputs, open = inputs }: Source): Promise<CompiledGadget> {
  const declared = [
    ...inputs.map((name) => `signal input ${name};`),
    ...outputs.map((name) => `signal output ${name};`),
  ]
  const main = open.length > 0 ? ` {public [${open.join(', ')}]}` : ''
  const program = `pragma circom 2.2.0;\ntemplate T() { ${declared.join(' ')} ${body} }\ncomponent main${main} = T();\n`
  const described: Gadget = {
    template: 'T',
    file: '',
    parameters: [],
    inputs: inputs.map((name) => ({ name, size: 1 })),
    outputs: outputs.map((name) => ({ name, size: 1 })),
    requires: [],
    guarantees: [],
    rows: 0,
    digits: 0,
  }
  return linkable(described, await compileCircom(program))
}

/** A circuit of one instance whose inputs are private wires 1, 2, … */
function alone(compiled: CompiledGadget, inputs?: readonly Combination[]) {
  const builder = new ConstraintBuilder({ outputs: 0, publicInputs: 0, privateInputs: compiled.inputCount })
  const wires = Array.from({ length: compiled.inputCount }, (_, i) => Combination.wire(i + 1))
  const { base } = builder.instantiate(compiled, inputs ?? wires, 'test')
  return { r1cs: builder.finish(), base }
}

const holds = (r1cs: ReturnType<typeof alone>['r1cs'], values: readonly bigint[]) =>
  firstUnsatisfiedRow(r1cs, encode(values)) === undefined

describe('linker regressions: what circom does to an interface', function () {
  this.timeout(30_000)

  it('a pass-through keeps its row, so that the output is not free', async () => {
    const { r1cs, base } = alone(await gadget({ body: 'y <== x;', inputs: ['x'], outputs: ['y'] }))
    expect([r1cs.nConstraints, base]).to.deep.equal([1, 2])
    expect(holds(r1cs, [1n, 7n, 7n])).to.equal(true)
    expect(holds(r1cs, [1n, 7n, 8n])).to.equal(false)
    expect(auditWires(r1cs, [1]).unreached).to.deep.equal([])
  })

  it('a pass-through with a private input is refused: circom drops its row', async () => {
    const error = await rejection(gadget({ body: 'y <== x;', inputs: ['x'], outputs: ['y'], open: [] }))
    // The file counts a wire for the input that it no longer has, which the reader already refuses.
    expect(error).to.be.instanceOf(ZkmlError)
    expect(error.message).to.match(/counts|wires/)
  })

  it('any private input is refused', async () => {
    const source = { body: 'y <== a * b;', inputs: ['a', 'b'], outputs: ['y'], open: ['a'] }
    const error = await rejection(gadget(source))
    expect(error).to.be.instanceOf(GadgetError)
    expect(error.message).to.contain('declare every input public')
  })

  it('an unused input keeps its place, and the wires after it theirs', async () => {
    const compiled = await gadget({
      body: 'signal s; s <== b * b; y <== s * b;',
      inputs: ['a', 'unused', 'b'],
      outputs: ['y'],
    })
    const { r1cs } = alone(compiled)
    // Wires: 1 = a, 2 = unused, 3 = b, 4 = y, 5 = s.
    expect(holds(r1cs, [1n, 9n, 9n, 3n, 27n, 9n])).to.equal(true)
    expect(holds(r1cs, [1n, 3n, 9n, 9n, 27n, 9n])).to.equal(false)
  })

  it('equal inputs stay two wires with a row between them', async () => {
    const compiled = await gadget({ body: 'a === b; y <== a * b;', inputs: ['a', 'b'], outputs: ['y'] })
    const { r1cs } = alone(compiled)
    expect(holds(r1cs, [1n, 4n, 4n, 16n])).to.equal(true)
    expect(holds(r1cs, [1n, 4n, 5n, 20n])).to.equal(false)
    const same = alone(compiled, [Combination.wire(1), Combination.wire(1)])
    expect(same.r1cs.nConstraints, 'the row 0 = 0 is dropped').to.equal(r1cs.nConstraints - 1)
    const apart = [Combination.wire(1), Combination.wire(1).add(0, 1n)]
    expect(thrown(() => alone(compiled, apart))).to.be.instanceOf(LinkError)
  })

  it('a constant input holds for that constant, and is a compile error for another', async () => {
    const compiled = await gadget({ body: 'a === 5; y <== a * a + 1;', inputs: ['a'], outputs: ['y'] })
    const { r1cs } = alone(compiled)
    expect(holds(r1cs, [1n, 5n, 26n])).to.equal(true)
    expect(holds(r1cs, [1n, 6n, 37n])).to.equal(false)
    const constant = alone(compiled, [Combination.constant(5n)])
    expect(holds(constant.r1cs, [1n, 99n, 26n])).to.equal(true)
    expect(holds(constant.r1cs, [1n, 99n, 27n])).to.equal(false)
    const error = thrown(() => alone(compiled, [Combination.constant(6n)]))
    expect(error).to.be.instanceOf(LinkError)
    expect(error.message).to.contain('can never hold')
  })

  it('an output that no row holds is refused', async () => {
    const error = await rejection(gadget({ body: 'y <-- x * x;', inputs: ['x'], outputs: ['y'] }))
    expect(error).to.be.instanceOf(GadgetError)
    expect(error.message).to.contain('would be free')
  })

  it('inputs or outputs that are not those declared are refused', async () => {
    const program =
      'pragma circom 2.2.0; template T() { signal input a; signal input b; signal output y; y <== a * b; } component main {public [a, b]} = T();'
    const files = await compileCircom(program)
    const described = (inputs: readonly string[], outputs: readonly string[]): Gadget => ({
      template: 'T',
      file: '',
      parameters: [3, [1, 2]],
      inputs: inputs.map((name) => ({ name, size: 1 })),
      outputs: outputs.map((name) => ({ name, size: 1 })),
      requires: [],
      guarantees: [],
      rows: 1,
      digits: 0,
    })
    expect(() => linkable(described(['a', 'b'], ['y']), files)).to.not.throw()
    expect(() => linkable(described(['a'], ['y']), files)).to.throw(GadgetError, 'T(3, …) has 2 inputs')
    expect(() => linkable(described(['a', 'b'], ['y', 'z']), files)).to.throw(GadgetError, '1 outputs')
  })

  it('a moved interface is refused', async () => {
    const compiled = await gadget({ body: 'y <== a * b;', inputs: ['a', 'b'], outputs: ['y'] })
    const moved = { ...compiled.r1cs, wireToLabel: compiled.r1cs.wireToLabel.slice() }
    moved.wireToLabel.set([3, 2], 2)
    const files = { r1cs: encodeR1cs(moved), wasm: compiled.wasm }
    expect(readR1cs(files.r1cs).wireToLabel[2]).to.equal(3)
    expect(() => linkable(compiled.gadget, files)).to.throw(GadgetError, 'moved its interface')
  })
})

describe('constraint builder', () => {
  const builder = () => new ConstraintBuilder({ outputs: 1, publicInputs: 1, privateInputs: 1 })

  it('drops 0 = 0 in every form, also modulo r', () => {
    const some = builder()
    const zero = new Combination()
    some.row(zero, Combination.wire(2), new Combination(), 'here')
    some.row(Combination.wire(2), zero, new Combination(), 'here')
    some.row(Combination.constant(3n), Combination.constant(4n), Combination.constant(12n), 'here')
    some.zero(new Combination().add(1, 5n).add(1, -5n), 'here')
    some.zero(new Combination().add(1, modulo(-1n) + 1n), 'here')
    expect(some.rowCount).to.equal(0)
  })

  it('refuses what can never hold, saying where', () => {
    const constant = Combination.constant
    expect(() => builder().zero(constant(7n), 'node "a" (Gemm)')).to.throw(LinkError, 'node "a" (Gemm)')
    expect(() => builder().row(constant(2n), constant(3n), constant(7n), 'here')).to.throw(LinkError)
    expect(() => builder().row(constant(2n), constant(3n), new Combination(), 'here')).to.throw(LinkError)
  })

  it('keeps a row with a zero factor when it says something of a wire', () => {
    const some = builder()
    some.row(new Combination(), Combination.wire(1), Combination.wire(3), 'here')
    const r1cs = some.finish()
    expect(r1cs.nConstraints).to.equal(1)
    expect(holds(r1cs, [1n, 5n, 5n, 0n])).to.equal(true)
    expect(holds(r1cs, [1n, 5n, 5n, 1n])).to.equal(false)
  })

  it('gives a combination a wire by one row', () => {
    const some = builder()
    const wire = some.materialise(Combination.wire(2).add(3, -4n).add(0, 9n), 'here')
    expect([wire, some.wireCount, some.rowCount]).to.deep.equal([4, 5, 1])
    const r1cs = some.finish()
    expect(holds(r1cs, [1n, 0n, 10n, 2n, 11n])).to.equal(true)
    expect(holds(r1cs, [1n, 0n, 10n, 2n, 12n])).to.equal(false)
  })

  it('adds up terms of one wire', () => {
    const combination = Combination.wire(1).add(1, 2n).addScaled(Combination.wire(1).add(2, 1n), -3n)
    expect([...combination.terms]).to.deep.equal([[2, -3n]])
  })
})
