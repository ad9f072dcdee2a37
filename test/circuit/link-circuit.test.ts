// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { exportCircom, linkCircuit, LinkError, planProgram, type StepPlan } from '../../prover/circuit'
import { ExportTooLargeError } from '../../prover/circuit/export-circom'
import { round, roundRelu, type Gadget } from '../../prover/circuit/gadgets'
import { planMax, planRescale, planSplit } from '../../prover/circuit/plan'
import { uniformRanges, type QuantizedProgram } from '../../prover/quantize'
import { compileGadgets, compiler, linkModel, quantizeModel } from '../support/linked-model'
import { floats, type ModelSpec } from '../support/onnx-builder'
import { thrown } from '../support/rejection'

const relu: ModelSpec = {
  inputs: [{ name: 'x', shape: [1, 2] }],
  outputs: [{ name: 'y' }],
  nodes: [
    { op: 'Gemm', inputs: ['x', 'w'], outputs: ['h'], name: 'fc' },
    { op: 'Relu', inputs: ['h'], outputs: ['y'], name: 'relu' },
  ],
  initializers: { w: floats([2, 2], 3) },
}

/** A dense layer of 16 inputs read by a ReLU and once more by a residual sum, or not. */
const shared = (residual: boolean): ModelSpec => ({
  inputs: [{ name: 'x', shape: [1, 16] }],
  outputs: [{ name: 'y' }],
  nodes: [
    { op: 'Gemm', inputs: ['x', 'w'], outputs: ['h'], name: 'fc' },
    { op: 'Relu', inputs: ['h'], outputs: ['r'], name: 'relu' },
    residual
      ? { op: 'Add', inputs: ['r', 'h'], outputs: ['y'], name: 'sum' }
      : { op: 'Add', inputs: ['r', 'r'], outputs: ['y'], name: 'sum' },
  ],
  initializers: { w: floats([16, 3], 4) },
})

describe('linking a model', function () {
  this.timeout(60_000)

  it('refuses a gadget whose interval the proven one does not fit, naming the node', async () => {
    const { quantized } = quantizeModel(relu)
    const plans = planProgram(quantized)
    const narrow = narrowed(plans)
    const needed = await withGadgets(quantized, narrow)
    const error = thrown(() => linkCircuit(quantized, narrow, needed))
    expect(error).to.be.instanceOf(LinkError)
    expect(error.message).to.match(/node "relu" \(Relu\): RoundRelu requires \[.*\], but only \[.*\] is proven/)
  })

  it('refuses an interval claimed of an output that its gadget does not guarantee', async () => {
    const { quantized } = quantizeModel(relu)
    const output = quantized.steps.find((step) => step.kind === 'rescale')!.output
    const wide = 1n << 60n
    const tensors = quantized.tensors.map((tensor) =>
      tensor?.id === output ? { ...tensor, ranges: uniformRanges(tensor.size, 0n, wide, 'y') } : tensor,
    )
    const claimed: QuantizedProgram = { ...quantized, tensors }
    const compiled = await compileGadgets(quantized)
    expect(() => linkCircuit(claimed, planProgram(quantized), compiled)).to.throw(LinkError, 'guarantees')
  })

  it('gives a long combination that is read twice one wire, and one that is read once none', async () => {
    const once = await linkModel(shared(false))
    const twice = await linkModel(shared(true))
    const own = ({ circuit }: typeof once) => circuit.derived.length - circuit.r1cs.nPubOut - circuit.r1cs.nPubIn + 1
    expect(own(once)).to.equal(0)
    expect(own(twice)).to.equal(3)
    const fc = twice.circuit.costs.reduce((sum, { constraints }) => sum + constraints, 0)
    expect(fc - once.circuit.r1cs.nConstraints).to.equal(3)
  })

  it('books no row for a linear layer', async () => {
    const { circuit } = await linkModel(shared(false))
    for (const { step, origin, constraints, instances } of circuit.costs) {
      if (['Gemm', 'Add'].includes(origin.op)) expect([constraints, instances], step).to.deep.equal([0, 0])
    }
    expect(circuit.costs.map(({ origin }) => origin.op)).to.include.members([
      'Input',
      'Gemm',
      'Relu',
      'Output',
      'Context',
    ])
  })

  it('compiles no gadget twice, in memory or from the cache', async () => {
    await linkModel(relu)
    const before = compiler.compilations
    await linkModel(relu)
    expect(compiler.compilations).to.equal(before)
  })

  it('refuses to export a model that circom could not compile whole', async () => {
    const { circuit } = await linkModel(relu)
    const [instance] = circuit.instances
    const large = { ...circuit, instances: new Array<typeof instance>(2001).fill(instance) } as typeof circuit
    const error = thrown(() => exportCircom(large))
    expect(error).to.be.instanceOf(ExportTooLargeError)
    expect((error as ExportTooLargeError).code).to.equal('EXPORT_TOO_LARGE')
    expect(error.message).to.contain('2001 gadgets')
  })
})

describe('planning', () => {
  it('needs no gadget where the interval decides', () => {
    expect(planRescale({ lo: 3n, hi: 9n }, 0, { low: 0n })).to.deep.equal({ kind: 'alias' })
    expect(planRescale({ lo: -9n, hi: 0n }, 0, { low: 0n })).to.deep.equal({ kind: 'constant', value: 0n })
    expect(planRescale({ lo: 5n, hi: 6n }, 3, {})).to.deep.equal({ kind: 'constant', value: 1n })
    expect(planRescale({ lo: 300n, hi: 900n }, 0, { low: -128n, high: 127n })).to.deep.equal({
      kind: 'constant',
      value: 127n,
    })
    expect(planSplit({ lo: 0n, hi: 9n }, 1)).to.equal(undefined)
    expect(planMax({ lo: 4n, hi: 9n }, { lo: -1n, hi: 4n })).to.equal('first')
    expect(planMax({ lo: -1n, hi: 3n }, { lo: 4n, hi: 9n })).to.equal('second')
  })

  it('decomposes as wide as the interval and no wider', () => {
    const plan = (lo: bigint, hi: bigint, shift: number, isRelu: boolean) =>
      planRescale({ lo, hi }, shift, isRelu ? { low: 0n } : {})
    expect(plan(-128n, 127n, 0, true)).to.deep.include({ gadget: roundRelu(8, 0) })
    expect(plan(-129n, 127n, 0, true)).to.deep.include({ gadget: roundRelu(9, 0) })
    expect(plan(-128n, 128n, 0, true)).to.deep.include({ gadget: roundRelu(9, 0) })
    expect(plan(0n, 255n, 4, false)).to.deep.include({ gadget: round(9, 4) })
    expect(plan(0n, 247n, 4, false)).to.deep.include({ gadget: round(8, 4) })
  })
})

/** The same plans with every ReLU one digit too narrow. */
function narrowed(plans: readonly StepPlan[]): StepPlan[] {
  return plans.map((plan) => {
    if (plan.kind !== 'rescale' || !('elements' in plan)) return plan
    const elements = plan.elements.map((element) => {
      if (element.kind !== 'gadget') return element
      const [n, s] = element.gadget.parameters as [number, number]
      return { ...element, gadget: roundRelu(n - 1, s) }
    })
    return { ...plan, elements }
  })
}

async function withGadgets(program: QuantizedProgram, plans: readonly StepPlan[]) {
  const known = await compileGadgets(program)
  const extra = plans.flatMap((plan) =>
    plan.kind === 'rescale' && 'elements' in plan
      ? plan.elements.flatMap((e) => (e.kind === 'gadget' ? [e.gadget] : []))
      : [],
  )
  const compiled = new Map(
    await Promise.all(extra.map(async (gadget) => [gadget, await compiler.compile(gadget)] as const)),
  )
  return (gadget: Gadget) => compiled.get(gadget) ?? known(gadget)
}
