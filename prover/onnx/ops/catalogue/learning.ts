// SPDX-License-Identifier: GPL-3.0-or-later
import { treeEnsemble, treeEnsembleClassifier, treeEnsembleRegressor } from '../learning/tree-ensemble'
import type { Operator } from './operator'

const domain = 'ai.onnx.ml'

const TREE_COST =
  'a row for each different threshold, 2w + 2 for each feature with them whose thresholds lie less than 2^w apart, and a ' +
  'product for each branch above another one'

/** Classical machine learning: trees, linear models, support vectors. */
export const LEARNING: readonly Operator[] = [
  {
    name: 'TreeEnsemble',
    domain,
    rule: treeEnsemble,
    cost: TREE_COST,
    restrictions: 'no PROBIT; no post_transform of one target; MIN and MAX need a weight for each target in each leaf',
  },
  {
    name: 'TreeEnsembleClassifier',
    domain,
    rule: treeEnsembleClassifier,
    cost: TREE_COST,
    restrictions: 'no PROBIT; labels that are texts are not computed',
  },
  {
    name: 'TreeEnsembleRegressor',
    domain,
    rule: treeEnsembleRegressor,
    cost: TREE_COST,
    restrictions: 'no PROBIT; no post_transform of one target; MIN and MAX need a weight for each target in each leaf',
  },
]
