// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IBatchVerifier} from "../../../contracts/interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../../../contracts/interfaces/ISharedVerifier.sol";

/// @title A verifier that does whatever its author feels like, and another thing later
contract FakeVerifier {
    enum Mood {
        TRUE,
        FALSE,
        REVERT,
        BURN,
        BOMB,
        TWO,
        NOTHING
    }

    bytes4 public proofSystemId;
    address public immutable keyStore;
    Mood public mood;

    constructor(bytes4 id, address store) {
        proofSystemId = id;
        keyStore = store;
    }

    function become(bytes4 id, Mood mood_) external {
        (proofSystemId, mood) = (id, mood_);
    }

    function verify(bytes32, uint256[] calldata, bytes calldata) external view returns (bool) {
        return _answer();
    }

    function verifyBatch(bytes32, uint256[] calldata, bytes calldata) external view returns (bool) {
        return _answer();
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return
            id == 0x01ffc9a7 ||
            id == type(IProofVerifier).interfaceId ||
            id == type(ISharedVerifier).interfaceId ||
            id == type(IBatchVerifier).interfaceId;
    }

    function _answer() private view returns (bool) {
        Mood now_ = mood;
        if (now_ == Mood.REVERT) revert("no");
        if (now_ == Mood.BURN) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (now_ == Mood.BOMB) {
            assembly ("memory-safe") {
                return(0, 20000)
            }
        }
        if (now_ == Mood.TWO) {
            assembly ("memory-safe") {
                mstore(0, 2)
                return(0, 32)
            }
        }
        if (now_ == Mood.NOTHING) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return now_ == Mood.TRUE;
    }
}
