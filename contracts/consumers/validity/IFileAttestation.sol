// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Attestations of what a model says of a file that nobody sees
/// @notice Somebody's file is an input of the model, hashed under a secret salt. An issuer who knows the person and the file
/// signs the commitment, for one subject and until some time. The subject proves what the model makes of the file and hands
/// both in. From then on anyone can ask what the model said; of the file, nobody learns more than commitment and result.
///
/// Signature and proof name one commitment, so the proof is about the very file that the issuer saw. The proof is bound to
/// chain, contract and model, and to a request that is made of the subject and a nonce of its own, which is then used up: no
/// proof works twice, elsewhere, or for anyone else. Only the subject itself sends it, so nobody is attested against its
/// will. Whoever computed the proof knows the file; its name in the proof is not used.
///
/// What is attested holds until the issuer's signature expires, however often and late it is handed in, and no longer than
/// `maxValidity` from the block that accepts it. It ends before: when the issuer revokes the file, when the subject
/// withdraws it, when the governor removes the issuer, and when a routed verifier is stopped (a direct one never is). A deprecated model gives no more
/// results, and those that it gave run out.
///
/// The governor, who owns the contract, decides who is an issuer: an issuer it adds can sign any file, so whoever relies on
/// this trusts the governor to name honest ones. It can do nothing else. If it renounces, the issuers are fixed for good.
///
/// A signature is asked for when it is handed in, and not again: a contract that changes its signer revokes files, or is removed.
/// Each endorsement is of a commitment of its own, under a fresh salt: one that names two subjects tells that they are the same.
///
/// A subject shows the file it likes: an issuer who signs a newer one revokes the older one.
interface IFileAttestation {
    /// @notice What an issuer signs, as EIP-712 typed data of this contract.
    /// @param issuer who signs: an account, or a contract that speaks EIP-1271
    /// @param commitment commitment to the file, as the model takes it
    /// @param subject whose file it is
    /// @param expiresAt last second at which it may be relied on
    struct Endorsement {
        address issuer;
        bytes32 commitment;
        address subject;
        uint256 expiresAt;
    }

    /// @notice What is known of a subject.
    /// @param issuer who vouches for the file
    /// @param expiresAt last second of it
    /// @param value what the model says
    /// @param commitment commitment to the file
    struct Attestation {
        address issuer;
        uint64 expiresAt;
        uint8 value;
        bytes32 commitment;
    }

    /// @notice Somebody became an issuer, or is none any more.
    /// @param issuer who
    /// @param allowed whether it is one now
    event IssuerSet(address indexed issuer, bool allowed);

    /// @notice A subject was attested; what was known of it before is replaced.
    /// @param subject who
    /// @param issuer who vouches for the file
    /// @param commitment commitment to the file
    /// @param value what the model says
    /// @param expiresAt last second of it
    event Attested(
        address indexed subject,
        address indexed issuer,
        bytes32 indexed commitment,
        uint256 value,
        uint256 expiresAt
    );

    /// @notice An issuer takes back a file, for whomever it signed it.
    /// @param issuer who
    /// @param commitment commitment to the file
    event FileRevoked(address indexed issuer, bytes32 indexed commitment);

    /// @notice A subject withdrew a file of its own.
    /// @param subject who
    /// @param commitment commitment to the file
    event FileWithdrawn(address indexed subject, bytes32 indexed commitment);

    /// @notice The model does not take one hashed file and give one public whole number from 0, of as many bits as the greatest
    /// result takes.
    error NotAnAttestationModel(uint256 modelId);

    /// @notice 0 seconds, or 2^32 and more.
    error BadValidity(uint256 maxValidity);

    /// @notice 0 is no issuer, nor is one that was removed.
    error BadIssuer();

    /// @notice Only the subject hands in its endorsement.
    error NotTheSubject(address sender, address subject);

    /// @notice Who vouches for the file is no issuer.
    error NotAnIssuer(address issuer);

    /// @notice The issuer did not sign this.
    error BadSignature(address issuer, bytes32 digest);

    /// @notice The endorsement is over.
    error EndorsementExpired(uint256 expiresAt);

    /// @notice The endorsement holds longer than anything here may.
    error EndorsementTooLong(uint256 expiresAt, uint256 latest);

    /// @notice The issuer took the file back.
    error RevokedFile(address issuer, bytes32 commitment);

    /// @notice The subject withdrew the file.
    error WithdrawnFile(address subject, bytes32 commitment);

    /// @notice The model said what has no meaning here.
    error UnknownValue(int256 value);

    /// @notice Nothing is known of the subject, or not any more.
    error NotAttested(address subject);

    /// @notice Says who is an issuer. For the governor.
    /// @param issuer who
    /// @param allowed whether it is one; if not, all it vouched for ends at once and for good: it comes back under another address
    function setIssuer(address issuer, bool allowed) external;

    /// @notice Has the sender attested.
    /// @param endorsement what the issuer signed, with the sender as subject
    /// @param signature the issuer's signature, in whatever form it gives
    /// @param output the model's output
    /// @param proof the proof blob, bound to this contract and the sender's request
    function attest(
        Endorsement calldata endorsement,
        bytes calldata signature,
        bytes calldata output,
        bytes calldata proof
    ) external;

    /// @notice Takes a file back for good. For its issuer, who need not be allowed any more.
    /// @param commitment commitment to the file
    function revokeFile(bytes32 commitment) external;

    /// @notice Withdraws a file for good, and with it what is known of the sender through it. For the subject.
    /// @param commitment commitment to the file
    function withdrawFile(bytes32 commitment) external;

    /// @notice Whether something is known of a subject, now.
    /// @param subject who
    /// @return attested whether `attestationOf` may be relied on
    function isAttested(address subject) external view returns (bool attested);

    /// @notice The newest attestation of a subject, valid or not.
    /// @param subject who
    /// @return attestation what was attested, all 0 if nothing ever was
    function attestationOf(address subject) external view returns (Attestation memory attestation);

    /// @notice What the next proof of a subject has to name as its request, with this contract as the caller.
    /// @param subject who
    /// @return requestId the request
    function requestOf(address subject) external view returns (bytes32 requestId);

    /// @notice What an issuer signs for an endorsement.
    /// @param endorsement the endorsement
    /// @return digest its EIP-712 digest
    function digestOf(Endorsement calldata endorsement) external view returns (bytes32 digest);

    /// @notice Whether somebody is an issuer.
    /// @param issuer who
    /// @return allowed whether it is
    function isIssuer(address issuer) external view returns (bool allowed);

    /// @notice Whether an issuer took a file back.
    /// @param issuer who
    /// @param commitment commitment to the file
    /// @return revoked whether it did
    function isRevoked(address issuer, bytes32 commitment) external view returns (bool revoked);

    /// @notice Whether a subject withdrew a file.
    /// @param subject who
    /// @param commitment commitment to the file
    /// @return withdrawn whether it did
    function isWithdrawn(address subject, bytes32 commitment) external view returns (bool withdrawn);
}
