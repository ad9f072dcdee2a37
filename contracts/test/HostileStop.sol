// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IVerifierEmergencyStop} from "../interfaces/IVerifierEmergencyStop.sol";

/// @title A stoppable verifier of any proof system that says yes or burns all gas, for tests
contract HostileStop {
    bytes4 public immutable proofSystemId;
    bool private immutable _burns;

    constructor(bytes4 system, uint8 habit) {
        proofSystemId = system;
        _burns = habit != 0;
    }

    function verify(bytes32, uint256[] calldata, bytes calldata) external view returns (bool) {
        return _answer();
    }

    function verifyBatch(bytes32, uint256[] calldata, bytes calldata) external view returns (bool) {
        return _answer();
    }

    function isStopped(bytes32) external pure returns (bool) {
        return false;
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IVerifierEmergencyStop).interfaceId || interfaceId == 0x01ffc9a7;
    }

    function _answer() private view returns (bool) {
        if (_burns) {
            assembly {
                invalid()
            }
        }
        return true;
    }
}
