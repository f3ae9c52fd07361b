// EIP-1559 transactions: their bytes in RLP, and signing them. The fields come from the page; nothing
// is asked of any chain here.

import { secp256k1 } from "@noble/curves/secp256k1";
import { keccak_256 } from "@noble/hashes/sha3";
import { concatBytes } from "@noble/hashes/utils";

import { addressOf, bytesToHex, hexToBytes } from "./typed_data.js";

const TYPE = Uint8Array.of(2);

/** A number as RLP wants it: big-endian, without leading zeros; nothing for zero. */
function numberBytes(value) {
  const number = BigInt(value);
  if (number < 0n) throw new Error("a number is negative");
  if (number === 0n) return new Uint8Array();
  const hex = number.toString(16);
  return hexToBytes(hex.length % 2 ? `0${hex}` : hex);
}

function header(length, offset) {
  if (length < 56) return Uint8Array.of(offset + length);
  const size = numberBytes(length);
  return concatBytes(Uint8Array.of(offset + 55 + size.length), size);
}

/** RLP (Ethereum yellow paper, appendix B) of bytes or of a list. */
export function rlp(item) {
  if (Array.isArray(item)) {
    const body = concatBytes(...item.map(rlp));
    return concatBytes(header(body.length, 0xc0), body);
  }
  if (item.length === 1 && item[0] < 0x80) return item;
  return concatBytes(header(item.length, 0x80), item);
}

const hexBytes = (text) => hexToBytes(String(text).replace(/^0x/, "").toLowerCase());

/** Signs a transaction: `{ address, raw, hash }`; `raw` is what eth_sendRawTransaction takes. */
export function signWith(key, transaction) {
  const to = hexBytes(transaction.to);
  if (to.length !== 20) throw new Error("a transaction goes to an address of 20 bytes");
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gas, value, data } = transaction;
  const numbers = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gas].map(numberBytes);
  const fields = [...numbers, to, numberBytes(value), hexBytes(data), []];
  const digest = keccak_256(concatBytes(TYPE, rlp(fields)));
  const made = secp256k1.sign(digest, key, { lowS: true });
  const signature = [made.recovery, made.r, made.s].map(numberBytes);
  const raw = concatBytes(TYPE, rlp([...fields, ...signature]));
  return {
    address: addressOf(secp256k1.getPublicKey(key, false)),
    raw: "0x" + bytesToHex(raw),
    hash: "0x" + bytesToHex(keccak_256(raw)),
  };
}
