// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { readFileSync } from 'node:fs'
import hre from 'hardhat'
import type { NpcDialogue } from '../../../typechain-types'
import { decodeProofBlob } from '../../../prover/encodings'
import { inferenceCall, openProver, type ModelProver } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel } from '../../../prover/quantize'
import {
  FIRST_WORD,
  heldOutLines,
  lexicon,
  promptTokens,
  PROMPT_TOKENS,
  Speaker,
  textOf,
  vocabulary,
  type Step,
} from '../dialogue'
import type { Scene, Story, StoryFigures } from '../scene'
import { heading, note, stage } from '../show'

const PHASE = 3600
const ERRAND = 600
const LIFETIME = 86_400
const SMITH = 0
const WORK = 7
/** First of the skies of the night. */
const NIGHT = 9
/** Steps of one transaction. */
const TOGETHER = 8

type Told = { readonly gas: bigint; readonly total: bigint; readonly milliseconds: number }

/** A smith gives an errand, since the model says so, and the words are on chain. */
export const npcDialogue: Story = {
  name: 'npc-dialogue',
  contract: 'NpcDialogue',
  summary: 'a smith says what the model says, token by token',
  mostSeconds: 6,
  async tell(scene) {
    const { accounts, model, backend } = scene
    const [, player, teller, other] = accounts
    const dialogue = await deploy(scene)
    const speaker = new Speaker(model.quantized, model.circuit.schema)
    const { result: prover } = await stage(`open the proving key (${backend.name})`, () =>
      openProver(model, { backend }),
    )

    heading('A player asks the smith for work')
    await morning(dialogue)
    await dialogue.connect(player!).ask(SMITH, WORK)
    const questionId = await dialogue.questionOf(player!)
    const tokens = promptTokens((await dialogue.question(questionId)).prompt)
    note(`the contract writes the prompt: ${tokens.map((token) => vocabulary()[token]).join(' ')}`)
    const told = await tell(scene, { dialogue, speaker, prover }, questionId, tokens, teller!)
    note(`lineOf: "${(await dialogue.lineOf(questionId))[0]}"`)
    note(`${told.total.toLocaleString('en-US')} gas for the whole line`)
    const stages = ['none', 'given', 'done', 'paid']
    note(`the smith's errand is now: ${stages[Number((await dialogue.errandOf(player!, SMITH)).stage)]}`)

    heading('Another player asks the same')
    const { result: again } = await stage('ask: the line is known, and true for everybody', async () =>
      (await dialogue.connect(other!).ask(SMITH, WORK)).wait(),
    )
    note(`answered at once for ${again!.gasUsed.toLocaleString('en-US')} gas`)

    const judged = await judge(scene, speaker)
    return { gas: told.gas, proveMilliseconds: told.milliseconds, ...judged }
  },
}

async function deploy({ accounts, verifier, modelId }: Scene): Promise<NpcDialogue> {
  const { NpcDialogue__factory, TensorOpening__factory } = await import('../../../typechain-types')
  const [deployer] = accounts
  const opening = await new TensorOpening__factory(deployer!).deploy(await verifier.registry())
  const factory = new NpcDialogue__factory(deployer!)
  const dialogue = await factory.deploy(verifier, modelId, opening, lexicon(), PHASE, ERRAND, LIFETIME)
  note(`NpcDialogue at ${await dialogue.getAddress()}, with 256 words and the commitment to an empty cache`)
  return dialogue
}

/** Waits for a time of day at which the smith sends people out. */
async function morning(dialogue: NpcDialogue): Promise<void> {
  const { timestamp } = (await hre.ethers.provider.getBlock('latest'))!
  if (Number(await dialogue.skyAt(timestamp + 60)) < NIGHT) return
  await hre.network.provider.send('evm_increaseTime', [PHASE])
  await hre.network.provider.send('evm_mine')
}

type Tools = { readonly dialogue: NpcDialogue; readonly speaker: Speaker; readonly prover: ModelProver }

/** Proves a line step by step and sends some steps at a time. */
async function tell(
  { contextFor }: Scene,
  { dialogue, speaker, prover }: Tools,
  questionId: string,
  prompt: readonly number[],
  teller: HardhatEthersSigner,
): Promise<Told> {
  const context = contextFor(await dialogue.getAddress(), questionId, teller)
  const prove = async ({ token, position, cache }: Step) => {
    const inputs = [Float64Array.of(token, position), cache]
    // Nothing here is secret.
    const proved = await prover.prove({ inputs, context, salts: [0n, 0n] })
    const { points } = decodeProofBlob(inferenceCall(prover.model.circuit.schema, proved).proof)
    const { witness, prove: proving } = proved.milliseconds
    const [next, cacheAfter] = proved.publicSignals
    return { points: [...points], next: next!, cache: cacheAfter!, milliseconds: witness + proving }
  }
  const steps = [...speaker.steps(prompt)]
  const said: number[] = []
  let slowest = 0
  let [gas, total] = [0n, 0n]
  for (let from = 0; from < steps.length; from += TOGETHER) {
    const some = steps.slice(from, from + TOGETHER)
    const words = some.filter(({ position }) => position + 1 >= PROMPT_TOKENS).map(({ output }) => output.next)
    said.push(...words.filter((word) => word >= FIRST_WORD))
    const { result: proven } = await stage(`prove positions ${from} to ${from + some.length - 1}`, async () => {
      const list: Awaited<ReturnType<typeof prove>>[] = []
      for (const step of some) list.push(await prove(step))
      return list
    })
    slowest = Math.max(slowest, ...proven.map(({ milliseconds }) => milliseconds))
    const { result: receipt } = await stage('advance: one check for all of them, each on the cache before', async () =>
      (await dialogue.connect(teller).advance(questionId, proven)).wait(),
    )
    gas = receipt!.gasUsed
    total += gas
    note(`“${textOf(said)}”`)
  }
  note(`${steps.length} tokens, the slowest proven in ${(slowest / 1000).toFixed(1)} s`)
  return { gas, total, milliseconds: slowest }
}

/** Next tokens of held-out lines, as proved, by floats and by a trigram; and whole lines. */
async function judge({ model, bundled }: Scene, speaker: Speaker): Promise<Pick<StoryFigures, 'fidelity' | 'merit'>> {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { samples, labels } = parseSamples(text, model.graph, bundled.heldOut)
  const { baseline } = JSON.parse(text) as { baseline: number[] }
  heading(`${samples.length} steps of held-out lines`)
  const proved = samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  const float = (await runtime.runAll(samples).finally(() => runtime.close())).map((outputs) => outputs[0]![0]!)
  const right = (tokens: readonly number[]) => tokens.filter((token, i) => token === labels![i]).length / tokens.length
  const [asProved, byTrigram] = [right(proved), right(baseline)]
  note(`next token right: ${percent(asProved)} as proved, ${percent(right(float))} by floats`)
  note(`trigrams of character and topic: ${percent(byTrigram)}`)
  const lines = heldOutLines().slice(0, 6)
  const same = lines.filter((line) => {
    const words = line.slice(PROMPT_TOKENS).filter((token) => token >= FIRST_WORD)
    return speaker.line(line.slice(0, PROMPT_TOKENS)).join() === words.join()
  })
  note(`${same.length} of ${lines.length} held-out lines are said word for word`)
  return {
    fidelity: { kind: 'classes', float: right(float), proved: asProved },
    merit: {
      measure: 'next tokens of held-out lines that are right',
      baselineName: 'trigrams of character and topic',
      better: 'higher',
      model: asProved,
      baseline: byTrigram,
    },
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
