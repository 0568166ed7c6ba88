/** CRC-32 (RFC 1952, 8) of runs of zeros, without walking them: polynomials over GF(2), bits reversed. */

const POLYNOMIAL = 0xedb88320

/** CRC-32 of `bytes` zero bytes. */
export function crcOfZeros(bytes: number): number {
  // A zero byte multiplies what the register holds, which begins with all ones, by x^8.
  return (multiplied(power(bytes * 8), 0xffffffff) ^ 0xffffffff) >>> 0
}

/** x^n modulo the polynomial. */
function power(exponent: number): number {
  let result = 0x80000000
  let square = 0x40000000
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiplied(square, result)
    square = multiplied(square, square)
  }
  return result
}

function multiplied(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1
  }
  return product >>> 0
}
