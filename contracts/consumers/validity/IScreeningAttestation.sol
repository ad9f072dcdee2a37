// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFileAttestation} from "./IFileAttestation.sol";

/// @title Screening attestation
/// @notice Whether a screening model would refer somebody to a doctor, by measurements that a clinic took and nobody else
/// sees. See {IFileAttestation} for who says so and until when; issuers are clinics.
///
/// The result itself is public, with the account that it is about: use an account that nobody knows as yours.
interface IScreeningAttestation is IFileAttestation {
    /// @notice The result of a screening. Reverts unless the subject is attested now.
    /// @param subject who
    /// @return referred whether the model refers it to a doctor
    function resultOf(address subject) external view returns (bool referred);
}
