// Browser wallets, found by EIP-6963 and asked by EIP-1193. `window.ethereum` is never used: with
// several wallets installed nobody knows whose it is.

const found = new Map();
const listeners = new Set();
let listening = false;

/** Calls `onChange` with all wallets whenever one announces itself; returns how to stop. */
export function discover(onChange) {
  listeners.add(onChange);
  if (!listening) {
    listening = true;
    window.addEventListener("eip6963:announceProvider", (event) => {
      const { info, provider } = event.detail ?? {};
      if (!info?.uuid || !provider) return;
      found.set(info.uuid, { info, provider });
      for (const listener of listeners) listener([...found.values()]);
    });
  }
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  onChange([...found.values()]);
  return () => listeners.delete(onChange);
}

export class WalletError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const REJECTED = 4001;
const UNKNOWN_CHAIN = 4902;
const ALREADY_ASKING = -32002;

function codeOf(error) {
  return error?.data?.originalError?.code ?? error?.code;
}

async function ask(provider, method, params, seconds) {
  let timer;
  const late = new Promise((_, reject) => {
    const tell = () =>
      reject(new WalletError("timeout", "The wallet did not answer in time. Open it and try again."));
    timer = setTimeout(tell, seconds * 1000);
  });
  try {
    return await Promise.race([provider.request({ method, params }), late]);
  } catch (error) {
    if (error instanceof WalletError) throw error;
    const code = codeOf(error);
    if (code === REJECTED) {
      throw new WalletError("rejected", "You declined in the wallet. Nothing was signed or sent.");
    }
    if (code === ALREADY_ASKING) {
      throw new WalletError("busy", "The wallet is asking already. Open it and answer there.");
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The accounts that the user lets this page see. */
export async function accounts(provider, seconds) {
  const list = await ask(provider, "eth_requestAccounts", [], seconds);
  if (!list?.length) throw new WalletError("no-account", "The wallet shows no account to this page.");
  return list;
}

async function switchChain(provider, chain, seconds) {
  const current = await ask(provider, "eth_chainId", [], seconds);
  if (BigInt(current) === BigInt(chain.chainId)) return;
  const target = [{ chainId: chain.chainId }];
  try {
    await ask(provider, "wallet_switchEthereumChain", target, seconds);
  } catch (error) {
    if (codeOf(error) !== UNKNOWN_CHAIN) throw error;
    await ask(provider, "wallet_addEthereumChain", [chain], seconds);
    await ask(provider, "wallet_switchEthereumChain", target, seconds);
  }
}

/** The actor's account in the wallet. */
async function accountOf(provider, actor, seconds) {
  const list = await accounts(provider, seconds);
  const account = list.find((a) => a.toLowerCase() === actor.toLowerCase());
  if (!account) {
    throw new WalletError(
      "other-account",
      "The wallet shows another account to this page than the one that is to sign. " +
        "Choose that account in the wallet, or connect again.",
    );
  }
  return account;
}

/** The actor's account in the wallet, on the right chain. */
async function ready(provider, { actor, chain, seconds }) {
  const account = await accountOf(provider, actor, seconds);
  await switchChain(provider, chain, seconds);
  return account;
}

/** Signs a message of text as `actor` (EIP-191, `personal_sign`): `{ address, signature }`. */
export async function signMessage(provider, { actor, message, seconds }) {
  const account = await accountOf(provider, actor, seconds);
  const bytes = new TextEncoder().encode(message);
  const hex = "0x" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const signature = await ask(provider, "personal_sign", [hex, account], seconds);
  return { address: actor, signature };
}

/** Signs typed data as `actor`: `{ address, signature }`. */
export async function signTypedData(provider, { actor, typedData, chain, seconds }) {
  const account = await ready(provider, { actor, chain, seconds });
  const text = JSON.stringify(typedData);
  const signature = await ask(provider, "eth_signTypedData_v4", [account, text], seconds);
  return { address: actor, signature };
}

/** Has the wallet sign and send a transaction as `actor`: `{ address, hash }`. */
export async function sendTransaction(provider, { actor, transaction, chain, seconds }) {
  const account = await ready(provider, { actor, chain, seconds });
  const { to, value, data, gas } = transaction;
  const wanted = { from: account, to, value, data, gas };
  const hash = await ask(provider, "eth_sendTransaction", [wanted], seconds);
  return { address: actor, hash };
}
