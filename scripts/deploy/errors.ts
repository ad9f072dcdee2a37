// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../../prover/errors'

/** A deployment, configuration or registration file that is not what it should be. */
export class DeploymentFileError extends ZkmlError {
  override readonly code = 'DEPLOY_FILE'
}

/** A setting of a deployment is missing or makes no sense on this chain. */
export class DeploymentConfigError extends ZkmlError {
  override readonly code = 'DEPLOY_CONFIG'
}

/** The chain has other code at a recorded address, or the sources or settings changed since it was recorded. */
export class DeploymentChangedError extends ZkmlError {
  override readonly code = 'DEPLOY_CHANGED'
}

/** The chain does not have the CREATE2 factory and does not accept the transaction that installs it. */
export class FactoryError extends ZkmlError {
  override readonly code = 'DEPLOY_FACTORY'
}

/** A contract could not be created, or the node did not say what became of a transaction. */
export class TransactionError extends ZkmlError {
  override readonly code = 'DEPLOY_TRANSACTION'
}

/** A model that cannot be registered as described. */
export class RegistrationError extends ZkmlError {
  override readonly code = 'DEPLOY_REGISTRATION'
}

/** Contracts are deployed and recorded, but a block explorer did not accept their sources. */
export class VerificationError extends ZkmlError {
  override readonly code = 'DEPLOY_VERIFICATION'
}

/** A deployment file and the chain it describes do not agree. */
export class DeploymentDifferenceError extends ZkmlError {
  override readonly code = 'DEPLOY_DIFFERENCE'
}
