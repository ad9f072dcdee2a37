// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync, statSync, type Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FileError } from './errors'

const MAX_BYTES = 2 ** 31 - 1

/**
 * Reads a file named on the command line.
 *
 * @param what What it should be, for the message: "the model".
 * @throws FileError
 */
export function readInputFile(path: string, what: string): Buffer {
  const stats = statOf(path)
  if (!stats) throw new FileError(`${what} ${path} does not exist; check the path`)
  if (stats.isDirectory()) throw new FileError(`${path} is a folder; give the file that holds ${what}`)
  if (stats.isFile() && stats.size === 0) throw new FileError(`${path} is empty; give the file that holds ${what}`)
  if (stats.size > MAX_BYTES) throw new FileError(`${path} has more than 2 GiB; give the file that holds ${what}`)
  try {
    return readFileSync(path)
  } catch (error) {
    throw new FileError(`${what} ${path} cannot be read: ${(error as Error).message}; check its permissions`, {
      cause: error,
    })
  }
}

/**
 * Checks that a file named on the command line is there, however large.
 *
 * @throws FileError
 */
export function checkInputPath(path: string, what: string): string {
  const stats = statOf(path)
  if (!stats) throw new FileError(`${what} ${path} does not exist; check the path`)
  if (!stats.isFile()) throw new FileError(`${path} is no file; give the file that holds ${what}`)
  return path
}

/** Reads a text file named on the command line. */
export function readInputText(path: string, what: string): string {
  return readInputFile(path, what)
    .toString('utf8')
    .replace(/^\ufeff/, '')
}

/** Checks that a model's folder is one before anything looks into it. */
export function checkModelFolder(path: string): string {
  const stats = statOf(path)
  if (!stats) throw new FileError(`the folder ${path} does not exist; make it with "zkml compile MODEL --out ${path}"`)
  if (!stats.isDirectory()) throw new FileError(`${path} is a file; give the folder that "zkml compile" wrote`)
  return path
}

/** Checks, before long work starts, that a file can be made at a path. */
export function checkOutputFile(path: string): string {
  if (statOf(path)?.isDirectory()) throw new FileError(`--out ${path} is a folder; give the name of a file`)
  const folder = dirname(resolve(path))
  if (!statOf(folder)?.isDirectory())
    throw new FileError(`--out ${path}: the folder ${folder} does not exist; make it first`)
  return path
}

export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
