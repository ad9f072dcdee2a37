// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofVerifier} from "./IProofVerifier.sol";

/// @title Shared proof verifier
/// @notice A proof verifier that serves every key of one key store.
interface ISharedVerifier is IProofVerifier {
    /// @notice The key store is none.
    error NotAKeyStore(address keyStore);

    /// @notice The store whose keys are served.
    /// @return store the key store
    function keyStore() external view returns (address store);
}
