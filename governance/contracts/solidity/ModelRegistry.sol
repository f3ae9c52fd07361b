// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC2981} from "@openzeppelin/contracts/token/common/ERC2981.sol";

import {AnchorRegistry} from "./AnchorRegistry.sol";
import {MembershipRegistry} from "./MembershipRegistry.sol";
import {MerkleLog} from "./MerkleLog.sol";
import {ModelRecord} from "./ModelRecord.sol";
import {PolicyRegistry} from "./PolicyRegistry.sol";
import {Roles} from "./Roles.sol";

/**
 * @title ModelRegistry
 * @dev Models as tokens, and which of their versions are released. A version is named by its
 * *record*, the leaf hash of the log entry that published it.
 *
 * Release takes four parties: a developer registers the model, anyone attests the record by proving
 * it to be in the anchored log, auditors evaluate it, and the owner of this contract, the timelock,
 * releases it after a vote. An auditor can flag a record, which blocks its release until a vote
 * clears it, and can never release.
 *
 * What else a release requires is the DAO's policy {RELEASE_POLICY} in {policies}: `parameters` is
 * `abi.encode(uint256 evaluations, uint256 attestedFor)`, the number of auditors who have to find
 * the record clean, and the seconds that have to pass between its attestation and its release.
 * Empty parameters require nothing; any other form blocks every release until a policy in the right
 * form is adopted.
 *
 * NOTE: The holder of a model's token receives its royalties and may pass it on. It gives no say in
 * any release.
 *
 * NOTE: {attest} takes the entry itself, so that the contract can read whose record it is. The
 * entry is public from then on, on whatever chain this is.
 *
 * WARNING: A withdrawal is final for its record, and says nothing about copies of the model that
 * were made before.
 */
contract ModelRegistry is ERC721, ERC2981, Ownable2Step {
    enum Status {
        Unknown,
        Attested,
        Released,
        Withdrawn
    }

    enum Verdict {
        None,
        Clean,
        Tainted,
        Incomplete
    }

    struct Record {
        uint256 model;
        uint48 attestedAt;
        Status status;
        bool flagged;
    }

    struct Evaluation {
        Verdict verdict;
        bytes32 evidence;
    }

    bytes32 public constant RELEASE_POLICY = "release";

    /// @dev In basis points of the price.
    uint96 public constant MAX_ROYALTY = 1_000;

    MembershipRegistry public immutable membership;
    AnchorRegistry public immutable anchors;
    PolicyRegistry public immutable policies;

    mapping(uint256 model => string) private _names;
    mapping(bytes32 recordLeaf => Record) private _records;
    mapping(bytes32 recordLeaf => address[]) private _evaluators;
    mapping(bytes32 recordLeaf => mapping(address auditor => Evaluation)) private _evaluations;

    event ModelRegistered(uint256 indexed model, address indexed developer, string name);
    event ModelReassigned(uint256 indexed model, address indexed developer);
    event ModelAttested(
        uint256 indexed model,
        bytes32 indexed recordLeaf,
        uint64 size,
        uint64 index
    );
    event ModelEvaluated(
        uint256 indexed model,
        bytes32 indexed recordLeaf,
        address indexed auditor,
        Verdict verdict,
        bytes32 evidence
    );
    event ModelFlagged(
        uint256 indexed model,
        bytes32 indexed recordLeaf,
        address indexed auditor,
        bytes32 reason
    );
    event ModelFlagCleared(uint256 indexed model, bytes32 indexed recordLeaf);
    event ModelReleased(
        uint256 indexed model,
        bytes32 indexed recordLeaf,
        uint256 validUntil,
        uint256 policyVersion
    );
    event ModelWithdrawn(uint256 indexed model, bytes32 indexed recordLeaf, bytes32 reason);

    error ModelRegistryUnauthorizedMember(address account, bytes32 role);
    error ModelRegistryInvalidName(string name);
    error ModelRegistryRoyaltyTooHigh(uint96 royalty, uint96 maximum);

    /// @dev `recordLeaf` has not been proven to be a record of `model` in the anchored log.
    error ModelRegistryNotAttested(uint256 model, bytes32 recordLeaf);
    error ModelRegistryAlreadyAttested(uint256 model, bytes32 recordLeaf);
    error ModelRegistryUnexpectedStatus(bytes32 recordLeaf, Status status);
    error ModelRegistryFlagged(bytes32 recordLeaf);
    error ModelRegistryNotFlagged(bytes32 recordLeaf);
    error ModelRegistryReleaseExpired(uint256 validUntil);

    /// @dev An evaluation has a verdict and names its evidence.
    error ModelRegistryInvalidEvaluation();

    /// @dev Nobody evaluates a model that they hold.
    error ModelRegistryOwnModel(uint256 model, address auditor);

    /// @dev The release policy asks for more auditors who find the record clean.
    error ModelRegistryTooFewEvaluations(uint256 evaluations, uint256 required);

    /// @dev The release policy asks for more time since the attestation.
    error ModelRegistryReleaseTooEarly(uint256 notBefore);

    error ModelRegistryMalformedPolicy(uint256 version);

    modifier onlyMemberRole(bytes32 role) {
        if (!membership.hasRole(role, msg.sender)) {
            revert ModelRegistryUnauthorizedMember(msg.sender, role);
        }
        _;
    }

    constructor(
        address timelock,
        MembershipRegistry membership_,
        AnchorRegistry anchors_,
        PolicyRegistry policies_
    ) ERC721("Concord Models", "CCM") Ownable(timelock) {
        membership = membership_;
        anchors = anchors_;
        policies = policies_;
    }

    /// @dev The token of the model that the log calls `name`.
    function modelOf(string memory name) public pure returns (uint256) {
        return uint256(keccak256(bytes(name)));
    }

    /**
     * @dev Registers the model that the log calls `name` and gives its token to the caller, a
     * developer. `royalty` is in basis points and at most {MAX_ROYALTY}.
     *
     * NOTE: The contract does not know to whom the name belongs in the log. If a developer takes
     * somebody else's, {reassign} puts it right by vote.
     *
     * Emits a {ModelRegistered} event.
     */
    function register(
        string calldata name,
        uint96 royalty
    ) external onlyMemberRole(Roles.DEVELOPER) returns (uint256 model) {
        if (!ModelRecord.isModelId(name)) {
            revert ModelRegistryInvalidName(name);
        }
        if (royalty > MAX_ROYALTY) {
            revert ModelRegistryRoyaltyTooHigh(royalty, MAX_ROYALTY);
        }
        model = modelOf(name);
        _mint(msg.sender, model);
        _setTokenRoyalty(model, msg.sender, royalty);
        _names[model] = name;
        emit ModelRegistered(model, msg.sender, name);
    }

    /// @dev Gives the model's token and its royalties to `developer`, by vote. Emits a
    /// {ModelReassigned} event.
    function reassign(uint256 model, address developer) external onlyOwner {
        (, uint256 royalty) = royaltyInfo(model, _feeDenominator());
        _transfer(_requireOwned(model), developer, model);
        _setTokenRoyalty(model, developer, uint96(royalty));
        emit ModelReassigned(model, developer);
    }

    /**
     * @dev Proves that `entry` is number `index` of the log anchored at `size`, and a record of
     * `model`. Open to anyone: the proof is all that counts.
     *
     * Emits a {ModelAttested} event.
     */
    function attest(
        uint256 model,
        bytes calldata entry,
        uint64 size,
        uint64 index,
        bytes32[] calldata proof
    ) external returns (bytes32 recordLeaf) {
        _requireOwned(model);
        ModelRecord.requirePublishes(entry, _names[model]);
        recordLeaf = MerkleLog.leafHash(entry);
        anchors.verifyInclusion(recordLeaf, index, size, proof);
        if (_records[recordLeaf].status != Status.Unknown) {
            revert ModelRegistryAlreadyAttested(model, recordLeaf);
        }
        _records[recordLeaf] = Record({
            model: model,
            attestedAt: uint48(block.timestamp),
            status: Status.Attested,
            flagged: false
        });
        emit ModelAttested(model, recordLeaf, size, index);
    }

    /**
     * @dev An auditor's finding, with the digest of the evidence it rests on. It replaces the
     * auditor's earlier one.
     *
     * Emits a {ModelEvaluated} event.
     */
    function evaluate(
        uint256 model,
        bytes32 recordLeaf,
        Verdict verdict,
        bytes32 evidence
    ) external onlyMemberRole(Roles.AUDITOR) {
        _attested(model, recordLeaf);
        if (verdict == Verdict.None || evidence == bytes32(0)) {
            revert ModelRegistryInvalidEvaluation();
        }
        if (_requireOwned(model) == msg.sender) {
            revert ModelRegistryOwnModel(model, msg.sender);
        }
        if (_evaluations[recordLeaf][msg.sender].verdict == Verdict.None) {
            _evaluators[recordLeaf].push(msg.sender);
        }
        _evaluations[recordLeaf][msg.sender] = Evaluation({verdict: verdict, evidence: evidence});
        emit ModelEvaluated(model, recordLeaf, msg.sender, verdict, evidence);
    }

    /// @dev Blocks the release of a record. `reason` is the digest of a text. Emits a
    /// {ModelFlagged} event.
    function flag(
        uint256 model,
        bytes32 recordLeaf,
        bytes32 reason
    ) external onlyMemberRole(Roles.AUDITOR) {
        _attested(model, recordLeaf).flagged = true;
        emit ModelFlagged(model, recordLeaf, msg.sender, reason);
    }

    /**
     * @dev Clears a flag by vote. Put it into one proposal with {release}, so that nobody can flag
     * the record in between.
     *
     * Emits a {ModelFlagCleared} event.
     */
    function clearFlag(uint256 model, bytes32 recordLeaf) external onlyOwner {
        Record storage entry = _attested(model, recordLeaf);
        if (!entry.flagged) {
            revert ModelRegistryNotFlagged(recordLeaf);
        }
        entry.flagged = false;
        emit ModelFlagCleared(model, recordLeaf);
    }

    /**
     * @dev Releases a record by vote, until `validUntil` (seconds): a proposal that succeeded can
     * wait for ever before it is queued, and its reasons may be gone by then.
     *
     * Requirements:
     *
     * - the record is attested for `model`, not flagged, neither released nor withdrawn.
     * - the release policy in force *now* is met.
     *
     * Emits a {ModelReleased} event.
     */
    function release(uint256 model, bytes32 recordLeaf, uint256 validUntil) external onlyOwner {
        Record storage entry = _attested(model, recordLeaf);
        if (block.timestamp > validUntil) {
            revert ModelRegistryReleaseExpired(validUntil);
        }
        if (entry.status != Status.Attested) {
            revert ModelRegistryUnexpectedStatus(recordLeaf, entry.status);
        }
        if (entry.flagged) {
            revert ModelRegistryFlagged(recordLeaf);
        }
        uint256 version = _requirePolicy(recordLeaf, entry.attestedAt);
        entry.status = Status.Released;
        emit ModelReleased(model, recordLeaf, validUntil, version);
    }

    /// @dev Withdraws a released record by vote, for good. Emits a {ModelWithdrawn} event.
    function withdraw(uint256 model, bytes32 recordLeaf, bytes32 reason) external onlyOwner {
        Record storage entry = _attested(model, recordLeaf);
        if (entry.status != Status.Released) {
            revert ModelRegistryUnexpectedStatus(recordLeaf, entry.status);
        }
        entry.status = Status.Withdrawn;
        emit ModelWithdrawn(model, recordLeaf, reason);
    }

    /// @dev The log's name of `model`.
    function nameOf(uint256 model) external view returns (string memory) {
        _requireOwned(model);
        return _names[model];
    }

    /// @dev All zeros for a record that was never attested.
    function recordOf(bytes32 recordLeaf) external view returns (Record memory) {
        return _records[recordLeaf];
    }

    /// @dev Everyone who ever evaluated the record, auditors or not by now.
    function evaluatorsOf(bytes32 recordLeaf) external view returns (address[] memory) {
        return _evaluators[recordLeaf];
    }

    function evaluationOf(
        bytes32 recordLeaf,
        address auditor
    ) external view returns (Evaluation memory) {
        return _evaluations[recordLeaf][auditor];
    }

    /// @dev How many find the record clean, among those who are auditors now.
    function cleanEvaluations(bytes32 recordLeaf) public view returns (uint256 count) {
        address[] storage evaluators = _evaluators[recordLeaf];
        for (uint256 i = 0; i < evaluators.length; ++i) {
            address auditor = evaluators[i];
            if (
                _evaluations[recordLeaf][auditor].verdict == Verdict.Clean &&
                membership.hasRole(Roles.AUDITOR, auditor)
            ) {
                ++count;
            }
        }
    }

    function supportsInterface(
        bytes4 interfaceId
    ) public view override(ERC721, ERC2981) returns (bool) {
        return super.supportsInterface(interfaceId);
    }

    function _attested(
        uint256 model,
        bytes32 recordLeaf
    ) private view returns (Record storage entry) {
        entry = _records[recordLeaf];
        if (entry.status == Status.Unknown || entry.model != model) {
            revert ModelRegistryNotAttested(model, recordLeaf);
        }
    }

    /// @dev Reverts unless the release policy in force is met; its version, 0 if none was ever
    /// adopted.
    function _requirePolicy(
        bytes32 recordLeaf,
        uint256 attestedAt
    ) private view returns (uint256 version) {
        version = policies.versionOf(RELEASE_POLICY);
        bytes memory parameters = policies.parametersOf(RELEASE_POLICY);
        if (parameters.length == 0) {
            return version;
        }
        if (parameters.length != 64) {
            revert ModelRegistryMalformedPolicy(version);
        }
        (uint256 required, uint256 attestedFor) = abi.decode(parameters, (uint256, uint256));
        uint256 evaluations = cleanEvaluations(recordLeaf);
        if (evaluations < required) {
            revert ModelRegistryTooFewEvaluations(evaluations, required);
        }
        if (block.timestamp < attestedAt + attestedFor) {
            revert ModelRegistryReleaseTooEarly(attestedAt + attestedFor);
        }
    }
}
