// The component: chooses a wallet or a keystore file, connects, signs typed data, a message of text
// or a transaction.
// All text that comes from elsewhere (names of wallets, messages, what is signed) is set as text,
// never as HTML.

import * as keys from "./keystore.js";
import * as wallets from "./wallets.js";

const { KeystoreError } = keys;
const { WalletError } = wallets;

// Kept for as long as the page is open: which wallet or file the user chose. A file is kept as it
// was encrypted; its passphrase and its key are not kept.
const chosen = { wallet: null, keystore: null };

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

function messageOf(error) {
  if (error instanceof WalletError) return [error.code, error.message];
  if (error instanceof KeystoreError) return ["keystore", error.message];
  const said = typeof error?.message === "string" ? error.message : "no reason given";
  return ["wallet-error", `The wallet reported a problem: ${said.slice(0, 200)}`];
}

function icon(info) {
  if (!/^data:image\/(png|svg\+xml|webp|jpeg|gif)[;,]/.test(info.icon ?? "")) return "";
  return make("img", { src: info.icon, alt: "", width: 20, height: 20 });
}

class Signer {
  constructor(root, component) {
    this.root = root;
    this.busy = false;
    this.update(component);
    this.status = make("p", { className: "status" });
    this.status.setAttribute("role", "status");
    this.status.setAttribute("aria-live", "polite");
    this.words = make("div", { className: "words" });
    this.wallets = make("div", { className: "wallets" });
    this.keys = make("div", { className: "keys" });
    root.replaceChildren(this.words, this.wallets, this.keys, this.status);
    this.stop = wallets.discover((list) => this.showWallets(list));
    this.showWords();
    this.showKeys();
  }

  update({ data, setTriggerValue, setStateValue }) {
    const before = this.data;
    this.data = data;
    this.trigger = setTriggerValue;
    this.keep = setStateValue;
    if (before && (before.mode !== data.mode || before.requestId !== data.requestId)) {
      this.say("");
      wallets.discover((list) => this.showWallets(list))();
      this.showWords();
      this.showKeys();
    }
  }

  say(text, isProblem = false) {
    this.status.textContent = text;
    this.status.classList.toggle("problem", isProblem);
  }

  /** Whether something is signed, and not only an account shown. */
  get signing() {
    return this.data.mode !== "connect";
  }

  /** Whether what is signed is a transaction. */
  get sending() {
    return this.data.mode === "send";
  }

  /** Whether what is signed is a message of text, which opens a session. */
  get signingIn() {
    return this.data.mode === "signIn";
  }

  /** What happens once it is signed. */
  get whatFollows() {
    return this.signingIn ? "Signed. Signing you in." : "Signed. Waiting for the ledger.";
  }

  /** What is about to be signed, in words. */
  showWords() {
    const words = this.data.words ?? [];
    this.words.replaceChildren(...words.map((textContent) => make("p", { textContent })));
  }

  showWallets(list) {
    const verb = this.signing ? "Sign with" : "Connect";
    const buttons = list.map(({ info, provider }) => {
      const button = make("button", { type: "button" }, icon(info), `${verb} ${info.name}`);
      button.className = "wallet";
      button.onclick = () => this.act(() => this.useWallet(info, provider));
      return button;
    });
    const none = make("p", { className: "none" });
    none.textContent =
      "No browser wallet was found in this browser. Install one (any wallet that supports " +
      "EIP-6963), or use a keystore file below.";
    this.wallets.replaceChildren(...(buttons.length ? buttons : [none]));
  }

  showKeys() {
    const file = make("input", { type: "file", accept: ".json,application/json", id: "file" });
    const passphrase = make("input", { type: "password", id: "passphrase", autocomplete: "off" });
    const button = make("button", { type: "submit" });
    button.textContent = this.signing ? "Sign with the keystore" : "Open the keystore";
    file.onchange = () => {
      chosen.keystore = null;
    };
    const known = chosen.keystore
      ? make("p", { className: "known" }, `Using the file ${chosen.keystore.name}; choose another to change.`)
      : "";
    const form = make(
      "form",
      {},
      make("label", { htmlFor: "file", textContent: "Keystore file (stays in this browser)" }),
      file,
      known,
      make("label", { htmlFor: "passphrase", textContent: "Its passphrase" }),
      passphrase,
      button,
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      const words = passphrase.value;
      passphrase.value = "";
      this.act(() => this.useKeystore(file.files[0], words));
    };
    const details = make("details", {}, make("summary", { textContent: "Use a keystore file" }), form);
    details.open = chosen.keystore !== null;
    this.keys.replaceChildren(details);
  }

  async act(action) {
    if (this.busy) return;
    this.busy = true;
    try {
      await action();
    } catch (error) {
      const [code, message] = messageOf(error);
      this.say(message, true);
      this.trigger("failed", { requestId: this.data.requestId, code, message });
    } finally {
      this.busy = false;
    }
  }

  async useWallet(info, provider) {
    const { requestId, timeoutSeconds: seconds } = this.data;
    this.say("Waiting for the wallet. Look for its window.");
    if (!this.signing) {
      const [address] = await wallets.accounts(provider, seconds);
      chosen.wallet = info.rdns;
      this.say("Connected.");
      this.trigger("connected", { requestId, address, with: info.name });
      return;
    }
    const { actor, typedData, message, transaction, chain } = this.data;
    if (this.sending) {
      const sent = await wallets.sendTransaction(provider, { actor, transaction, chain, seconds });
      this.finish("Sent. Waiting for the chain.", { requestId, ...sent });
      return;
    }
    const made = this.signingIn
      ? await wallets.signMessage(provider, { actor, message, seconds })
      : await wallets.signTypedData(provider, { actor, typedData, chain, seconds });
    this.finish(this.whatFollows, { requestId, ...made });
  }

  finish(words, answer) {
    this.say(words);
    // Kept, not told once: a page that draws itself again just now must not miss a signature.
    this.keep("signed", answer);
  }

  async useKeystore(file, passphrase) {
    const { requestId } = this.data;
    if (!chosen.keystore && !file) throw new KeystoreError("Choose a keystore file first.");
    const keystore = chosen.keystore ?? { ...(await keys.readKeystore(file)), name: file.name };
    const progress = (done) => this.say(`Opening the key, ${Math.round(done * 100)} %`);
    this.say("Opening the key.");
    if (!this.signing) {
      const address = await keys.unlock(keystore, passphrase, progress);
      chosen.keystore = keystore;
      this.say("Connected.");
      this.trigger("connected", { requestId, address, with: "keystore file" });
      return;
    }
    const made = await this.signWithKeystore(keystore, passphrase, progress);
    if (made.address.toLowerCase() !== this.data.actor.toLowerCase()) {
      throw new KeystoreError("This keystore holds the key of another account than the one to sign.");
    }
    chosen.keystore = keystore;
    this.finish(this.whatFollows, { requestId, ...made });
  }

  signWithKeystore(keystore, passphrase, progress) {
    const { typedData, message, transaction } = this.data;
    if (this.sending) return keys.signTransaction(keystore, passphrase, transaction, progress);
    if (this.signingIn) return keys.signMessage(keystore, passphrase, message, progress);
    return keys.signTypedData(keystore, passphrase, typedData, progress);
  }
}

const mounted = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector("#signer");
  const known = mounted.get(root);
  if (known) known.update(component);
  else mounted.set(root, new Signer(root, component));
  return () => {
    mounted.get(root)?.stop();
    mounted.delete(root);
  };
}
