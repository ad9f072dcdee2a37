// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IReputationGate} from "./IReputationGate.sol";

/// @title Base of contracts that let admitted accounts in
/// @notice Asks one gate, fixed at deployment.
abstract contract ReputationGated {
    /// @notice The gate.
    IReputationGate public immutable reputationGate;

    /// @notice The gate does not admit the account.
    error NotAdmitted(address account);

    /// @notice Fixes the gate for good.
    /// @param reputationGate_ the gate
    constructor(IReputationGate reputationGate_) {
        reputationGate = reputationGate_;
    }

    /// @dev Lets the call through if the gate admits an account now.
    modifier onlyAdmitted(address account) {
        if (!reputationGate.isAdmitted(account)) revert NotAdmitted(account);
        _;
    }
}
