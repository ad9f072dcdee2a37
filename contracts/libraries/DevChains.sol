// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Chains on which nothing is worth stealing
/// @notice Keys that someone can forge under are accepted there and nowhere else.
library DevChains {
    /// @dev Whether the chain is a local development chain (1337 or 31337).
    function isDev() internal view returns (bool) {
        return block.chainid == 31337 || block.chainid == 1337;
    }
}
