// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Requests of the market
/// @notice What a requester asks for and offers. Nothing of it is stored: whoever acts on a request passes it in full, and
/// its hash says whether it is the one.
library Requests {
    /// @notice A request.
    /// @param requester who pays, and who gets refunds
    /// @param nonce tells equal requests apart
    /// @param modelId the model
    /// @param inputCommitment commitment to the input, which the proof has to match: keccak for a public input, Poseidon for
    /// a hashed one, 0 for a private one
    /// @param token what is paid in, 0 for the native coin
    /// @param minPrice price until `rampStart`
    /// @param maxPrice price once the ramp is over, and what is escrowed
    /// @param rampStart when the price begins to climb
    /// @param rampSeconds how long it climbs
    /// @param lockSeconds how long a lock lasts, unless the deadline comes first
    /// @param deadline last second at which the request can be locked or fulfilled
    /// @param bond what a locker puts up, in the native coin
    /// @param callback contract that is told the result, 0 for none
    /// @param callbackGas gas the callback gets
    struct Request {
        address requester;
        uint256 nonce;
        uint256 modelId;
        bytes32 inputCommitment;
        address token;
        uint128 minPrice;
        uint128 maxPrice;
        uint48 rampStart;
        uint32 rampSeconds;
        uint32 lockSeconds;
        uint48 deadline;
        uint128 bond;
        address callback;
        uint32 callbackGas;
    }

    /// @dev EIP-712 type of a request.
    bytes32 internal constant TYPEHASH = keccak256(
        "Request(address requester,uint256 nonce,uint256 modelId,bytes32 inputCommitment,address token,uint128 minPrice,uint128 maxPrice,uint48 rampStart,uint32 rampSeconds,uint32 lockSeconds,uint48 deadline,uint128 bond,address callback,uint32 callbackGas)"
    );

    /// @dev EIP-712 struct hash: every field is one word, so the ABI encoding is EIP-712's.
    function hashStruct(Request calldata request) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, request));
    }

    /// @dev The reverse-Dutch price at a time: minPrice, climbing evenly to maxPrice over the ramp; rounded down.
    function priceAt(Request calldata request, uint256 time) internal pure returns (uint256) {
        uint256 start = request.rampStart;
        if (time < start) return request.minPrice;
        uint256 elapsed = time - start;
        uint256 ramp = request.rampSeconds;
        if (elapsed >= ramp) return request.maxPrice;
        // 128 bits times 32 bits: no overflow.
        return request.minPrice + (uint256(request.maxPrice - request.minPrice) * elapsed) / ramp;
    }

    /// @dev Last second of a lock.
    function lockExpiry(Request calldata request, uint256 lockedAt) internal pure returns (uint256) {
        uint256 end = lockedAt + request.lockSeconds;
        return end < request.deadline ? end : request.deadline;
    }
}
