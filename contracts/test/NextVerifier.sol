// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {Groth16Verifier} from "../verification/Groth16Verifier.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";

/// @title A mended verifier: the same proof system, under an id of its own
contract NextVerifier is ISharedVerifier, IBatchVerifier, ERC165 {
    Groth16Verifier private immutable _inner;

    constructor(address keyStore_) {
        _inner = new Groth16Verifier(keyStore_);
    }

    function verify(bytes32 vkHash, uint256[] calldata signals, bytes calldata proof) external view returns (bool) {
        return _inner.verify(vkHash, signals, proof);
    }

    function verifyBatch(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool) {
        return _inner.verifyBatch(vkHash, signals, proofs);
    }

    function keyStore() external view returns (address) {
        return _inner.keyStore();
    }

    function proofSystemId() external pure returns (bytes4) {
        return bytes4(keccak256("groth16-bn254-v2"));
    }

    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return
            interfaceId == type(IProofVerifier).interfaceId ||
            interfaceId == type(ISharedVerifier).interfaceId ||
            interfaceId == type(IBatchVerifier).interfaceId ||
            super.supportsInterface(interfaceId);
    }
}
