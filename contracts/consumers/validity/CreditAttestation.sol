// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {FileAttestation} from "./FileAttestation.sol";
import {ICreditAttestation} from "./ICreditAttestation.sol";

/// @title Credit attestation
/// @notice See {ICreditAttestation}. Written for the model `credit-default`; issuers are those who hold applicants' files.
contract CreditAttestation is ICreditAttestation, FileAttestation {
    uint8 private constant BEST = 4;

    /// @notice Pins the model for good and names the governor.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model that gives bands
    /// @param governor says who is an issuer
    /// @param maxValidity_ most seconds from the acceptance of an endorsement to its end
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        address governor,
        uint256 maxValidity_
    ) FileAttestation("zkml CreditAttestation", inferenceVerifier_, modelId_, BEST, governor, maxValidity_) {}

    /// @inheritdoc ICreditAttestation
    function bandOf(address subject) external view returns (uint8 band) {
        return _valueOf(subject);
    }

    /// @inheritdoc ICreditAttestation
    function reaches(address subject, uint8 least) external view returns (bool reached) {
        return isAttested(subject) && _valueOf(subject) >= least;
    }
}
