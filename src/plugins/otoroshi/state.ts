/** What a backend is asked to answer. */
import { randomBytes } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*$%)([]!=+-_:/;.><&'
const LENGTH = 128
/** Bytes from here on are thrown away: every character is equally likely. */
const EVEN = 256 - (256 % ALPHABET.length)

/** 128 random characters that can stand in a header field. */
export function newState(): string {
  let state = ''
  while (state.length < LENGTH) {
    for (const byte of randomBytes(144))
      if (byte < EVEN && state.length < LENGTH) state += ALPHABET[byte % ALPHABET.length]
  }
  return state
}
