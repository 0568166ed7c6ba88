/** Places of a request where a credential may stand: read them, take them away. */
import { cookieValues } from '../../http/cookies.ts'
import { withoutParameter } from '../../http/query.ts'
import type { BackendRequest, ClientRequest } from '../../plugin/index.ts'
import { removeCookies } from '../request-cookies.ts'
import { unescaped } from '../unescaped.ts'

const NOTHING: readonly string[] = []

export interface Place {
  /** The text in this place; null when there is none. */
  read(request: ClientRequest): string | null
  /** Every text in this place: names may be there more than once, and who knows which of them somebody else reads. */
  readAll(request: ClientRequest): readonly string[]
  /** Takes the text out of what goes to the backend. */
  wipe(upstream: BackendRequest): void
}

/** A header field. `scheme`: `Bearer` in `Authorization: Bearer x`, in any case (RFC 9110, 11.1). */
export function headerPlace(given: string, scheme: string, schemeNeeded: boolean): Place {
  const name = given.toLowerCase()
  const start = `${scheme.toLowerCase()} `
  const textIn = (value: string): string | null => {
    if (scheme !== '' && value.slice(0, start.length).toLowerCase() === start)
      return value.slice(start.length).trim()
    return schemeNeeded ? null : value
  }
  return {
    read(request) {
      const value = request.headers.get(name)
      return value === undefined ? null : textIn(value)
    },
    readAll({ headers }) {
      if (headers.get(name) === undefined) return NOTHING
      return headers
        .getAll(name)
        .map(textIn)
        .filter(text => text !== null)
    },
    wipe: upstream => upstream.headers.delete(name),
  }
}

/** A query parameter; of several the last counts. */
export function queryPlace(name: string): Place {
  const readAll = ({ queryString, query }: ClientRequest): readonly string[] => {
    // Without escapes the name stands there as it is, or nowhere: nothing needs to be decoded.
    if (queryString === '' || !(queryString.includes(name) || /[%+]/.test(queryString))) return NOTHING
    return query.getAll(name)
  }
  return {
    read: request => readAll(request).at(-1) ?? null,
    readAll,
    wipe(upstream) {
      upstream.path = withoutParameter(upstream.path, name)
    },
  }
}

/** A cookie. */
export function cookiePlace(name: string): Place {
  const names = new Set([name])
  return {
    read: request => (request.headers.has('cookie') ? (request.cookies.get(name) ?? null) : null),
    readAll({ headers, cookies }) {
      if (!headers.has('cookie') || cookies.get(name) === undefined) return NOTHING
      return cookieValues(headers.getAll('cookie'), name)
    },
    wipe: ({ headers }) => removeCookies(headers, names),
  }
}

/** A parameter of the path, without its escapes. It stays: the path would be another one without it. */
export function pathPlace(name: string): Place {
  const read = ({ pathParams }: ClientRequest): string | null =>
    Object.hasOwn(pathParams, name) ? unescaped(pathParams[name]!) : null
  return {
    read,
    readAll(request) {
      const text = read(request)
      return text === null ? NOTHING : [text]
    },
    wipe: () => {},
  }
}
