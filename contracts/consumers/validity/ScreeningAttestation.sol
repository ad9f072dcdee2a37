// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {FileAttestation} from "./FileAttestation.sol";
import {IScreeningAttestation} from "./IScreeningAttestation.sol";

/// @title Screening attestation
/// @notice See {IScreeningAttestation}. Written for the model `tumour-screening`.
contract ScreeningAttestation is IScreeningAttestation, FileAttestation {
    uint8 private constant REFERRED = 1;

    /// @notice Pins the model for good and names the governor.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model that gives 1 for whom it refers and 0 for others
    /// @param governor says who is an issuer
    /// @param maxValidity_ most seconds from the acceptance of an endorsement to its end
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        address governor,
        uint256 maxValidity_
    ) FileAttestation("zkml ScreeningAttestation", inferenceVerifier_, modelId_, REFERRED, governor, maxValidity_) {}

    /// @inheritdoc IScreeningAttestation
    function resultOf(address subject) external view returns (bool referred) {
        return _valueOf(subject) == REFERRED;
    }
}
