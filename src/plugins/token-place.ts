/**
 * Places where a token stands in a request, as settings describe them (`{type, name, remove}`).
 *
 * Guarantees: a place that holds more than one text says so, because the backend might read another one than was judged; what is
 * written replaces whatever stood there.
 */
import { cookieValues } from '../http/cookies.ts'
import { checkField } from '../http/headers.ts'
import { withoutParameter } from '../http/query.ts'
import { type BackendRequest, type ClientRequest, schema as v } from '../plugin/index.ts'
import { appendCookie, removeCookies } from './request-cookies.ts'
import { text } from './settings.ts'

const line = v.pipe(
  v.string(),
  v.regex(/^[^\u0000-\u001f\u007f]*$/, 'Invalid text: control characters are not accepted'),
)

/** Setting of a place. */
export const placeSettings = v.looseObject({
  type: v.pipe(v.picklist(['InHeader', 'InQueryParam', 'InCookie']), v.description('Kind of place')),
  name: v.pipe(text, v.minLength(1), v.description('Name of the header, the parameter or the cookie')),
  remove: v.pipe(
    v.nullish(line, ''),
    v.description('In a header: text in front of the token, such as `Bearer `'),
  ),
})
export interface PlaceSettings {
  readonly type: 'InHeader' | 'InQueryParam' | 'InCookie'
  readonly name: string
  readonly remove?: string | undefined
}

export interface TokenPlace {
  /** Texts that stand there; empty ones are none. */
  read(request: ClientRequest): readonly string[]
  /** Takes them out of what goes to the backend. */
  wipe(upstream: BackendRequest): void
  /** Puts `token` there in place of whatever was. */
  write(upstream: BackendRequest, token: string): void
}

/** The place that settings mean. Throws `InvalidHeader` when a name can be no header or no cookie. */
export function tokenPlace({ type, name, remove = '' }: PlaceSettings): TokenPlace {
  switch (type) {
    case 'InHeader':
      return inHeader(name, remove)
    case 'InQueryParam':
      return inQuery(name)
    case 'InCookie':
      return inCookie(name)
  }
}

/** The token of `Authorization: Bearer`. */
export const bearerPlace: TokenPlace = {
  read: ({ headers }) => headers.getAll('authorization').flatMap(value => afterBearer(value) || []),
  wipe: ({ headers }) => headers.delete('authorization'),
  write: ({ headers }, token) => headers.set('Authorization', `Bearer ${token}`),
}

/** A header with a bearer token: behind `Bearer ` in `Authorization`, which may hold other credentials; elsewhere also alone. */
export function bearerHeader(name: string): TokenPlace {
  return name.toLowerCase() === 'authorization'
    ? bearerPlace
    : tokenPlace({ type: 'InHeader', name, remove: 'Bearer ' })
}

function afterBearer(value: string): string | null {
  return value.slice(0, 7).toLowerCase() === 'bearer ' ? value.slice(7).trim() : null
}

function inHeader(name: string, prefix: string): TokenPlace {
  checkField(name, prefix)
  const lower = name.toLowerCase()
  const start = prefix.toLowerCase()
  return {
    read: ({ headers }) =>
      headers
        .getAll(lower)
        .map(value =>
          (value.slice(0, start.length).toLowerCase() === start ? value.slice(start.length) : value).trim(),
        )
        .filter(value => value !== ''),
    wipe: ({ headers }) => headers.delete(name),
    write: ({ headers }, token) => headers.set(name, prefix + token),
  }
}

function inQuery(name: string): TokenPlace {
  const place: TokenPlace = {
    read(request) {
      const { queryString } = request
      // Without escapes the name stands there as it is, or nowhere: nothing needs to be decoded.
      if (queryString === '' || !(queryString.includes(name) || /[%+]/.test(queryString))) return []
      return request.query.getAll(name).filter(value => value !== '')
    },
    wipe(upstream) {
      upstream.path = withoutParameter(upstream.path, name)
    },
    write(upstream, token) {
      place.wipe(upstream)
      const joint = upstream.path.includes('?') ? '&' : '?'
      upstream.path += `${joint}${encodeURIComponent(name)}=${encodeURIComponent(token)}`
    },
  }
  return place
}

function inCookie(name: string): TokenPlace {
  checkField(name, '')
  const names = new Set([name])
  return {
    read: ({ headers }) => cookieValues(headers.getAll('cookie'), name).filter(value => value !== ''),
    wipe: ({ headers }) => removeCookies(headers, names),
    write({ headers }, token) {
      removeCookies(headers, names)
      appendCookie(headers, name, token)
    },
  }
}
