// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../interfaces/IERCZKMLRegistry.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";

/// @title Usable models
/// @notice Whether a model may be asked for new inferences.
library UsableModel {
    /// @dev Reverts unless a model is registered, active, not deprecated, not stopped, and of a proof system that is checked:
    /// else nobody could deliver, and a prover who locked it would lose the bond.
    function requireUsable(IInferenceVerifier verifier, IModelRegistry registry, uint256 modelId) internal view {
        IModelRegistry.VerificationData memory model = registry.verificationData(modelId);
        if (model.deprecated) revert IERCZKMLRegistry.ModelIsDeprecated(modelId);
        if (model.activatesAt > block.timestamp) revert IInferenceVerifier.ModelNotActive(modelId, model.activatesAt);
        if (verifier.isStopped(modelId)) revert IInferenceVerifier.ModelStopped(modelId);
        verifier.verifierGasCap(modelId);
    }
}
