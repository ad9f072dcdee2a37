// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {PoolId} from "@uniswap/v4-core/src/types/PoolId.sol";
import {Slot0} from "@uniswap/v4-core/src/types/Slot0.sol";

/// @title What the pool manager of Uniswap v4 stores of a pool
/// @notice Price, tick and liquidity in range, by `extsload`. During a swap these slots are warm.
/// @dev The library of v4-core that does the same imports a file under BUSL-1.1; this one imports none.
library PoolState {
    /// @dev Slot of the mapping of pools in the manager.
    uint256 private constant POOLS_SLOT = 6;
    /// @dev Place of the liquidity in the state of a pool; price and tick are at 0.
    uint256 private constant LIQUIDITY_OFFSET = 3;

    /// @dev Price, tick and fees; all 0 before the pool is initialised.
    function slot0(IPoolManager manager, PoolId id) internal view returns (Slot0) {
        return Slot0.wrap(manager.extsload(bytes32(_slotOf(id))));
    }

    /// @dev Liquidity of the positions whose range holds the price.
    function liquidity(IPoolManager manager, PoolId id) internal view returns (uint128) {
        return uint128(uint256(manager.extsload(bytes32(_slotOf(id) + LIQUIDITY_OFFSET))));
    }

    function _slotOf(PoolId id) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(id, POOLS_SLOT)));
    }
}
