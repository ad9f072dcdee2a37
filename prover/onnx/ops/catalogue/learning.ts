// SPDX-License-Identifier: GPL-3.0-or-later
import { labelEncoder } from '../learning/label-encoder'
import { linearClassifier, linearRegressor } from '../learning/linear'
import { binarizer, featureVectorizer, imputer, normalizer, scaler } from '../learning/scale'
import { arrayFeatureExtractor, zipMap } from '../learning/select'
import { svmClassifier, svmRegressor } from '../learning/support-vectors'
import { treeEnsemble, treeEnsembleClassifier, treeEnsembleRegressor } from '../learning/tree-ensemble'
import type { Operator } from './operator'

const domain = 'ai.onnx.ml'

const TREE_COST =
  'a row for each different threshold, 2w + 2 for each feature with them whose thresholds lie less than 2^w apart, and a ' +
  'product for each branch above another one'

const TEXT_LABELS = 'a label that is a text is the index of its class, and the text no part of what is proved'

const FREE = 'none: affine'
const SVM_COST = 'RBF: a product for each feature, and a table of about 60 for each support vector; LINEAR: none'

/** Classical machine learning: trees, linear models, support vectors. */
export const LEARNING: readonly Operator[] = [
  {
    name: 'ArrayFeatureExtractor',
    domain,
    rule: arrayFeatureExtractor,
    cost: 'none with constant indices; else about 2 an element of the last axis for each index, and a product',
    restrictions: 'a variable index outside gives 0',
  },
  { name: 'Binarizer', domain, rule: binarizer, cost: 'b + 1 an element' },
  { name: 'FeatureVectorizer', domain, rule: featureVectorizer, cost: FREE },
  {
    name: 'Imputer',
    domain,
    rule: imputer,
    cost: 'none where NaN is replaced, as no input is NaN; else 4 an element',
  },
  {
    name: 'LabelEncoder',
    domain,
    rule: labelEncoder,
    cost: '2 a key for each element',
    restrictions: 'no texts; keys are compared with elements as they are quantised',
  },
  {
    name: 'LinearClassifier',
    domain,
    rule: linearClassifier,
    cost: 'b + 3 a class for the label, and the post_transform',
    restrictions: `no PROBIT; of two classes by one row NONE and LOGISTIC only; ${TEXT_LABELS}`,
  },
  {
    name: 'LinearRegressor',
    domain,
    rule: linearRegressor,
    cost: 'none: affine, and the post_transform',
    restrictions: 'no PROBIT; no post_transform of one target',
  },
  {
    name: 'Normalizer',
    domain,
    rule: normalizer,
    cost: 'a division an element, with b + 3 for its magnitude in L1, 1 for its square in L2',
    restrictions: 'a norm below one unit of its scale counts as one unit',
  },
  {
    name: 'Scaler',
    domain,
    rule: scaler,
    cost: FREE,
  },
  {
    name: 'SVMClassifier',
    domain,
    rule: svmClassifier,
    cost: SVM_COST,
    restrictions: `POLY up to degree 3; no post_transform; no probabilities of more than two classes; ${TEXT_LABELS}`,
  },
  {
    name: 'SVMRegressor',
    domain,
    rule: svmRegressor,
    cost: SVM_COST,
    restrictions: 'POLY up to degree 3; no post_transform',
  },
  {
    name: 'TreeEnsemble',
    since: 5,
    domain,
    rule: treeEnsemble,
    cost: TREE_COST,
    restrictions: 'no PROBIT; no post_transform of one target; MIN and MAX need a weight for each target in each leaf',
  },
  {
    name: 'TreeEnsembleClassifier',
    until: 4,
    domain,
    rule: treeEnsembleClassifier,
    cost: TREE_COST,
    restrictions: `no PROBIT; ${TEXT_LABELS}`,
  },
  {
    name: 'TreeEnsembleRegressor',
    until: 4,
    domain,
    rule: treeEnsembleRegressor,
    cost: TREE_COST,
    restrictions: 'no PROBIT; no post_transform of one target; MIN and MAX need a weight for each target in each leaf',
  },
  {
    name: 'ZipMap',
    domain,
    rule: zipMap,
    cost: FREE,
    restrictions: 'gives the scores as a tensor; the names of the classes are not part of what is proved',
  },
]
