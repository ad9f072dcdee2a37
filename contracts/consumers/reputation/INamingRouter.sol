// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A router that says for whom it acts
/// @notice The function that routers of Uniswap v4's periphery have for hooks.
interface INamingRouter {
    /// @notice Who called the router, while it acts.
    /// @return account the caller
    function msgSender() external view returns (address account);
}
