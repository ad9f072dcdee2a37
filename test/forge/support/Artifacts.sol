// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {VM} from "./Vm.sol";

/// @title Contracts as Hardhat compiled them
/// @notice So that what is fuzzed is what gets deployed, and forge compiles only the tests.
library Artifacts {
    error NotDeployed(string path, bytes reason);

    /// @dev Deploys contract `name` of contracts/`folder`/`name`.sol.
    function deploy(string memory folder, string memory name, bytes memory args) internal returns (address account) {
        string memory path = string.concat("artifacts/contracts/", folder, "/", name, ".sol/", name, ".json");
        bytes memory code = bytes.concat(VM.parseJsonBytes(VM.readFile(path), ".bytecode"), args);
        assembly ("memory-safe") {
            account := create(0, add(code, 32), mload(code))
        }
        if (account == address(0)) {
            bytes memory reason;
            assembly ("memory-safe") {
                reason := mload(0x40)
                mstore(0x40, add(reason, add(32, returndatasize())))
                mstore(reason, returndatasize())
                returndatacopy(add(reason, 32), 0, returndatasize())
            }
            revert NotDeployed(path, reason);
        }
        VM.label(account, name);
    }
}
