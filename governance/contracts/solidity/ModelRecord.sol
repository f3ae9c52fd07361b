// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title ModelRecord
 * @dev Reads from a log entry which model it publishes a version of.
 *
 * An entry is the canonical JSON (RFC 8785) of `{"event": EVENT, "recordedAt": n, "v": 1}`, in
 * which members are sorted by name. The entry of a published model version therefore ends in
 *
 *     ,"kind":"model.version_published","nonce":"0x…","signature":"0x…",
 *     "subject":"MODEL","summary":"…"},"recordedAt":n,"v":1}
 *
 * (in one line), and can be read from its end, where nothing that a member wrote freely comes
 * before the summary. The summary is one JSON string: a quote inside it follows a backslash, so
 * going backwards the first quote that does not is its beginning. The brace after it closes the
 * event, which puts these members in the event itself and not in its body.
 *
 * NOTE: This trusts the log to have kept its own rules (canonical form, known members only). That
 * the entry is in the log at all is for {MerkleLog} to verify.
 */
library ModelRecord {
    /// @dev The entry does not publish a version of this model.
    error ModelRecordMismatch();

    bytes private constant END = ',"v":1}';
    bytes private constant RECORDED = '"},"recordedAt":';
    bytes private constant SUMMARY = '","summary":"';
    bytes private constant SUBJECT = '","subject":"';
    bytes private constant SIGNATURE = '","signature":"0x';
    bytes private constant KIND = ',"kind":"model.version_published","nonce":"0x';
    uint256 private constant NONCE_DIGITS = 64;

    /// @dev Reverts unless `entry` publishes a version of `model`.
    function requirePublishes(bytes calldata entry, string memory model) internal pure {
        uint256 end = _dropBefore(entry, entry.length, END);
        end = _dropDigits(entry, end);
        end = _dropBefore(entry, end, RECORDED);
        end = _dropString(entry, end);
        end = _dropBefore(entry, end, SUMMARY);
        end = _dropBefore(entry, end, bytes(model));
        end = _dropBefore(entry, end, SUBJECT);
        end = _dropHexDigits(entry, end); // a contract wallet's signature may have any length
        end = _dropBefore(entry, end, SIGNATURE);
        end = _drop(end, NONCE_DIGITS);
        _dropBefore(entry, end, KIND);
    }

    /// @dev Whether `model` is an id as the log has them, `[a-z0-9][a-z0-9._-]{0,127}`: nothing
    /// that JSON would escape.
    function isModelId(string memory model) internal pure returns (bool) {
        bytes memory id = bytes(model);
        if (id.length == 0 || id.length > 128 || !_isAlphanumeric(id[0])) {
            return false;
        }
        for (uint256 i = 1; i < id.length; ++i) {
            bytes1 c = id[i];
            if (!_isAlphanumeric(c) && c != "." && c != "_" && c != "-") {
                return false;
            }
        }
        return true;
    }

    function _isDigit(bytes1 c) private pure returns (bool) {
        return c >= "0" && c <= "9";
    }

    function _isHexDigit(bytes1 c) private pure returns (bool) {
        return _isDigit(c) || (c >= "a" && c <= "f");
    }

    function _isAlphanumeric(bytes1 c) private pure returns (bool) {
        return _isDigit(c) || (c >= "a" && c <= "z");
    }

    function _drop(uint256 end, uint256 count) private pure returns (uint256) {
        if (end < count) {
            revert ModelRecordMismatch();
        }
        return end - count;
    }

    /// @dev `entry[:end]` has to end in `text`; where it begins there.
    function _dropBefore(
        bytes calldata entry,
        uint256 end,
        bytes memory text
    ) private pure returns (uint256 start) {
        start = _drop(end, text.length);
        if (keccak256(entry[start:end]) != keccak256(text)) {
            revert ModelRecordMismatch();
        }
    }

    function _dropDigits(bytes calldata entry, uint256 end) private pure returns (uint256) {
        while (end != 0 && _isDigit(entry[end - 1])) {
            --end;
        }
        return end;
    }

    function _dropHexDigits(bytes calldata entry, uint256 end) private pure returns (uint256) {
        while (end != 0 && _isHexDigit(entry[end - 1])) {
            --end;
        }
        return end;
    }

    /// @dev `entry[:end]` has to end in the inside of a JSON string and its opening quote; where
    /// the inside begins.
    function _dropString(bytes calldata entry, uint256 end) private pure returns (uint256) {
        for (uint256 i = end; i > 1; --i) {
            if (entry[i - 1] == '"' && entry[i - 2] != "\\") {
                return i;
            }
        }
        revert ModelRecordMismatch();
    }
}
