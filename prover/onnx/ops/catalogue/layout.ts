// SPDX-License-Identifier: GPL-3.0-or-later
import { compress, depthToSpace, expand, reverseSequence, spaceToDepth, split, tile, trilu } from '../arrange'
import { eyeLike, range } from '../constant'
import { cumSum } from '../cumulate'
import { gather, gatherElements, gatherNd } from '../gather'
import { oneHot } from '../one-hot'
import { argMax, argMin, hardmax, topK } from '../ranking'
import { resize, upsample } from '../resize'
import { scatter, scatterElements, scatterNd } from '../scatter'
import type { Operator } from './operator'

const OUTSIDE = 'a variable index outside the data reads 0; a constant one is refused'
const LOST = 'an update at a variable index outside the data is lost; one at a constant index is refused'

/** Operators that move, pick and arrange elements. */
export const LAYOUT: readonly Operator[] = [
  { name: 'ArgMax', rule: argMax, cost: '(n − 1)·(b + 4) a group of n' },
  { name: 'ArgMin', rule: argMin, cost: '(n − 1)·(b + 4) a group of n' },
  {
    name: 'Compress',
    since: 9,
    rule: compress,
    cost: 'none: affine',
    restrictions: 'the condition must be constant: the shape of the result depends on it',
  },
  { name: 'CumSum', since: 11, rule: cumSum, cost: 'none: affine', restrictions: 'the axis must be constant' },
  { name: 'DepthToSpace', rule: depthToSpace, cost: 'none: affine' },
  { name: 'Expand', since: 8, rule: expand, cost: 'none: affine' },
  { name: 'EyeLike', since: 9, rule: eyeLike, cost: 'none: computed while compiling' },
  {
    name: 'Gather',
    rule: gather,
    cost: 'none for constant indices; for a variable one of v values v + 2, and v an element of the result where the data is variable',
    restrictions: OUTSIDE,
  },
  {
    name: 'GatherElements',
    since: 11,
    rule: gatherElements,
    cost: 'none for constant indices; for a variable one of v values v + 2, and v where the data is variable',
    restrictions: OUTSIDE,
  },
  {
    name: 'GatherND',
    since: 11,
    rule: gatherNd,
    cost: 'none for constant indices; variable ones as in Gather, and 1 a position of the indexed axes where these are two or more',
    restrictions: OUTSIDE,
  },
  { name: 'Hardmax', rule: hardmax, cost: '(n − 1)·(b + 4) + n + 2 a group of n' },
  {
    name: 'OneHot',
    since: 9,
    rule: oneHot,
    cost: 'v + 2 for an index of v values, and the depth where the values are variable',
    restrictions: 'the depth must be constant; an index outside has no 1',
  },
  {
    name: 'Range',
    since: 11,
    rule: range,
    cost: 'none: computed while compiling',
    restrictions: 'start, limit and step must be constant: the shape of the result depends on them',
  },
  {
    name: 'Resize',
    since: 10,
    rule: resize,
    cost: 'none: affine',
    restrictions:
      'scales, sizes and the region of interest must be constant; integers only with mode nearest; before opset 11 mode nearest does not make smaller',
  },
  {
    name: 'ReverseSequence',
    since: 10,
    rule: reverseSequence,
    cost: 'none: affine',
    restrictions: 'the lengths must be constant',
  },
  {
    name: 'Scatter',
    since: 9,
    until: 10,
    rule: scatter,
    cost: 'as ScatterElements',
    restrictions: 'opsets 9 and 10, as later ones have ScatterElements; else as that',
  },
  {
    name: 'ScatterElements',
    since: 11,
    rule: scatterElements,
    cost: 'none for constant indices, but 1 (mul) or b + 2 (max, min) an update; for a variable index of v values v + 2, and up to 3 (none), 1 (add), 2 (mul) or b + 3 (max, min) for each element it may reach',
    restrictions: `${LOST}; of several updates of one element without a reduction the last counts`,
  },
  {
    name: 'ScatterND',
    since: 11,
    rule: scatterNd,
    cost: 'as ScatterElements, and 1 a position of the indexed axes where these are two or more and the indices variable',
    restrictions: `${LOST}; of several updates of one element without a reduction the last counts`,
  },
  { name: 'SpaceToDepth', rule: spaceToDepth, cost: 'none: affine' },
  { name: 'Split', rule: split, cost: 'none: affine' },
  { name: 'Tile', rule: tile, cost: 'none: affine' },
  {
    name: 'TopK',
    rule: topK,
    cost: 'the cheaper of n·(n − 1)/2·(b + 2) + n·(n + 2) and k·((n − 1)·(b + 4) + 3·n + 2) a group of n, and n·k',
    restrictions: 'k must be constant',
  },
  { name: 'Trilu', since: 14, rule: trilu, cost: 'none: affine' },
  {
    name: 'Upsample',
    until: 9,
    rule: upsample,
    cost: 'none: affine',
    restrictions: 'the scales must be constant; mode nearest does not make smaller',
  },
]
