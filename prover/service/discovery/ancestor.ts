// SPDX-License-Identifier: GPL-3.0-or-later

import type { Cursor } from '../store/store'
import type { Header } from './answers'
import type { ChainReader } from './reader'

/**
 * The newest remembered block that the chain still has, by bisection: below a shared block everything is shared.
 *
 * @param remembered - newest first
 * @returns undefined when it has none of them.
 */
export async function newestShared(
  reader: ChainReader,
  remembered: readonly Cursor[],
  head: Header,
): Promise<Cursor | undefined> {
  let [low, high] = [0, remembered.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { block, hash } = remembered[middle]!
    if (block <= head.number && (await reader.header(block)).hash === hash) high = middle
    else low = middle + 1
  }
  return remembered[low]
}

/** A block of the chain some way below everything remembered, for when nothing of it is shared. */
export async function blockBelow(
  reader: ChainReader,
  remembered: readonly Cursor[],
  distance: number,
  head: Header,
): Promise<Cursor> {
  const oldest = Math.min(remembered.at(-1)?.block ?? head.number, head.number)
  const { number, hash } = await reader.header(Math.max(0, oldest - distance))
  return { block: number, hash }
}
