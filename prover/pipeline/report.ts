// SPDX-License-Identifier: GPL-3.0-or-later

import type { Graph, GraphNode } from '../onnx'
import { hull, bitLength, outputsOf, realRange, sizeOf, type Accuracy, type Candidate } from '../quantize'
import type { CompiledModel } from './compile'

/** One ONNX node, or one part of the interface. */
export type LayerReport = {
  readonly node: string
  readonly op: string
  readonly constraints: number
  /** Widest proven interval of the values the node computes, in bits; null when it was folded into a neighbour. */
  readonly bits: number | null
}

/** Accuracy, and whether it is what was asked for. */
export type MeasuredAccuracy = Accuracy & { readonly meetsTarget: boolean }

export type ChoiceReport = { readonly constraints: number } & Accuracy

/** What `zkml compile --json` prints. */
export type CompileReport = {
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  readonly macs: number
  readonly parameters: number
  readonly layers: readonly LayerReport[]
  readonly inputs: readonly {
    readonly name: string
    readonly range: readonly [number, number]
    readonly bits: number
    readonly exponent: number
  }[]
  /** Against onnxruntime, on the calibration samples; null when a recipe was given without samples. */
  readonly accuracy: MeasuredAccuracy | null
  /** One bit less and one bit more in every layer. */
  readonly alternatives: { readonly cheaper: ChoiceReport | null; readonly finer: ChoiceReport } | null
  readonly modelHash: string
  readonly r1csHash: string
  readonly ioSchemaHash: string
  readonly recipeHash: string
  readonly circuitHash: string
}

/** The report of a model; `measured` is its accuracy when that was not found by calibration. */
export function compileReport(model: CompiledModel, measured: MeasuredAccuracy | null = null): CompileReport {
  const { circuit, graph, recipe, hashes, calibration } = model
  const { r1cs } = circuit
  const choice = ({ constraints, accuracy }: Candidate): ChoiceReport => ({ constraints, ...accuracy })
  return {
    constraints: r1cs.nConstraints,
    wires: r1cs.nWires,
    publicSignals: r1cs.nPubOut + r1cs.nPubIn,
    macs: graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0),
    parameters: parameterCount(graph),
    layers: layerReports(model),
    inputs: recipe.inputs
      .filter(({ visibility }) => visibility !== 'weights')
      .map((input) => ({
        name: input.name,
        range: realRange(input),
        bits: input.bits,
        exponent: input.exponent,
      })),
    accuracy: calibration ? { ...calibration.accuracy, meetsTarget: calibration.meetsTarget } : measured,
    alternatives: calibration
      ? { cheaper: calibration.cheaper ? choice(calibration.cheaper) : null, finer: choice(calibration.finer) }
      : null,
    ...hashes,
  }
}

/** Every node of the graph in order, then the parts of the interface. Affine nodes take 0 constraints. */
function layerReports({ graph, circuit }: CompiledModel): LayerReport[] {
  const { program, costs } = circuit
  const bitsOf = (node: string): number | null => {
    const widths = program.steps
      .filter((step) => step.origin.node === node)
      .flatMap((step) => outputsOf(step))
      .map((tensor) => {
        const { lo, hi } = hull(program.tensors[tensor]!.ranges)
        return lo < 0n ? 1 + Math.max(bitLength(-lo - 1n), bitLength(hi > 0n ? hi : 0n)) : bitLength(hi)
      })
    return widths.length > 0 ? Math.max(...widths) : null
  }
  const constraintsOf = (node: string) =>
    costs.filter((cost) => cost.origin.node === node).reduce((sum, cost) => sum + cost.constraints, 0)
  const nodes = graph.nodes.map((node) => ({
    node: node.name,
    op: node.onnxOp,
    constraints: constraintsOf(node.name),
    bits: bitsOf(node.name),
  }))
  const names = new Set(graph.nodes.map((node) => node.name))
  const rest = costs
    .filter((cost) => !names.has(cost.origin.node) && cost.constraints > 0)
    .map(({ origin, constraints }) => ({ node: origin.node, op: origin.op, constraints, bits: null }))
  return [...nodes, ...rest]
}

/** Multiplications of one inference in the float model. */
function macsOf(graph: Graph, node: GraphNode): number {
  const shape = (name: string) => graph.constants.get(name)?.shape ?? graph.values.get(name)!.shape
  const outputs = sizeOf(graph.values.get(node.output)!.shape)
  switch (node.op) {
    case 'Conv':
      return outputs * sizeOf(shape(node.inputs[1]!).slice(1))
    case 'Gemm':
      return outputs * shape(node.inputs[0]!)[node.transA ? 0 : 1]!
    case 'MatMul':
      return outputs * shape(node.inputs[0]!).at(-1)!
    default:
      return 0
  }
}

function parameterCount(graph: Graph): number {
  const used = new Set(graph.nodes.flatMap((node) => node.inputs))
  return [...graph.constants.values(), ...graph.weights]
    .filter(({ name }) => used.has(name))
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}

/** The report as text for a terminal. */
export function formatReport(report: CompileReport): string {
  const number = (value: number) => value.toLocaleString('en-US')
  const rows = report.layers.map(({ node, op, constraints, bits }) => [
    node,
    op,
    number(constraints),
    bits === null ? '–' : String(bits),
  ])
  const lines = [
    ...table(['node', 'op', 'constraints', 'bits'], rows),
    '',
    `${number(report.constraints)} constraints, ${number(report.wires)} wires, ${report.publicSignals} public signals, ${number(report.parameters)} parameters, ${number(report.macs)} MACs`,
    ...report.inputs.map(({ name, range, bits }) => `input ${name}: ${bits} bits over [${range[0]}, ${range[1]}]`),
  ]
  if (report.accuracy) {
    const { accuracy, alternatives } = report
    const choices = [
      ['chosen', { constraints: report.constraints, ...accuracy }],
      ...(alternatives?.cheaper ? [['one bit less', alternatives.cheaper] as const] : []),
      ...(alternatives ? [['one bit more', alternatives.finer] as const] : []),
    ] as const
    lines.push(
      '',
      `against onnxruntime on ${accuracy.samples} samples${accuracy.meetsTarget ? '' : ' (the accuracy target was NOT met)'}:`,
      ...table(
        ['precision', 'constraints', 'same argmax', 'mean |error|', 'max |error|', 'mean, of range'],
        choices.map(([label, choice]) => [
          label,
          number(choice.constraints),
          `${(100 * choice.argmaxAgreement).toFixed(2)}%`,
          choice.meanAbsError.toPrecision(3),
          choice.maxAbsError.toPrecision(3),
          `${(100 * choice.meanErrorOfRange).toFixed(3)}%`,
        ]),
      ),
    )
  }
  return lines.join('\n')
}

/** Aligned columns: text left, numbers right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const isNumber = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^(–|-?\d[\d.,]*(e[+-]\d+)?%?)$/.test(row[column]!)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)]
}
