// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IVerifierEmergencyStop} from "../interfaces/IVerifierEmergencyStop.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {VerifierCall} from "../libraries/VerifierCall.sol";

/// @title Verifier router
/// @notice See {IVerifierRouter}.
contract VerifierRouter is IVerifierRouter, ERC165, Ownable2Step {
    /// @dev One slot for what a verification reads of a route.
    struct Route {
        address verifier;
        uint40 baseGas;
        uint40 signalGas;
        bool tombstoned;
    }

    mapping(bytes4 selector => Route) private _routes;

    /// @notice Adds the routes that exist from the start.
    /// @param owner who may add and remove routes: a timelock
    /// @param routes the first routes
    constructor(address owner, RouteConfig[] memory routes) Ownable(owner) {
        for (uint256 i = 0; i < routes.length; ++i) {
            _addRoute(routes[i]);
        }
    }

    /// @inheritdoc IVerifierRouter
    function addRoute(RouteConfig calldata config) external onlyOwner {
        _addRoute(config);
    }

    /// @inheritdoc IVerifierRouter
    function tombstone(bytes4 selector) external onlyOwner {
        Route storage route = _routes[selector];
        if (route.verifier == address(0)) revert RouteNotFound(selector);
        if (route.tombstoned) revert RouteStopped(selector, 0);
        route.tombstoned = true;
        emit RouteTombstoned(selector, route.verifier);
    }

    /// @inheritdoc IVerifierRouter
    function verify(
        bytes4 selector,
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid) {
        Route memory route = _liveRoute(selector, vkHash);
        return VerifierCall.verify(route.verifier, _cap(route, signals.length), vkHash, signals, proof);
    }

    /// @inheritdoc IVerifierRouter
    function verifyBatch(
        bytes4 selector,
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool valid) {
        Route memory route = _liveRoute(selector, vkHash);
        uint256 count = proofs.length / 256;
        if (count == 0) revert IProofVerifier.WrongProofLength(proofs.length);
        uint256 cap = VerifierCall.batchGasCap(_cap(route, signals.length / count), count, signals.length);
        return VerifierCall.verifyBatch(route.verifier, cap, vkHash, signals, proofs);
    }

    /// @inheritdoc IVerifierRouter
    function requireLive(bytes4 selector, bytes32 vkHash) external view {
        _liveRoute(selector, vkHash);
    }

    /// @inheritdoc IVerifierRouter
    function isStopped(bytes4 selector, bytes32 vkHash) external view returns (bool stopped) {
        Route memory route = _routes[selector];
        return route.verifier != address(0) && _isStopped(route, vkHash);
    }

    /// @inheritdoc IVerifierRouter
    function gasCapOf(bytes4 selector, uint256 signals) external view returns (uint256 gasCap) {
        Route memory route = _routes[selector];
        if (route.verifier == address(0)) revert RouteNotFound(selector);
        return _cap(route, signals);
    }

    /// @inheritdoc IVerifierRouter
    function routeOf(bytes4 selector) external view returns (RouteConfig memory config, bool tombstoned) {
        Route memory route = _routes[selector];
        return (RouteConfig(route.verifier, route.baseGas, route.signalGas), route.tombstoned);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IVerifierRouter).interfaceId || super.supportsInterface(interfaceId);
    }

    function _addRoute(RouteConfig memory config) private {
        address verifier = config.verifier;
        if (!ERC165Checker.supportsInterface(verifier, type(IVerifierEmergencyStop).interfaceId)) {
            revert NotStoppable(verifier);
        }
        if (
            config.baseGas < VerifierCall.BASE_GAS ||
            config.signalGas < VerifierCall.SIGNAL_GAS ||
            config.baseGas > type(uint40).max ||
            config.signalGas > type(uint40).max
        ) revert GasCapOutOfRange(config.baseGas, config.signalGas);
        bytes4 selector = IProofVerifier(verifier).proofSystemId();
        if (_routes[selector].verifier != address(0)) revert RouteExists(selector);
        _routes[selector] = Route(verifier, uint40(config.baseGas), uint40(config.signalGas), false);
        emit RouteAdded(selector, verifier, config.baseGas, config.signalGas);
    }

    function _liveRoute(bytes4 selector, bytes32 vkHash) private view returns (Route memory route) {
        route = _routes[selector];
        if (route.verifier == address(0)) revert RouteNotFound(selector);
        if (_isStopped(route, vkHash)) revert RouteStopped(selector, vkHash);
    }

    function _isStopped(Route memory route, bytes32 vkHash) private view returns (bool) {
        return route.tombstoned || IVerifierEmergencyStop(route.verifier).isStopped(vkHash);
    }

    function _cap(Route memory route, uint256 signals) private pure returns (uint256) {
        return uint256(route.baseGas) + uint256(route.signalGas) * signals;
    }
}
