// SPDX-License-Identifier: GPL-3.0-or-later

import { randomBytes } from 'node:crypto'
import { linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreFolderError, StoreInUseError } from './errors'

/** Longest path of a socket, of all systems. */
const MAX_SOCKET_PATH = 100
const ANSWER_MS = 5000

/**
 * Claims a folder for this process: `<folder>/lock` is a socket on which it listens. Whether the holder lives is a question to the
 * kernel, not to a file that it left: a killed process answers no more, whoever has its number now.
 *
 * @returns gives the folder back.
 * @throws StoreInUseError when another process has it.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const lock = join(folder, 'lock')
  const draft = join(folder, `lock.${randomBytes(6).toString('hex')}`)
  const server = await listen(draft, folder)
  const mine = inode(draft)
  const inUse = (pid: number | undefined): StoreInUseError => {
    server.close()
    rmSync(draft, { force: true })
    return new StoreInUseError(folder, pid)
  }

  try {
    linkSync(draft, lock)
    rmSync(draft)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const found = inode(lock)
    const other = await holder(lock)
    if (other.lives || inode(lock) !== found) throw inUse(other.pid)
    renameSync(draft, lock)
    // Two processes that found the same stale lock: the later rename wins, the other one sees it here.
    await sleep(50)
  }
  if (inode(lock) !== mine) throw inUse((await holder(lock)).pid)

  return () => {
    if (inode(lock) === mine) rmSync(lock, { force: true })
    server.close()
  }
}

/** A server that tells who asks its process id. */
async function listen(path: string, folder: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(String(process.pid))
  })
  server.unref()
  return await new Promise((done, reject) => {
    server.once('error', (cause) =>
      reject(
        new StoreFolderError(`no socket can be made in "${folder}"; choose a "stateDir" on a local disk`, { cause }),
      ),
    )
    server.listen(socketPath(path), () => done(server))
  })
}

/** Whether a lock has a holder, and which process that is, unless it is too busy to answer. */
async function holder(lock: string): Promise<{ readonly lives: boolean; readonly pid: number | undefined }> {
  return await new Promise((done) => {
    let answer = ''
    let lives = true
    const socket = connect(socketPath(lock))
    socket.setTimeout(ANSWER_MS, () => socket.destroy())
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      lives = code !== 'ECONNREFUSED' && code !== 'ENOENT'
    })
    socket.on('close', () => done({ lives, pid: /^\d+$/.test(answer) ? Number(answer) : undefined }))
  })
}

/** Sockets have short paths; from the working folder it may be short enough. */
function socketPath(path: string): string {
  const short = [resolve(path), relative(process.cwd(), path)].find((form) => form.length <= MAX_SOCKET_PATH)
  if (short === undefined) throw new StoreFolderError(`the path "${path}" is too long for a socket; shorten "stateDir"`)
  return short
}

function inode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
