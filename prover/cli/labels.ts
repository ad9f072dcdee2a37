// SPDX-License-Identifier: GPL-3.0-or-later

import { FileError } from './errors'
import { readInputText } from './files'

/** Reads a JSON list of labels, or the `labels` of a samples file. */
export function readLabels(path: string, count: number): number[] {
  const text = readInputText(path, 'the labels file')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new FileError(`${path} is not valid JSON: ${(error as Error).message}`, { cause: error })
  }
  const labels = Array.isArray(value) ? value : (value as { labels?: unknown } | null)?.labels
  if (!Array.isArray(labels) || labels.length !== count || !labels.every((label) => Number.isInteger(label)))
    throw new FileError(`${path} must be a JSON list of ${count} whole numbers, one for each sample`)
  return labels as number[]
}
