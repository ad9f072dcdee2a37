// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";

/// @title What a contract says it is
/// @notice ERC-165 questions that several constructors ask, so that a wrong address fails at deployment.
library Supports {
    /// @notice The address is no inference verifier.
    error NotAnInferenceVerifier(address verifier);

    /// @dev Reverts unless an address says that it is an inference verifier.
    function requireInferenceVerifier(address verifier) internal view {
        if (!ERC165Checker.supportsInterface(verifier, type(IInferenceVerifier).interfaceId)) {
            revert NotAnInferenceVerifier(verifier);
        }
    }

    /// @dev Reverts unless an address says that it is a model registry.
    function requireRegistry(address registry) internal view {
        if (!ERC165Checker.supportsInterface(registry, type(IModelRegistry).interfaceId)) {
            revert IInferenceVerifier.NotARegistry(registry);
        }
    }

    /// @dev Whether an address says that it is a shared verifier that also checks batches.
    function isSharedVerifier(address verifier) internal view returns (bool) {
        return
            ERC165Checker.supportsInterface(verifier, type(IProofVerifier).interfaceId) &&
            ERC165Checker.supportsInterface(verifier, type(ISharedVerifier).interfaceId) &&
            ERC165Checker.supportsInterface(verifier, type(IBatchVerifier).interfaceId);
    }
}
