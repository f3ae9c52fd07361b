// Web3 Secret Storage V3 files, opened in the browser. The file and its passphrase stay in this
// page's memory; what leaves it is a signature. The decrypted key is overwritten after each use.

import { ctr } from "@noble/ciphers/aes";
import { secp256k1 } from "@noble/curves/secp256k1";
import { pbkdf2Async } from "@noble/hashes/pbkdf2";
import { scryptAsync } from "@noble/hashes/scrypt";
import { sha256 } from "@noble/hashes/sha2";
import { keccak_256 } from "@noble/hashes/sha3";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils";

import { signWith } from "./transactions.js";
import { addressOf, bytesToHex, digestOf, hexToBytes, messageDigestOf } from "./typed_data.js";

const LARGEST_FILE = 64 * 1024;
const LARGEST_WORK = 2 ** 20;

export class KeystoreError extends Error {}

/** Reads a keystore file that the user chose. Returns its document; nothing is decrypted. */
export async function readKeystore(file) {
  if (file.size > LARGEST_FILE) throw new KeystoreError("This file is too large for a keystore.");
  let document;
  try {
    document = JSON.parse(await file.text());
  } catch {
    throw new KeystoreError("This file is not a keystore: it is not JSON.");
  }
  const crypto = document?.crypto ?? document?.Crypto;
  if (document?.version !== 3 || !crypto?.ciphertext || crypto.cipher !== "aes-128-ctr") {
    throw new KeystoreError("This file is not a keystore of version 3 (Web3 Secret Storage).");
  }
  return { crypto, address: document.address };
}

async function derive(crypto, passphrase, onProgress) {
  const { kdf, kdfparams: p } = crypto;
  const salt = hexToBytes(p.salt);
  const password = utf8ToBytes(passphrase);
  if (kdf === "scrypt") {
    if (p.n > LARGEST_WORK) throw new KeystoreError("This keystore asks for too much work.");
    const limits = { N: p.n, r: p.r, p: p.p, dkLen: p.dklen, maxmem: 2 ** 31, onProgress };
    return scryptAsync(password, salt, limits);
  }
  if (kdf === "pbkdf2" && p.prf === "hmac-sha256") {
    if (p.c > 16 * LARGEST_WORK) throw new KeystoreError("This keystore asks for too much work.");
    return pbkdf2Async(sha256, password, salt, { c: p.c, dkLen: p.dklen });
  }
  throw new KeystoreError(`The key derivation of this keystore is not known here.`);
}

/** Decrypts the key, hands it to `use`, and overwrites it whatever happens. */
async function withKey({ crypto }, passphrase, onProgress, use) {
  const derived = await derive(crypto, passphrase, onProgress);
  const ciphertext = hexToBytes(crypto.ciphertext);
  const mac = bytesToHex(keccak_256(concatBytes(derived.slice(16, 32), ciphertext)));
  if (mac !== crypto.mac.toLowerCase()) {
    throw new KeystoreError("The passphrase does not open this key. Try again.");
  }
  const key = ctr(derived.slice(0, 16), hexToBytes(crypto.cipherparams.iv)).decrypt(ciphertext);
  try {
    return use(key);
  } finally {
    key.fill(0);
    derived.fill(0);
  }
}

/** The address of the key, once the passphrase has opened it. */
export function unlock(keystore, passphrase, onProgress) {
  return withKey(keystore, passphrase, onProgress, (key) =>
    addressOf(secp256k1.getPublicKey(key, false)),
  );
}

function signDigest(keystore, passphrase, digest, onProgress) {
  return withKey(keystore, passphrase, onProgress, (key) => {
    const made = secp256k1.sign(digest, key, { lowS: true });
    const v = (27 + made.recovery).toString(16);
    return {
      address: addressOf(secp256k1.getPublicKey(key, false)),
      signature: "0x" + made.toCompactHex() + v,
    };
  });
}

/** Signs typed data; answers `{ address, signature }`, the signature as 0x-hex r‖s‖v. */
export function signTypedData(keystore, passphrase, typedData, onProgress) {
  return signDigest(keystore, passphrase, digestOf(typedData), onProgress);
}

/** Signs a message of text (EIP-191, version 0x45); answers as `signTypedData`. */
export function signMessage(keystore, passphrase, message, onProgress) {
  return signDigest(keystore, passphrase, messageDigestOf(message), onProgress);
}

/** Signs a transaction; answers `{ address, raw, hash }`. */
export function signTransaction(keystore, passphrase, transaction, onProgress) {
  return withKey(keystore, passphrase, onProgress, (key) => signWith(key, transaction));
}
