// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../../algebra'
import type { NodeScope } from '../../node-scope'
import type { Operand } from '../../tensor'

/** What is done to scores at the end. */
export type PostTransform = 'NONE' | 'LOGISTIC' | 'SOFTMAX' | 'SOFTMAX_ZERO'

const TRANSFORMS: readonly PostTransform[] = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO']

/** Reads the attribute by its name. */
export function readPostTransform(scope: NodeScope): PostTransform {
  return postTransformNamed(scope, scope.attributes.text('post_transform', 'NONE'))
}

/** @throws {OnnxUnsupportedUseError} For PROBIT, and names that mean nothing. */
export function postTransformNamed(scope: NodeScope, name: string): PostTransform {
  const known = TRANSFORMS.find((transform) => transform === name)
  if (known !== undefined) return known
  throw scope.unsupported(`post_transform "${name}" is not supported; use ${TRANSFORMS.join(', ')}`)
}

/**
 * onnxruntime leaves the scores of a single target as they are, whatever the attribute says.
 *
 * @throws {OnnxUnsupportedUseError} When runtimes differ in the transform of so many targets of a regression.
 */
export function requireTransformable(scope: NodeScope, transform: PostTransform, targets: number): void {
  if (targets !== 1 || transform === 'NONE') return
  throw scope.unsupported(`runtimes differ in post_transform ${transform} of one target; use a node of its own for it`)
}

/**
 * Applies the transform to scores [samples, classes]. SOFTMAX_ZERO leaves scores of 0 out, before and after; where all are 0
 * so is the result.
 */
export function postTransform(algebra: Algebra, transform: PostTransform, scores: Operand): Operand {
  switch (transform) {
    case 'NONE':
      return scores
    case 'LOGISTIC':
      return algebra.fn({ name: 'sigmoid' }, scores)
    case 'SOFTMAX':
      return algebra.softmax(scores, 1)
    case 'SOFTMAX_ZERO': {
      const kept = algebra.mul(algebra.not(algebra.isZero(scores)), algebra.softmax(scores, 1))
      return algebra.div(kept, algebra.sum(kept, [1]))
    }
  }
}
