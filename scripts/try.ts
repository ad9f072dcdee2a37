import { readFileSync } from 'node:fs'
import { parseModel } from '../prover/onnx'
import { buildProgram, quantizeProgram, evaluateProgram, type Recipe, type StepRecipe } from '../prover/quantize'
import { planProgram, gadgetsOf, GadgetCompiler, linkCircuit, toolVersions } from '../prover/circuit'
import { gadgetProgram } from '../prover/circuit/gadget-source'
import { inputDigit, bindContext, poseidonLink } from '../prover/circuit/gadgets'
import { WitnessGenerator, firstUnsatisfiedRow } from '../prover/witness'
const t0 = Date.now()
const lap = (s: string) => console.log(s, Date.now() - t0)
async function main() {
  const name = process.argv[2]!
  const graph = parseModel(readFileSync(`models/${name}/model.onnx`))
  lap('parsed')
  const program = buildProgram(graph)
  for (const s of program.steps)
    console.log(
      s.kind,
      s.name,
      s.kind === 'linear' ? `${s.map.rows} rows ${s.map.column.length} terms` : '',
      program.tensors[s.output]!.shape,
    )
  const steps: Record<string, StepRecipe> = {}
  for (const s of program.steps) {
    if (s.kind === 'linear') {
      if (!s.map.weight.every((w) => w === 1))
        steps[s.name] = { weightExponent: s.name === 'conv1' || s.name === 'fc1' ? 15 : 7 }
    } else if (s.kind === 'rescale') steps[s.name] = { exponent: 5 }
  }
  const recipe: Recipe = {
    format: 'zkml-recipe/1',
    rounding: 'half-up',
    tools: toolVersions(),
    inputs: [{ name: 'input', visibility: 'public', bits: 8, lo: 0, exponent: 0 }],
    outputs: [{ name: 'logits', visibility: 'public' }],
    steps,
  }
  const q = quantizeProgram(program, recipe)
  lap('quantised')
  const plans = planProgram(q)
  lap('planned')
  const gadgets = new Map<string, any>()
  for (const p of plans) for (const g of gadgetsOf(p)) gadgets.set(gadgetProgram(g), g)
  for (const g of [inputDigit(8), bindContext(), poseidonLink()]) gadgets.set(gadgetProgram(g), g)
  const compiler = new GadgetCompiler()
  const compiled = new Map<string, any>()
  for (const [k, g] of gadgets) {
    compiled.set(k, await compiler.compile(g))
    if (compiled.get(k).r1cs.nConstraints !== g.rows) console.log('ROWS', k, compiled.get(k).r1cs.nConstraints, g.rows)
  }
  lap(`compiled ${gadgets.size} (${compiler.compilations} new)`)
  const c = linkCircuit(q, plans, (g) => compiled.get(gadgetProgram(g)))
  lap('linked')
  console.log(c.r1cs.nConstraints, c.r1cs.nWires, c.r1cs.c.wire.length, c.r1cs.a.wire.length, c.r1cs.b.wire.length)
  console.table(c.costs.map((x) => ({ s: x.step, c: x.constraints, i: x.instances })))
  const { auditCircuit } = await import('../prover/circuit'); const au = auditCircuit(c); console.log(au.deterministic, au.unreached.length, au.unreached.slice(0,5)); lap('audited')
  const wg = await WitnessGenerator.create(c)
  lap('calculators')
  const samples = JSON.parse(readFileSync(`models/${name}/samples.json`, 'utf8'))
  const w = wg.generate({ inputs: [Float64Array.from(samples.input_data[0])], context: 5n })
  lap('witness')
  console.log(firstUnsatisfiedRow(c.r1cs, w.values))
  lap('checked')
  console.log(w.tensors[q.outputs[0]!.tensor], samples.labels[0], w.signals.length)
  let ok = 0
  for (let i = 0; i < samples.labels.length; i++) {
    const t = evaluateProgram(q, [Float64Array.from(samples.input_data[i])])
    const o = Array.from(t[q.outputs[0]!.tensor] as Float64Array)
    if (o.indexOf(Math.max(...o)) === samples.labels[i]) ok++
  }
  console.log('acc', ok, samples.labels.length)
  lap('evaluated')
}
void main()
