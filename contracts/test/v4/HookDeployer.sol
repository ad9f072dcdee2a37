// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

/// @title Deploys at addresses that a salt decides, and says why a constructor refused, for tests
contract HookDeployer {
    event Deployed(address hook);

    function deploy(bytes32 salt, bytes calldata initCode) external returns (address hook) {
        bytes memory code = initCode;
        assembly ("memory-safe") {
            hook := create2(0, add(code, 32), mload(code), salt)
            if iszero(hook) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
        emit Deployed(hook);
    }
}
