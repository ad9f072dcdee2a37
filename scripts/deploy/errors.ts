// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../../prover/errors'

/** A deployment file or registration file that is not what it should be. */
export class DeploymentFileError extends ZkmlError {
  override readonly code = 'DEPLOY_FILE'
}

/** The chain has other code at a recorded address, or the sources changed since it was recorded. */
export class DeploymentChangedError extends ZkmlError {
  override readonly code = 'DEPLOY_CHANGED'
}

/** A model that cannot be registered as described. */
export class RegistrationError extends ZkmlError {
  override readonly code = 'DEPLOY_REGISTRATION'
}
