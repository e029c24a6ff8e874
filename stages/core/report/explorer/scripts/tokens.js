// Text and tokens, as in stages/core/text: characters, words spelled in characters where they are unknown, or bytes.

class Tokens {
  // kind: characters, words or bytes; texts: the text of each token
  constructor({ kind, texts }) {
    this.texts = texts;
    this.idOf = new Map(texts.map((text, id) => [text, id]));
    this.kind = kind;
    this.noun = { words: "token", bytes: "byte" }[kind] ?? "character";
  }

  get size() {
    return this.texts.length;
  }

  // The ids of a text, and the distinct characters that no token can write, which are left out.
  encode(text) {
    const characters = Array.from(text);
    const unknown = new Set(characters.filter((character) => !this.spelled(character).every((t) => this.idOf.has(t))));
    const known = characters.filter((character) => !unknown.has(character)).join("");
    return { text: known, unknown: [...unknown], ids: this.cut(known).map((token) => this.idOf.get(token)) };
  }

  decode(ids) {
    const text = ids.map((id) => this.texts[id]).join("");
    return this.kind === "bytes" ? text.replace(WHOLE_CHARACTER, decodedBytes) : text;
  }

  // The tokens that a known text is made of.
  cut(text) {
    const pieces = this.kind === "words" ? (text.match(PIECE) ?? []) : Array.from(text);
    return pieces.flatMap((piece) => (this.idOf.has(piece) ? [piece] : Array.from(piece).flatMap((c) => this.spelled(c))));
  }

  spelled(character) {
    if (this.kind !== "bytes" || isByte(character)) return [character];
    return Array.from(new TextEncoder().encode(character), (byte) => String.fromCodePoint(byte < 0x80 ? byte : ESCAPE + byte));
  }
}

// runs of letters, runs of white space, single other characters
const PIECE = /[\p{L}\p{M}]{1,64}|\p{White_Space}{1,64}|./gsu;
// a byte that is not a character of its own, as a token: U+EF00 + byte
const ESCAPE = 0xef00;
const WHOLE_CHARACTER =
  /[\uefc2-\uefdf][\uef80-\uefbf]|[\uefe0-\uefef][\uef80-\uefbf]{2}|[\ueff0-\ueff4][\uef80-\uefbf]{3}/g;

function isByte(character) {
  return character >= "\uef80" && character <= "\uefff" && character.length === 1;
}

function decodedBytes(escapes) {
  const bytes = Uint8Array.from(escapes, (character) => character.charCodeAt(0) - ESCAPE);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return escapes; // as long as a character, but not one
  }
}
