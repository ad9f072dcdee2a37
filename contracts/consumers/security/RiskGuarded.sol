// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IContractRiskAttestor} from "./IContractRiskAttestor.sol";

/// @title Base of contracts that ask before they call others
/// @notice Asks one attestor, fixed at deployment. Refused is what it does not know, what runs foreign code as its own, and
/// what has a higher score than accepted.
/// @dev The modifier looks at the code as it stands when it runs. Code does not change within a transaction, except that a
/// contract can come to be at an address that had none: so ask about the very address that is called, right before the call.
/// A risk that is accepted says how likely an honest mistake is. It stands beside limits on what a call may cost, never in
/// their place.
abstract contract RiskGuarded {
    /// @notice The attestor.
    IContractRiskAttestor public immutable riskAttestor;

    /// @notice The code at the target is unknown, runs foreign code as its own, or has a higher score than accepted.
    error TooRisky(address target, uint256 most);

    /// @notice Fixes the attestor for good.
    /// @param riskAttestor_ the attestor
    constructor(IContractRiskAttestor riskAttestor_) {
        riskAttestor = riskAttestor_;
    }

    /// @dev Lets the call through if the target's code has at most this score now.
    modifier onlyBelowRisk(address target, uint256 most) {
        if (!riskAttestor.isBelow(target, most)) revert TooRisky(target, most);
        _;
    }
}
