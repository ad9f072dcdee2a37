// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {PoolId} from "@uniswap/v4-core/src/types/PoolId.sol";
import {Slot0} from "@uniswap/v4-core/src/types/Slot0.sol";

/// @title What the pool manager of Uniswap v4 stores of a pool
/// @notice Price and tick, by `extsload`. During a swap this slot is warm.
/// @dev The library of v4-core that does the same imports a file under BUSL-1.1; this one imports none.
library PoolState {
    /// @dev Slot of the mapping of pools in the manager.
    uint256 private constant POOLS_SLOT = 6;

    /// @dev Price, tick and fees; all 0 before the pool is initialised.
    function slot0(IPoolManager manager, PoolId id) internal view returns (Slot0) {
        return Slot0.wrap(manager.extsload(keccak256(abi.encode(id, POOLS_SLOT))));
    }
}
