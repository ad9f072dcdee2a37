// SPDX-License-Identifier: GPL-3.0-or-later
import type { NodeScope } from '../../node-scope'
import type { Branch, BranchMode, Forest } from './forest'
import { integersOf, requireSameLength, tensorOf } from './samples'

/** By number. */
const MODES: readonly BranchMode[] = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ', 'MEMBER']

/**
 * Reads the trees of TreeEnsemble: branches by position, leaves in a list of their own. The sets that branches test
 * membership of stand in one list, each ended by NaN. Tracks for missing values and hit rates are not looked at: no
 * input is NaN.
 *
 * @throws {OnnxInvalidNodeError} When references lead nowhere.
 */
export function readIndexedNodes(scope: NodeScope): Forest {
  const list = (name: string): readonly number[] => integersOf(scope, name)
  const features = list('nodes_featureids')
  const modes = [...tensorOf(scope, 'nodes_modes').data].map((number) => {
    const mode = MODES[number]
    if (mode === undefined) throw scope.invalid(`it has a node of the mode ${number}`)
    return mode
  })
  const splits = tensorOf(scope, 'nodes_splits').data
  const [yes, no] = [list('nodes_truenodeids'), list('nodes_falsenodeids')]
  const [yesIsLeaf, noIsLeaf] = [list('nodes_trueleafs'), list('nodes_falseleafs')]
  const [targets, weights] = [list('leaf_targetids'), tensorOf(scope, 'leaf_weights').data]
  for (const name of ['nodes_missing_value_tracks_true', 'nodes_hitrates']) scope.attributes.ignore(name)
  requireSameLength(scope, {
    nodes_featureids: features,
    nodes_modes: modes,
    nodes_splits: splits,
    nodes_truenodeids: yes,
    nodes_falsenodeids: no,
    nodes_trueleafs: yesIsLeaf,
    nodes_falseleafs: noIsLeaf,
  })
  requireSameLength(scope, { leaf_targetids: targets, leaf_weights: weights })

  const reference = (id: number, isLeaf: boolean): number => {
    const [count, what] = isLeaf ? [weights.length, 'leaf'] : [modes.length, 'branch']
    if (!(id >= 0 && id < count)) throw scope.invalid(`it refers to ${what} ${id} of ${count}`)
    return isLeaf ? ~id : id
  }
  const sets = readSets(scope)
  const branches = modes.map((mode, at): Branch => ({
    mode,
    feature: features[at]!,
    values: mode === 'MEMBER' ? sets() : [splits[at]!],
    yes: reference(yes[at]!, yesIsLeaf[at] !== 0),
    no: reference(no[at]!, noIsLeaf[at] !== 0),
  }))
  const roots = list('tree_roots').map((root) => reference(root, false))
  if (roots.length === 0) throw scope.invalid('it has no trees')
  return { roots, branches, leaves: targets.map((target, at) => new Map([[target, weights[at]!]])) }
}

/** Hands out the sets in order. */
function readSets(scope: NodeScope): () => readonly number[] {
  const members = scope.attributes.has('membership_values') ? [...tensorOf(scope, 'membership_values').data] : []
  let from = 0
  return () => {
    let end = from
    while (end < members.length && !Number.isNaN(members[end])) end++
    if (end === members.length) throw scope.invalid('"membership_values" ends before the last set does, with NaN')
    const set = members.slice(from, end)
    from = end + 1
    return set
  }
}
