// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {ProofBlob} from "../../libraries/ProofBlob.sol";
import {Schema} from "../../libraries/Schema.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {IFileAttestation} from "./IFileAttestation.sol";

/// @title Base of attestations
/// @notice See {IFileAttestation}. The owner is the governor.
abstract contract FileAttestation is IFileAttestation, PinnedModel, EIP712, Ownable2Step {
    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.attestation.request.v1");
    bytes32 private constant ENDORSEMENT_TYPE = keccak256(
        "Endorsement(address issuer,bytes32 commitment,address subject,uint256 expiresAt)"
    );
    uint256 private constant MAX_BITS = 8;

    /// @notice Most seconds from the acceptance of an endorsement to its end.
    uint256 public immutable maxValidity;

    /// @dev Greatest value with a meaning.
    int256 private immutable _highest;

    /// @inheritdoc IFileAttestation
    mapping(address issuer => bool) public isIssuer;

    /// @inheritdoc IFileAttestation
    mapping(address issuer => mapping(bytes32 commitment => bool)) public isRevoked;

    /// @inheritdoc IFileAttestation
    mapping(address subject => mapping(bytes32 commitment => bool)) public isWithdrawn;

    /// @dev Who was an issuer once: what it vouched for must not come back.
    mapping(address issuer => bool) private _isRemoved;
    mapping(address subject => uint256) private _nonces;
    mapping(address subject => Attestation) private _attestations;

    /// @notice Pins the model for good and names the governor.
    /// @param name name of the EIP-712 domain
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model of one hashed input and one public number
    /// @param highest greatest number with a meaning
    /// @param governor says who is an issuer
    /// @param maxValidity_ most seconds from the acceptance of an endorsement to its end
    constructor(
        string memory name,
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        uint8 highest,
        address governor,
        uint256 maxValidity_
    ) PinnedModel(inferenceVerifier_, modelId_) EIP712(name, "1") Ownable(governor) {
        Schema.IoSchema memory schema = IModelRegistry(inferenceVerifier_.registry()).ioSchemaOf(modelId_);
        Tensors.Format memory output = _outputFormat();
        bool fits = schema.inputs.length == 1 && schema.inputs[0].visibility == Schema.HASHED;
        fits = fits && schema.outputs.length == 1 && output.count == 1 && output.lo == 0 && output.bits <= MAX_BITS;
        // As many bits as the greatest meaning takes, so that it is not a model of other results.
        fits = fits && schema.outputs[0].exponent == 0 && uint256(highest) >> (output.bits - 1) == 1;
        if (!fits) revert NotAnAttestationModel(modelId_);
        if (maxValidity_ == 0 || maxValidity_ > type(uint32).max) revert BadValidity(maxValidity_);
        maxValidity = maxValidity_;
        _highest = int256(uint256(highest));
    }

    /// @inheritdoc IFileAttestation
    function setIssuer(address issuer, bool allowed) external onlyOwner {
        if (issuer == address(0) || (allowed && _isRemoved[issuer])) revert BadIssuer();
        if (!allowed && isIssuer[issuer]) _isRemoved[issuer] = true;
        isIssuer[issuer] = allowed;
        emit IssuerSet(issuer, allowed);
    }

    /// @inheritdoc IFileAttestation
    function attest(
        Endorsement calldata endorsement,
        bytes calldata signature,
        bytes calldata output,
        bytes calldata proof
    ) external {
        _requireUsable(endorsement);
        ProofBlob.proverFor(proof, requestOf(msg.sender));
        ++_nonces[msg.sender];
        bytes32 digest = digestOf(endorsement);
        if (!SignatureChecker.isValidSignatureNow(endorsement.issuer, digest, signature)) {
            revert BadSignature(endorsement.issuer, digest);
        }
        _verify(endorsement.commitment, output, proof);
        int256 value = _decodeOutput(output)[0];
        if (value > _highest) revert UnknownValue(value);
        _attestations[msg.sender] = Attestation({
            issuer: endorsement.issuer,
            // Both fit: an endorsement ends within 2^32 seconds, and a value is from 0 to `_highest`.
            expiresAt: uint64(endorsement.expiresAt),
            value: uint8(uint256(value)),
            commitment: endorsement.commitment
        });
        emit Attested(msg.sender, endorsement.issuer, endorsement.commitment, uint256(value), endorsement.expiresAt);
    }

    /// @inheritdoc IFileAttestation
    function revokeFile(bytes32 commitment) external {
        isRevoked[msg.sender][commitment] = true;
        emit FileRevoked(msg.sender, commitment);
    }

    /// @inheritdoc IFileAttestation
    function withdrawFile(bytes32 commitment) external {
        isWithdrawn[msg.sender][commitment] = true;
        if (_attestations[msg.sender].commitment == commitment) delete _attestations[msg.sender];
        emit FileWithdrawn(msg.sender, commitment);
    }

    /// @inheritdoc IFileAttestation
    function attestationOf(address subject) external view returns (Attestation memory attestation) {
        return _attestations[subject];
    }

    /// @inheritdoc IFileAttestation
    function isAttested(address subject) public view returns (bool attested) {
        Attestation memory attestation = _attestations[subject];
        if (block.timestamp > attestation.expiresAt || !isIssuer[attestation.issuer]) return false;
        if (isRevoked[attestation.issuer][attestation.commitment]) return false;
        return !inferenceVerifier.isStopped(modelId);
    }

    /// @inheritdoc IFileAttestation
    function requestOf(address subject) public view returns (bytes32 requestId) {
        return keccak256(abi.encode(DOMAIN_REQUEST, subject, _nonces[subject]));
    }

    /// @inheritdoc IFileAttestation
    function digestOf(Endorsement calldata endorsement) public view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(ENDORSEMENT_TYPE, endorsement)));
    }

    /// @dev What the model says of a subject, as long as it may be relied on.
    function _valueOf(address subject) internal view returns (uint8) {
        if (!isAttested(subject)) revert NotAttested(subject);
        return _attestations[subject].value;
    }

    /// @dev Everything about an endorsement but its signature.
    function _requireUsable(Endorsement calldata endorsement) private view {
        (address issuer, bytes32 commitment) = (endorsement.issuer, endorsement.commitment);
        if (msg.sender != endorsement.subject) revert NotTheSubject(msg.sender, endorsement.subject);
        if (!isIssuer[issuer]) revert NotAnIssuer(issuer);
        if (block.timestamp > endorsement.expiresAt) revert EndorsementExpired(endorsement.expiresAt);
        uint256 latest = block.timestamp + maxValidity;
        if (endorsement.expiresAt > latest) revert EndorsementTooLong(endorsement.expiresAt, latest);
        if (isRevoked[issuer][commitment]) revert RevokedFile(issuer, commitment);
        if (isWithdrawn[msg.sender][commitment]) revert WithdrawnFile(msg.sender, commitment);
    }
}
