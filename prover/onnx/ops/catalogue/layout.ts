// SPDX-License-Identifier: GPL-3.0-or-later
import { compress, depthToSpace, expand, reverseSequence, spaceToDepth, split, tile, trilu } from '../arrange'
import { gather, gatherElements, gatherNd } from '../gather'
import { scatterElements, scatterNd } from '../scatter'
import type { Operator } from './operator'

const OUTSIDE = 'a variable index outside the data reads 0; a constant one is refused'
const LOST = 'an update at a variable index outside the data is lost; one at a constant index is refused'

/** Operators that move, pick and arrange elements. */
export const LAYOUT: readonly Operator[] = [
  {
    name: 'Compress',
    rule: compress,
    cost: 'none: affine',
    restrictions: 'the condition must be constant: the shape of the result depends on it',
  },
  { name: 'DepthToSpace', rule: depthToSpace, cost: 'none: affine' },
  { name: 'Expand', rule: expand, cost: 'none: affine' },
  {
    name: 'Gather',
    rule: gather,
    cost: 'none for constant indices; for a variable one of v values v + 2, and v an element of the result where the data is variable',
    restrictions: OUTSIDE,
  },
  {
    name: 'GatherElements',
    rule: gatherElements,
    cost: 'none for constant indices; for a variable one of v values v + 2, and v where the data is variable',
    restrictions: OUTSIDE,
  },
  {
    name: 'GatherND',
    rule: gatherNd,
    cost: 'none for constant indices; variable ones as in Gather, and 1 a position of the indexed axes where these are two or more',
    restrictions: OUTSIDE,
  },
  {
    name: 'ReverseSequence',
    rule: reverseSequence,
    cost: 'none: affine',
    restrictions: 'the lengths must be constant',
  },
  {
    name: 'ScatterElements',
    rule: scatterElements,
    cost: 'none for constant indices, but 1 (mul) or b + 2 (max, min) an update; for a variable index of v values v + 2, and up to 3 (none), 1 (add), 2 (mul) or b + 3 (max, min) for each element it may reach',
    restrictions: `${LOST}; of several updates of one element without a reduction the last counts`,
  },
  {
    name: 'ScatterND',
    rule: scatterNd,
    cost: 'as ScatterElements, and 1 a position of the indexed axes where these are two or more and the indices variable',
    restrictions: `${LOST}; of several updates of one element without a reduction the last counts`,
  },
  { name: 'SpaceToDepth', rule: spaceToDepth, cost: 'none: affine' },
  { name: 'Split', rule: split, cost: 'none: affine' },
  { name: 'Tile', rule: tile, cost: 'none: affine' },
  { name: 'Trilu', rule: trilu, cost: 'none: affine' },
]
