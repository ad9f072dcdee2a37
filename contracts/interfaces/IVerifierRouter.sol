// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title Verifier router
/// @notice From a proof system's id to the stoppable verifier that serves it. A route is added once, with a verifier that
/// names the id itself, and can be removed for good; it never leads anywhere else. Its owner should be a timelock, so that
/// whoever relies on the router sees a new route before it exists.
interface IVerifierRouter is IERC165 {
    /// @notice A route to add.
    /// @param verifier the verifier behind an emergency stop
    /// @param baseGas most gas it may use for a proof
    /// @param signalGas and for each public signal
    struct RouteConfig {
        address verifier;
        uint64 baseGas;
        uint64 signalGas;
    }

    /// @notice A route was added.
    /// @param selector the proof system
    /// @param verifier where it leads
    /// @param baseGas most gas the verifier may use for a proof
    /// @param signalGas and for each public signal
    event RouteAdded(bytes4 indexed selector, address indexed verifier, uint64 baseGas, uint64 signalGas);

    /// @notice A route was removed, for good.
    /// @param selector the proof system
    /// @param verifier where it led
    event RouteTombstoned(bytes4 indexed selector, address indexed verifier);

    /// @notice No route has this selector.
    error RouteNotFound(bytes4 selector);

    /// @notice The selector is taken, by a route or its tombstone.
    error RouteExists(bytes4 selector);

    /// @notice The route was removed, or its verifier or this key is stopped.
    error RouteStopped(bytes4 selector, bytes32 vkHash);

    /// @notice A route leads to a verifier behind an emergency stop.
    error NotStoppable(address verifier);

    /// @notice A cap leaves a pairing check enough gas, and fits 40 bits.
    error GasCapOutOfRange(uint64 baseGas, uint64 signalGas);

    /// @notice Adds a route; only for the owner. Its selector is what the verifier says its proof system is.
    /// @param config the route
    function addRoute(RouteConfig calldata config) external;

    /// @notice Removes a route, for good; only for the owner.
    /// @param selector the proof system
    function tombstone(bytes4 selector) external;

    /// @notice Asks the verifier of a route, with no more gas than the route's cap. A verifier that reverts has not said
    /// true.
    /// @param selector the proof system
    /// @param vkHash keccak256 of the canonical verifying key bytes
    /// @param signals every public signal, each below r
    /// @param proof the proof
    /// @return valid whether the proof holds
    function verify(
        bytes4 selector,
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid);

    /// @notice Asks the verifier of a route about many proofs of one key.
    /// @param selector the proof system
    /// @param vkHash keccak256 of the canonical verifying key bytes
    /// @param signals the public signals of every proof, one after the other
    /// @param proofs the proofs, 256 bytes each
    /// @return valid whether all of them hold
    function verifyBatch(
        bytes4 selector,
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool valid);

    /// @notice Reverts unless proofs of a key may be checked through a route.
    /// @param selector the proof system
    /// @param vkHash the key
    function requireLive(bytes4 selector, bytes32 vkHash) external view;

    /// @notice Whether a route was removed, or its verifier or the key is stopped. A selector that never had a route is
    /// not stopped.
    /// @param selector the proof system
    /// @param vkHash the key
    /// @return stopped whether it is
    function isStopped(bytes4 selector, bytes32 vkHash) external view returns (bool stopped);

    /// @notice Most gas a route's verifier may use for a statement.
    /// @param selector the proof system
    /// @param signals number of public signals
    /// @return gasCap the cap
    function gasCapOf(bytes4 selector, uint256 signals) external view returns (uint256 gasCap);

    /// @notice A route.
    /// @param selector the proof system
    /// @return config where it leads, zeros if it never existed
    /// @return tombstoned whether it was removed
    function routeOf(bytes4 selector) external view returns (RouteConfig memory config, bool tombstoned);
}
