// SPDX-License-Identifier: MIT
/* solhint-disable one-contract-per-file */
pragma solidity ^0.8.28;

import {IContractRiskAttestor} from "../consumers/security/IContractRiskAttestor.sol";
import {RiskGuarded} from "../consumers/security/RiskGuarded.sol";

/// @title Risk router
/// @notice Puts money into other contracts for its users, if they are below a risk.
contract RiskRouter is RiskGuarded {
    /// @notice Greatest score that it accepts.
    uint256 public immutable mostRisk;

    /// @notice What was allocated to a contract.
    mapping(address target => uint256) public allocated;

    /// @notice Money went to a contract.
    /// @param target the contract
    /// @param amount how much
    event Routed(address indexed target, uint256 amount);

    /// @notice The call did not succeed.
    error CallFailed(address target);

    /// @notice Fixes attestor and risk.
    /// @param riskAttestor_ the attestor
    /// @param mostRisk_ greatest score that it accepts
    constructor(IContractRiskAttestor riskAttestor_, uint256 mostRisk_) RiskGuarded(riskAttestor_) {
        mostRisk = mostRisk_;
    }

    /// @notice Calls a contract with the money sent.
    /// @param target the contract
    /// @param data what to call
    function route(address target, bytes calldata data) external payable onlyBelowRisk(target, mostRisk) {
        emit Routed(target, msg.value);
        (bool success, ) = target.call{value: msg.value}(data);
        if (!success) revert CallFailed(target);
    }

    /// @notice Books money for a contract, without a call.
    /// @param target the contract
    function allocate(address target) external payable onlyBelowRisk(target, mostRisk) {
        allocated[target] += msg.value;
        emit Routed(target, msg.value);
    }
}

/// @title Fickle factory
/// @notice Deploys any runtime code, and asks about it in the same transaction if told so.
contract FickleFactory {
    /// @notice Deploys runtime code by CREATE2.
    /// @param runtime the code, at most 65,535 bytes
    /// @param salt the salt
    /// @return deployed where it is
    function deploy(bytes memory runtime, bytes32 salt) public returns (address deployed) {
        bytes memory init = abi.encodePacked(hex"61", uint16(runtime.length), hex"80600a3d393df3", runtime);
        assembly ("memory-safe") {
            deployed := create2(0, add(init, 32), mload(init), salt)
        }
    }

    /// @notice Deploys code and asks for its snapshot in the same transaction.
    /// @param attestor the attestor
    /// @param runtime the code
    function deployAndSnapshot(IContractRiskAttestor attestor, bytes calldata runtime) external {
        attestor.snapshot(deploy(runtime, 0));
    }
}
