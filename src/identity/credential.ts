/** What a caller shows to be known as an API key, before anybody has judged it. */
import { clientIdOfBearer } from './proofs.ts'
import { freezeClaims, type Jws, readJws, textClaim } from './jwt/jws.ts'

export type Credential =
  | { readonly form: 'client-id'; readonly clientId: string }
  | { readonly form: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly form: 'bearer'; readonly clientId: string; readonly bearer: string }
  | { readonly form: 'token'; readonly clientId: string; readonly token: Jws }

/** Longest credential that is looked at, characters: nobody's id and secret are longer. */
const LONGEST_PAIR = 8192

/** `id:secret` in base64, either alphabet, padded or not (RFC 7617). Null for anything else. */
export function readBasic(text: string): Credential | null {
  if (text.length > LONGEST_PAIR || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return null
  const pair = Buffer.from(text, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon <= 0) return null
  return { form: 'secret', clientId: pair.slice(0, colon), secret: pair.slice(colon + 1) }
}

/** A bearer `otoapk_…`. Null for anything else. */
export function readBearer(text: string): Credential | null {
  const clientId = text.length > LONGEST_PAIR ? null : clientIdOfBearer(text)
  return clientId === null ? null : { form: 'bearer', clientId, bearer: text }
}

/** Claims that may name the key, the first one there decides. */
const NAMING = ['clientId', 'client_id', 'cid', 'iss']

/** Tokens remembered, twice as many at most, and characters of the longest of them. */
const MOST_TOKENS = 128
const LONGEST_REMEMBERED = 2048

/** Tokens read lately, and those before them. */
let lately = new Map<string, Credential>()
let before: typeof lately = new Map()

/**
 * A JWT that names a key. Null for anything else. One that comes again is not read again, which costs as much as all the rest of
 * the look for a key; whether it is to be believed is for others to say, each time.
 */
export function readToken(text: string): Credential | null {
  const known = lately.get(text)
  if (known !== undefined) return known
  if (text.length > LONGEST_REMEMBERED) return tokenIn(text)
  const older = before.get(text)
  // A copy: the text may be a part of all that the client has sent, which would be held, too.
  const own = Buffer.from(text).toString()
  const read = older ?? tokenIn(own)
  if (read?.form !== 'token') return read
  freezeClaims(read.token.claims)
  if (lately.size >= MOST_TOKENS) {
    before = lately
    lately = new Map()
  }
  lately.set(own, read)
  return read
}

function tokenIn(text: string): Credential | null {
  const token = readJws(text)
  if (token === null) return null
  for (const name of NAMING) {
    const clientId = textClaim(token.claims, name)
    if (clientId !== null) return { form: 'token', clientId, token }
  }
  return null
}

/** The id alone. A bearer is no id, though it may stand in the same place. Null for an empty text. */
export function readClientId(text: string): Credential | null {
  return text === '' || clientIdOfBearer(text) !== null ? null : { form: 'client-id', clientId: text }
}
