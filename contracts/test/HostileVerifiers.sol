// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";

/// @title A verifier that answers as it is told, for tests
/// @notice One habit each, chosen at deployment.
contract HostileVerifier is IProofVerifier, ERC165 {
    /// @notice What it does: say yes, return 2, return 64 bytes of yes, return nothing, return a megabyte, revert with a
    /// megabyte, burn all gas.
    enum Habit {
        YES,
        TWO,
        LONG_YES,
        NOTHING,
        BOMB,
        REVERT_BOMB,
        BURN
    }

    Habit private immutable _habit;
    bytes4 private immutable _system;

    constructor(Habit habit, bytes4 system) {
        _habit = habit;
        _system = system;
    }

    /// @inheritdoc IProofVerifier
    function verify(bytes32, uint256[] calldata, bytes calldata) external view returns (bool) {
        Habit habit = _habit;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, 1)
            mstore(add(m, 0x20), 1)
            switch habit
            case 0 {
                return(m, 0x20)
            }
            case 1 {
                mstore(m, 2)
                return(m, 0x20)
            }
            case 2 {
                return(m, 0x40)
            }
            case 3 {
                return(0, 0)
            }
            case 4 {
                return(m, 100000)
            }
            case 5 {
                revert(m, 100000)
            }
            default {
                invalid()
            }
        }
    }

    /// @inheritdoc IProofVerifier
    function proofSystemId() external view returns (bytes4) {
        return _system;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IProofVerifier).interfaceId || super.supportsInterface(interfaceId);
    }
}
