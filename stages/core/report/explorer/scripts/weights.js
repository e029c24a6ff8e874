// Weights out of the page's data: base64 of little-endian numbers, like every machine that runs a browser keeps them.

// network: what the data say of it. Returns name -> Float32Array.
function decodedArrays({ type, arrays }) {
  const decode = { float32: float32Array, float16: float16Array }[type];
  return Object.fromEntries(Object.entries(arrays).map(([name, text]) => [name, decode(bytesOf(text))]));
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
}

function float32Array(bytes) {
  return new Float32Array(bytes);
}

// IEEE 754 half precision: a sign, 5 bits of exponent, 10 of fraction. Weights are finite.
function float16Array(bytes) {
  return Float32Array.from(new Uint16Array(bytes), (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  });
}
