import { readFileSync } from 'node:fs'
import { parseModel } from '../prover/onnx'
import {
  buildProgram,
  calibrate,
  inputRecipe,
  parseSamples,
  ReferenceModel,
  quantizeProgram,
  quantizedOutputs,
  compareOutputs,
} from '../prover/quantize'
import { priceProgram, toolVersions } from '../prover/circuit'
async function main() {
  const [name, cal, held] = process.argv.slice(2)
  const bytes = readFileSync(`models/${name}/model.onnx`)
  const graph = parseModel(bytes)
  const program = buildProgram(graph)
  const samples = parseSamples(readFileSync(cal!, 'utf8'), graph, cal!).samples
  const ref = await ReferenceModel.load(graph, bytes)
  const reference = await ref.runAll(samples)
  const t = Date.now()
  const c = calibrate({
    program,
    inputs: [
      inputRecipe(
        'input',
        samples.map((s) => s[0]!),
        {},
      ),
    ],
    outputs: [{ name: 'logits', visibility: 'public' }],
    tools: toolVersions(),
    samples,
    reference,
    costModel: priceProgram,
    target: { maxFlips: Number(process.argv[5] ?? 0.002), maxMeanError: Number(process.argv[6] ?? 0.01) },
    onProgress: (m, f) => console.error(m, f.toFixed(2), Date.now() - t),
  })
  console.log(
    JSON.stringify(c.recipe),
    c.constraints,
    c.accuracy,
    c.trials,
    Date.now() - t,
    c.cheaper?.constraints,
    c.cheaper?.accuracy,
    c.finer.constraints,
    c.finer.accuracy,
  )
  const h = parseSamples(readFileSync(held!, 'utf8'), graph, held!)
  const q = quantizeProgram(program, c.recipe)
  const href = await ref.runAll(h.samples)
  const out = h.samples.map((s) => quantizedOutputs(q, s))
  const acc = (o: any[]) => o.filter((x, i) => x[0].indexOf(Math.max(...x[0])) === h.labels![i]).length
  console.log(compareOutputs(out, href), acc(out), acc(href))
}
void main()
