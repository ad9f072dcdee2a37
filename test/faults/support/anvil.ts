// SPDX-License-Identifier: GPL-3.0-or-later

import { dirname, join } from 'node:path'
import { JsonRpcProvider, toQuantity } from 'ethers'
import { startProgram } from './process'
import { sleep } from './wait'

/** How a chain is started. */
export type AnvilOptions = {
  readonly chainId?: number
  /** Seconds between blocks, fractions allowed; a block for each transaction when absent. */
  readonly blockTime?: number
  /** Blocks only when asked for. */
  readonly noMining?: boolean
  /** Slots in an epoch: how far `safe` and `finalized` are behind. */
  readonly epoch?: number
  readonly port?: number
}

/** A transaction that waits for a block. */
export type PooledTransaction = {
  readonly hash: string
  readonly from: string
  readonly to: string
  readonly input: string
  readonly nonce: string
}

/** A chain of its own: a real `anvil` on a port of the loopback interface. */
export type Anvil = {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly provider: JsonRpcProvider
  call<T = unknown>(method: string, ...params: readonly unknown[]): Promise<T>
  mine(blocks?: number): Promise<void>
  setAutomine(on: boolean): Promise<void>
  /** Mines a block every so many milliseconds, until what it returns is called. */
  beat(milliseconds: number): () => Promise<void>
  /**
   * Replaces the newest blocks by empty ones. Their transactions are gone from the mempool too, as if another node had
   * answered.
   */
  reorg(depth: number): Promise<void>
  /** Evicts a transaction from the mempool. */
  drop(hash: string): Promise<void>
  /**
   * The next block's base fee; anvil then forgets transactions that cannot pay it, and the fee falls by an eighth a
   * block.
   */
  setNextBaseFee(wei: bigint): Promise<void>
  setBalance(account: string, wei: bigint): Promise<void>
  /** Moves the clock of the chain forward, and mines a block that says so. */
  skip(seconds: number): Promise<void>
  /** What is in the mempool, whether it could be mined now or not. */
  mempool(): Promise<readonly PooledTransaction[]>
  stop(): Promise<void>
}

/** The binary from npm: its own launcher loses exit codes and signals. */
function anvilBinary(): string {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  const folder = dirname(require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/package.json`))
  return join(folder, 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
}

/** Starts a chain and waits until it answers. */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const { chainId = 31337, blockTime, noMining = false, epoch, port: wanted = 0 } = options
  const program = startProgram(anvilBinary(), [
    ...['--port', String(wanted), '--chain-id', String(chainId), '--accounts', '10', '--order', 'fees'],
    ...(blockTime === undefined ? [] : ['--block-time', String(blockTime)]),
    ...(noMining ? ['--no-mining'] : []),
    ...(epoch === undefined ? [] : ['--slots-in-an-epoch', String(epoch)]),
  ])
  const [, found] = await program.printed(/Listening on 127\.0\.0\.1:(\d+)/)
  const port = Number(found)
  const url = `http://127.0.0.1:${port}`
  const provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 })
  provider.pollingInterval = 50
  const call = <T>(method: string, ...params: readonly unknown[]): Promise<T> => provider.send(method, [...params])
  return {
    url,
    port,
    pid: program.pid,
    provider,
    call,
    async mine(blocks = 1) {
      await call('anvil_mine', toQuantity(blocks))
    },
    async setAutomine(on) {
      await call('evm_setAutomine', on)
    },
    beat(milliseconds) {
      const stopping = new AbortController()
      const beating = (async () => {
        while (!stopping.signal.aborted) {
          await call('anvil_mine', '0x1')
          await sleep(milliseconds)
        }
      })()
      // A chain that was stopped ends its beat with it.
      beating.catch(() => undefined)
      return () => {
        stopping.abort()
        return beating.catch(() => undefined)
      }
    },
    async reorg(depth) {
      await call('anvil_reorg', depth, [])
    },
    async drop(hash) {
      await call('anvil_dropTransaction', hash)
    },
    async setNextBaseFee(wei) {
      await call('anvil_setNextBlockBaseFeePerGas', toQuantity(wei))
    },
    async setBalance(account, wei) {
      await call('anvil_setBalance', account, toQuantity(wei))
    },
    async skip(seconds) {
      await call('evm_increaseTime', seconds)
      await call('anvil_mine', '0x1')
    },
    async mempool() {
      type ByNonce = Readonly<Record<string, PooledTransaction>>
      const { pending, queued } =
        await call<Record<'pending' | 'queued', Readonly<Record<string, ByNonce>>>>('txpool_content')
      return [pending, queued].flatMap((pool) => Object.values(pool)).flatMap((byNonce) => Object.values(byNonce))
    },
    async stop() {
      provider.destroy()
      await program.stop('SIGKILL')
    },
  }
}
