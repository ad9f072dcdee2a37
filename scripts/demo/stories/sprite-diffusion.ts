// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { AbiCoder, concat, hexlify, keccak256, parseEther } from 'ethers'
import hre from 'hardhat'
import type { DiffusionSprites } from '../../../typechain-types'
import { unpack } from '../../../prover/encodings'
import { inferenceCall, proveInference, type LoadedModel } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel, type Sample } from '../../../prover/quantize'
import type { Merit, Scene, Story } from '../scene'
import { heading, note, picture, stage } from '../show'

const DELAY = 3
const BOND = parseEther('0.01')
const SIDE = 14
const CHANNELS = 3
const TOP = 15
/** Pixels a side of the windows in which pictures are compared. */
const WINDOW = 3
const FOLDER = join(__dirname, '..', '..', '..', '.zkml', 'demo', 'sprite-diffusion')

/** Two people get sprites out of noise that nobody chose, a third one finds out what choosing costs. */
export const spriteDiffusion: Story = {
  name: 'sprite-diffusion',
  contract: 'DiffusionSprites',
  summary: 'a token paints itself out of noise that nobody chose',
  mostSeconds: 20,
  async tell(scene) {
    const { accounts, verifier, modelId, bundled, model } = scene
    const [deployer, ann, bob, picky, anyone] = accounts
    const { DiffusionSprites__factory } = await import('../../../typechain-types')
    const sprites = await new DiffusionSprites__factory(deployer!).deploy(verifier, modelId, DELAY, BOND)
    note(`DiffusionSprites at ${await sprites.getAddress()}; whoever commits leaves a bond of 0.01 until it reveals`)

    let gas = 0n
    let proveMilliseconds = 0
    for (const [who, name, class_] of [
      [ann!, 'Ann', 0],
      [bob!, 'Bob', 1],
    ] as const) {
      heading(`${name} wants something of the class "${await sprites.className(class_)}"`)
      const tokenId = await draw(sprites, who, class_)
      const added = await paint(scene, sprites, tokenId, anyone!)
      gas = added.gas
      proveMilliseconds = added.milliseconds
      const path = join(FOLDER, `${name.toLowerCase()}.svg`)
      mkdirSync(FOLDER, { recursive: true })
      writeFileSync(path, await sprites.svgOf(tokenId))
      note(inTerminal(added.channels).slice(6)) // which a note indents
      note(`the chain itself draws it as an SVG, here in ${relative(process.cwd(), path)}`)
    }

    heading('A third one would rather choose')
    const secret = hexlify(randomBytes(32))
    const commitment = await sprites.commitmentOf(2, picky!, secret)
    await (await sprites.connect(picky!).commit(commitment, { value: BOND })).wait()
    await mine(DELAY)
    const { hash } = (await hre.ethers.provider.getBlock('latest'))!
    const seed = BigInt(keccak256(concat([secret, commitment, hash!]))) & (2n ** 248n - 1n)
    note(`it alone can see its seed now, ${seed.toString(16).slice(0, 16)}…, and does not like it`)
    await mine(257)
    const isVoid = await sprites
      .connect(picky!)
      .reveal.staticCall(2, secret)
      .then(() => false)
      .catch((error: unknown) => String(error).includes('CommitmentLapsed'))
    if (!isVoid) throw new Error('A commitment was revealed after its time.')
    note(`257 blocks later it is void, and the bond is lost: each look at a seed costs one`)

    const text = readFileSync(bundled.heldOut, 'utf8')
    const { samples } = parseSamples(text, model.graph, bundled.heldOut)
    heading(`${samples.length} more seeds, beside pictures of heads that nothing was fitted to`)
    const { result: proved } = await stage('paint them in the integers of the circuit', () =>
      Promise.resolve(samples.map((sample) => [...quantizedOutputs(model.quantized, sample)[0]!])),
    )
    const { result: floats } = await stage('and in floats', () => runFloats(model, samples))
    const meanError = mean(proved.map((values, i) => mean(values.map((value, k) => Math.abs(value - floats[i]![k]!)))))
    note(
      `${(100 * share(proved, floats)).toFixed(1)}% of the channels are the same, the mean error is ${((meanError / TOP) * 100).toFixed(2)}% of their range`,
    )
    const { result: merit } = await stage('compare windows of 3×3 pixels with those of held-out pictures', () =>
      Promise.resolve(compare(proved, heldOut(text))),
    )
    note(
      `energy distance ${merit.model.toFixed(4)}; of what linear denoisers make of the same noise ${merit.baseline.toFixed(4)}`,
    )
    return { gas, proveMilliseconds, fidelity: { kind: 'values', meanError: meanError / TOP }, merit }
  },
}

/** Commit, wait, reveal. */
async function draw(sprites: DiffusionSprites, who: HardhatEthersSigner, class_: number): Promise<bigint> {
  const secret = hexlify(randomBytes(32))
  const { result: drawBlock } = await stage('commit to the class and a secret', async () => {
    const commitment = await sprites.commitmentOf(class_, who, secret)
    await (await sprites.connect(who).commit(commitment, { value: BOND })).wait()
    return sprites.drawBlockOf(who, commitment)
  })
  await mine(DELAY)
  const { result: receipt } = await stage(`block ${drawBlock} is there: reveal, mint, take the bond back`, async () =>
    (await sprites.connect(who).reveal(class_, secret)).wait(),
  )
  const [revealed] = await sprites.queryFilter(sprites.filters.SpriteRevealed(), receipt!.blockNumber)
  const { tokenId, seed } = revealed!.args
  note(`seed ${seed.toString(16).slice(0, 16)}…, from its secret and that block`)
  return tokenId
}

/** Anyone proves what the model paints of a token's noise, and adds it. */
async function paint(scene: Scene, sprites: DiffusionSprites, tokenId: bigint, by: HardhatEthersSigner) {
  const { model, backend } = scene
  const { class_, seed } = await sprites.spriteOf(tokenId)
  const prompt = await sprites.promptFor(class_, seed)
  const words = AbiCoder.defaultAbiCoder().decode(['uint256', 'uint256', 'uint256'], prompt) as unknown as bigint[]
  const spec = model.circuit.schema.inputs[0]!
  const sample = [Float64Array.from(unpack([...words], spec, spec.shape[1]!), Number)]
  const { result: proved } = await stage(`anyone proves what the model paints of it (${backend.name})`, () =>
    proveInference(model, { sample, context: null, backend }),
  )
  const { output, proof } = inferenceCall(model.circuit.schema, proved)
  const { result: receipt } = await stage('addAigcData: proof checked on chain, picture kept', async () =>
    (await sprites.connect(by).addAigcData(tokenId, prompt, output, proof)).wait(),
  )
  const { witness, prove } = proved.milliseconds
  return { gas: receipt!.gasUsed, milliseconds: witness + prove, channels: proved.outputs[0]!.values! }
}

async function mine(blocks: number): Promise<void> {
  await hre.network.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`])
}

/** Two rows of pixels in a row of characters: in colours on a terminal that shows them, in shades elsewhere. */
function inTerminal(channels: readonly number[]): string {
  const at = (x: number, y: number) =>
    channels.slice(CHANNELS * (SIDE * y + x), CHANNELS * (SIDE * y + x + 1)).map((v) => 17 * v)
  if (!process.stdout.isTTY) {
    const greys = Array.from({ length: SIDE * SIDE }, (_, i) => mean(at(i % SIDE, Math.floor(i / SIDE))))
    return picture(greys, SIDE)
  }
  const lines = Array.from({ length: SIDE / 2 }, (_, y) =>
    Array.from(
      { length: SIDE },
      (_, x) => `\x1b[38;2;${at(x, 2 * y).join(';')};48;2;${at(x, 2 * y + 1).join(';')}m▀`,
    ).join(''),
  )
  return lines.map((line) => `      ${line}\x1b[0m`).join('\n')
}

type HeldOut = {
  /** Pictures of heads that nothing was fitted to. */
  readonly pictures: readonly string[]
  /** What linear denoisers make of the noise of each sample. */
  readonly baseline: readonly string[]
}

function heldOut(text: string): HeldOut {
  return JSON.parse(text) as HeldOut
}

/** Float outputs as whole numbers, as a picture has them. */
async function runFloats(model: LoadedModel, samples: readonly Sample[]): Promise<number[][]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(samples)).map((outputs) => Array.from(outputs[0]!, Math.round))
  } finally {
    await runtime.close()
  }
}

function compare(proved: readonly (readonly number[])[], { pictures, baseline }: HeldOut): Merit {
  const read = (some: readonly string[]) => some.map((digits) => Array.from(digits, (digit) => parseInt(digit, 16)))
  const apart = read(pictures)
  return {
    measure: 'energy distance of 3×3 windows to those of held-out pictures, of 15',
    baselineName: 'linear denoisers on the same noise',
    better: 'lower',
    model: windowDistance(proved, apart),
    baseline: windowDistance(read(baseline), apart),
  }
}

/** Mean energy distance over all places of a window, as train.py has it. */
function windowDistance(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  const places = Array.from({ length: (SIDE - WINDOW + 1) ** 2 }, (_, i) => i)
  return mean(
    places.map((place) => {
      const [x, y] = [place % (SIDE - WINDOW + 1), Math.floor(place / (SIDE - WINDOW + 1))]
      const cut = (some: readonly (readonly number[])[]) =>
        some.map((values) => Float64Array.from(rowsOf(values, x, y).flat()))
      return energyDistance(cut(a), cut(b))
    }),
  )
}

function rowsOf(values: readonly number[], x: number, y: number): number[][] {
  return Array.from({ length: WINDOW }, (_, row) => {
    const from = CHANNELS * (SIDE * (y + row) + x)
    return values.slice(from, from + CHANNELS * WINDOW)
  })
}

/** Twice the mean distance between two sets less that within each; distances are root mean squares (Székely and Rizzo). */
function energyDistance(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  const between = (left: readonly Float64Array[], right: readonly Float64Array[]) => {
    let sum = 0
    for (const u of left)
      for (const v of right) {
        let square = 0
        for (let i = 0; i < u.length; i++) square += (u[i]! - v[i]!) ** 2
        sum += Math.sqrt(square / u.length)
      }
    return sum / (left.length * right.length)
  }
  return 2 * between(a, b) - between(a, a) - between(b, b)
}

function share(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  return mean(a.map((values, i) => values.filter((value, k) => value === b[i]![k]).length / values.length))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
