// SPDX-License-Identifier: GPL-3.0-or-later
import { seededRandom, type ModelSpec, type NodeSpec, type TensorSpec } from './onnx-builder'

/** Collects the nodes and weights of a network layer by layer, with normal weights of a fixed seed. */
class Network {
  readonly nodes: NodeSpec[] = []
  readonly initializers: Record<string, TensorSpec> = {}
  private readonly random: () => number
  private count = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  /** Sum of uniforms: near enough to a normal distribution of the given deviation. */
  weight(shape: readonly number[], deviation: number): string {
    const size = shape.reduce((a, b) => a * b, 1)
    const normal = () => {
      let sum = -6
      for (let i = 0; i < 12; i++) sum += this.random()
      return Math.fround(sum * deviation)
    }
    return this.tensor({ shape, data: Array.from({ length: size }, normal) })
  }

  tensor(tensor: TensorSpec): string {
    const name = `t${this.count++}`
    this.initializers[name] = tensor
    return name
  }

  node(op: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string {
    const name = `n${this.count++}`
    this.nodes.push({ op, inputs, outputs: [name], name, attributes })
    return name
  }

  finish(input: readonly number[], output: string): ModelSpec {
    this.node('Identity', [output])
    const last = this.nodes.pop()!
    return {
      inputs: [{ name: 'x', shape: input }],
      outputs: [{ name: 'y' }],
      nodes: [...this.nodes, { ...last, outputs: ['y'] }],
      initializers: this.initializers,
    }
  }
}

/**
 * A residual network in the shape of ResNet-20: a stem, residual blocks of two convolutions with batch normalisation in
 * three stages, the last two of which halve the picture and double the channels, a global average and a classifier.
 * `width` channels at first, `blocks` a stage; 2·3·blocks + 2 layers.
 */
export function residualNetwork(size: number, width: number, blocks: readonly [number, number, number]): ModelSpec {
  const net = new Network(7)
  const convolution = (x: string, from: number, to: number, kernel: number, stride: number) => {
    const pad = (kernel - 1) / 2
    const w = net.weight([to, from, kernel, kernel], Math.sqrt(2 / (from * kernel * kernel)))
    const c = net.node('Conv', [x, w], { pads: [pad, pad, pad, pad], strides: [stride, stride] })
    const one = (value: number) => net.tensor({ shape: [to], data: new Array<number>(to).fill(value) })
    return net.node('BatchNormalization', [c, one(1), net.weight([to], 0.1), net.weight([to], 0.1), one(1)])
  }
  let x = net.node('Relu', [convolution('x', 3, width, 3, 1)])
  let channels = width
  blocks.forEach((count, stage) => {
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1
      const to = width * 2 ** stage
      const first = net.node('Relu', [convolution(x, channels, to, 3, stride)])
      const second = convolution(first, to, to, 3, 1)
      const shortcut = stride === 1 && channels === to ? x : convolution(x, channels, to, 1, stride)
      x = net.node('Relu', [net.node('Add', [second, shortcut])])
      channels = to
    }
  })
  const pooled = net.node('Flatten', [net.node('GlobalAveragePool', [x])])
  const logits = net.node('Gemm', [pooled, net.weight([channels, 10], Math.sqrt(1 / channels)), net.weight([10], 0.1)])
  return net.finish([1, 3, size, size], logits)
}

/**
 * A stack of transformer blocks as PyTorch exports them: layer normalisation, multi-head attention and a perceptron with
 * GELU of four times the width, with residual connections; the mean over the tokens at the end.
 */
export function transformer(tokens: number, width: number, heads: number, layers: number): ModelSpec {
  const net = new Network(11)
  const dense = (x: string, from: number, to: number) =>
    net.node('Add', [net.node('MatMul', [x, net.weight([from, to], Math.sqrt(1 / from))]), net.weight([to], 0.02)])
  const norm = (x: string) => {
    const scale = net.tensor({ shape: [width], data: new Array<number>(width).fill(1) })
    return net.node('LayerNormalization', [x, scale, net.weight([width], 0.02)], { axis: -1, epsilon: { float: 1e-5 } })
  }
  const ints = (...data: number[]) => net.tensor({ type: 'int64', shape: [data.length], data })
  const split = (x: string, perm: readonly number[]) =>
    net.node('Transpose', [net.node('Reshape', [x, ints(tokens, heads, width / heads)])], { perm: [...perm] })
  let x = 'x'
  for (let layer = 0; layer < layers; layer++) {
    const normed = norm(x)
    const [q, k, v] = [0, 1, 2].map(() => dense(normed, width, width))
    const scores = net.node('Mul', [
      net.node('MatMul', [split(q!, [1, 0, 2]), split(k!, [1, 2, 0])]),
      net.tensor({ shape: [], data: [1 / Math.sqrt(width / heads)] }),
    ])
    const mixed = net.node('MatMul', [net.node('Softmax', [scores], { axis: -1 }), split(v!, [1, 0, 2])])
    const joined = net.node('Reshape', [net.node('Transpose', [mixed], { perm: [1, 0, 2] }), ints(tokens, width)])
    x = net.node('Add', [x, dense(joined, width, width)])
    const hidden = net.node('Gelu', [dense(norm(x), width, 4 * width)])
    x = net.node('Add', [x, dense(hidden, 4 * width, width)])
  }
  const mean = net.node('ReduceMean', [norm(x), ints(0)], { keepdims: 0 })
  return net.finish([tokens, width], mean)
}
