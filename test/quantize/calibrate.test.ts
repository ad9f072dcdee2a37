// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { priceProgram, toolVersions } from '../../prover/circuit'
import { parseModel } from '../../prover/onnx'
import {
  buildProgram,
  calibrate,
  compareOutputs,
  inputRecipe,
  quantizedOutputs,
  quantizeProgram,
  ReferenceModel,
  type AccuracyTarget,
  type Calibration,
  type Sample,
} from '../../prover/quantize'
import { buildModel, floats, seededRandom, type ModelSpec } from '../support/onnx-builder'

const classifier: ModelSpec = {
  inputs: [{ name: 'x', shape: [1, 6] }],
  outputs: [{ name: 'y' }],
  nodes: [
    { op: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['h'], name: 'fc1' },
    { op: 'Relu', inputs: ['h'], outputs: ['r'], name: 'relu' },
    { op: 'Gemm', inputs: ['r', 'w2'], outputs: ['y'], name: 'fc2' },
  ],
  initializers: { w1: floats([6, 8], 1), b1: floats([8], 2), w2: floats([8, 4], 3) },
}

describe('calibration', function () {
  this.timeout(30_000)
  const bytes = buildModel(classifier)
  const graph = parseModel(bytes)
  const program = buildProgram(graph)
  const random = seededRandom(3)
  const samples: Sample[] = Array.from({ length: 60 }, () => [Float64Array.from({ length: 6 }, () => random() * 2 - 1)])
  let reference: Float64Array[][]

  before(async () => {
    const model = await ReferenceModel.load(graph, bytes)
    reference = await model.runAll(samples)
    await model.close()
  })

  const run = (
    target?: AccuracyTarget,
    onProgress?: (message: string, fraction: number) => void,
    [from, to]: readonly [number, number] = [0, samples.length],
  ): Calibration =>
    calibrate({
      program,
      inputs: [
        inputRecipe(
          'x',
          samples.map(([values]) => values!),
          {},
        ),
      ],
      outputs: [{ name: 'y', visibility: 'public' }],
      tools: toolVersions(),
      samples: samples.slice(from, to),
      reference: reference.slice(from, to),
      costModel: priceProgram,
      ...(target && { target }),
      ...(onProgress && { onProgress }),
    })

  it('meets its target, and what it reports is so', () => {
    const result = run()
    expect(result.meetsTarget).to.equal(true)
    expect(result.accuracy.flips).to.equal(0)
    expect(result.accuracy.meanErrorOfRange).to.be.at.most(0.01)
    const quantized = quantizeProgram(program, result.recipe)
    const outputs = samples.map((sample) => quantizedOutputs(quantized, sample))
    expect(compareOutputs(outputs, reference)).to.deep.equal(result.accuracy)
    expect(priceProgram(quantized).constraints).to.equal(result.constraints)
    expect(result.trials).to.be.greaterThan(3)
  })

  it('is deterministic', () => {
    expect(run()).to.deep.equal(run())
  })

  it('spends more where more is asked, and shows what the neighbours cost', () => {
    const loose = run({ maxFlips: 0.2, maxMeanError: 0.05 })
    const strict = run({ maxFlips: 0, maxMeanError: 0.0005 })
    expect(loose.meetsTarget && strict.meetsTarget).to.equal(true)
    expect(loose.constraints).to.be.lessThan(strict.constraints)
    expect(strict.accuracy.meanErrorOfRange).to.be.at.most(0.0005)
    expect(strict.cheaper!.constraints).to.be.lessThan(strict.constraints)
    expect(strict.finer.constraints).to.be.greaterThan(strict.constraints)
    expect(strict.finer.accuracy.meanAbsError).to.be.lessThan(strict.cheaper!.accuracy.meanAbsError)
  })

  it('leaves few flips among samples it has not seen, and no neighbour that is too narrow', async () => {
    const { recipe, finer, accuracy } = run({ maxFlips: 0.002, maxMeanError: 0.2 }, undefined, [40, 60])
    const unseen: Sample[] = Array.from({ length: 1000 }, () => [
      Float64Array.from({ length: 6 }, () => random() * 2 - 1),
    ])
    const model = await ReferenceModel.load(graph, bytes)
    const expected = await model.runAll(unseen)
    await model.close()
    const quantized = quantizeProgram(program, recipe)
    const outputs = unseen.map((sample) => quantizedOutputs(quantized, sample))
    expect(compareOutputs(outputs, expected).flips).to.be.at.most(6)
    expect(finer.accuracy.meanAbsError).to.be.at.most(1.1 * accuracy.meanAbsError)
  })

  it('neither rounds nor clamps a normalization where wider intervals after it cost less', async () => {
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: [6] }],
      outputs: [{ name: 'y' }],
      nodes: [{ op: 'LayerNormalization', inputs: ['x', 'scale'], outputs: ['y'], name: 'norm' }],
      initializers: { scale: floats([6], 4) },
    })
    const normalization = parseModel(onnx)
    const model = await ReferenceModel.load(normalization, onnx)
    const expected = await model.runAll(samples)
    await model.close()
    const values = samples.map(([first]) => first!)
    const result = calibrate({
      program: buildProgram(normalization),
      inputs: [inputRecipe('x', values, {})],
      outputs: [{ name: 'y', visibility: 'public' }],
      tools: toolVersions(),
      samples,
      reference: expected,
      costModel: priceProgram,
    })
    expect(result.meetsTarget).to.equal(true)
    const { steps } = priceProgram(quantizeProgram(buildProgram(normalization), result.recipe))
    expect(steps.find(({ step }) => step === 'norm/settled_4')!.constraints).to.equal(0)
  })

  it('says when a target is out of reach', () => {
    expect(run({ maxFlips: 0, maxMeanError: 0 }).meetsTarget).to.equal(false)
  })

  it('tells how far it is', () => {
    const seen: number[] = []
    run(undefined, (_, fraction) => seen.push(fraction))
    expect(seen.length).to.be.greaterThan(2)
    expect(Math.min(...seen)).to.be.at.least(0)
    expect(Math.max(...seen)).to.be.at.most(1)
    expect([...seen].sort((x, y) => x - y)).to.deep.equal(seen)
  })

  it('tells features of 1e-3 from those of 1e5 in one input', async () => {
    const sizes = [1e-3, 1, 1e5]
    const pipeline = buildModel({
      domains: { 'ai.onnx.ml': 1 },
      inputs: [{ name: 'x', shape: [1, 3] }],
      outputs: [{ name: 'y' }],
      nodes: [
        {
          op: 'Scaler',
          domain: 'ai.onnx.ml',
          inputs: ['x'],
          outputs: ['s'],
          attributes: { offset: { floats: sizes }, scale: { floats: sizes.map((size) => 1 / size) } },
        },
        { op: 'Gemm', inputs: ['s', 'w'], outputs: ['g'] },
        { op: 'Sigmoid', inputs: ['g'], outputs: ['y'] },
      ],
      initializers: { w: floats([3, 3], 4) },
    })
    const scaled = parseModel(pipeline)
    const inputs: Sample[] = samples.map(([values]) => [
      Float64Array.from(sizes, (size, at) => size * (1 + values![at]!)),
    ])
    const runtime = await ReferenceModel.load(scaled, pipeline)
    const expected = await runtime.runAll(inputs)
    await runtime.close()
    const found = calibrate({
      program: buildProgram(scaled),
      inputs: [
        inputRecipe(
          'x',
          inputs.map(([values]) => values!),
          {},
        ),
      ],
      outputs: [{ name: 'y', visibility: 'public' }],
      tools: toolVersions(),
      samples: inputs,
      reference: expected,
      costModel: priceProgram,
    })
    expect(found.meetsTarget).to.equal(true)
    expect(found.accuracy.argmaxAgreement).to.be.at.least(0.98)
  })

  it('keeps whole-number inputs exact', async () => {
    const bits: Sample[] = samples.map(([values]) => [values!.map((value) => (value > 0 ? 1 : 0))])
    const model = await ReferenceModel.load(graph, bytes)
    const expected = await model.runAll(bits)
    await model.close()
    const result = calibrate({
      program,
      inputs: [
        inputRecipe(
          'x',
          bits.map(([values]) => values!),
          {},
        ),
      ],
      outputs: [{ name: 'y', visibility: 'public' }],
      tools: toolVersions(),
      samples: bits,
      reference: expected,
      costModel: priceProgram,
    })
    expect(result.recipe.inputs[0]).to.deep.include({ bits: 1, lo: 0, exponent: 0 })
    expect(result.meetsTarget).to.equal(true)
  })

  it('counts flips, errors and agreement as it says', () => {
    const [a, b] = [Float64Array.of(0, 1), Float64Array.of(3, 1)]
    const accuracy = compareOutputs([[a], [b]], [[Float64Array.of(0, 2)], [Float64Array.of(1, 3)]])
    expect(accuracy).to.deep.equal({
      samples: 2,
      flips: 1,
      argmaxAgreement: 0.5,
      meanAbsError: 1.25,
      maxAbsError: 2,
      meanErrorOfRange: 1.25 / 3,
      relativeError: 5 / 6,
    })
    const same = compareOutputs([[Float64Array.of(2)]], [[Float64Array.of(2)]])
    expect(same).to.deep.include({ flips: 0, argmaxAgreement: 1, meanErrorOfRange: 0 })
  })

  it('holds the error of each output against its own range', () => {
    const outputs = [
      [Float64Array.of(0), Float64Array.of(0.75)],
      [Float64Array.of(1000), Float64Array.of(0.75)],
    ]
    const reference = outputs.map(([large], i) => [large!, Float64Array.of(0.5 + i)])
    expect(compareOutputs(outputs, reference).meanErrorOfRange).to.equal(0.5)
  })
})
