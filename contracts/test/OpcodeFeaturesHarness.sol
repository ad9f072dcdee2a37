// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OpcodeFeatures} from "../consumers/security/OpcodeFeatures.sol";

/// @title Opcode features harness
/// @notice The library, for code that is nowhere deployed.
contract OpcodeFeaturesHarness {
    /// @notice Features of code.
    /// @param code the code
    /// @return features its features
    /// @return runsForeignCode whether it has DELEGATECALL or CALLCODE
    function read(bytes calldata code) external pure returns (int256[] memory features, bool runsForeignCode) {
        return OpcodeFeatures.read(code);
    }

    /// @notice Gas that reading code takes.
    /// @param code the code
    /// @return gas how much
    function gasOf(bytes calldata code) external view returns (uint256 gas) {
        gas = gasleft();
        OpcodeFeatures.read(code);
        gas -= gasleft();
    }
}
