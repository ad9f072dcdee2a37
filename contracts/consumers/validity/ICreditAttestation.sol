// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFileAttestation} from "./IFileAttestation.sol";

/// @title Credit attestation
/// @notice A lender learns which band an applicant is in, from 0 (likely to default) to 4, and never its file. See
/// {IFileAttestation} for who says so and until when.
interface ICreditAttestation is IFileAttestation {
    /// @notice The band of an applicant. Reverts unless it is attested now.
    /// @param subject who
    /// @return band 0 to 4, more is better
    function bandOf(address subject) external view returns (uint8 band);

    /// @notice Whether an applicant is attested now, in some band or a better one: what a lender asks.
    /// @param subject who
    /// @param least the worst band that will do
    /// @return reached whether it is
    function reaches(address subject, uint8 least) external view returns (bool reached);
}
