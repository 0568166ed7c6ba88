/**
 * Finds the credential of a request: which forms are looked for, where, and which goes first.
 *
 * The first form that is there decides, and the others are not tried when it turns out to be wrong: id alone, id and secret
 * in headers, JWT, basic, bearer. In the request to the backend every place is looked at.
 */
import type { ClientRequest, HeaderNameKey } from '../../plugin/index.ts'
import { checkField } from '../../http/headers.ts'
import { type Credential, readBasic, readBearer, readClientId, readToken } from '../../identity/credential.ts'
import type { ExtractorsSettings, PlacesSettings } from './apikey-call-settings.ts'
import { cookiePlace, headerPlace, pathPlace, type Place, queryPlace } from './places.ts'

/** One place where one form may stand. */
export interface Spot {
  readonly place: Place
  find(request: ClientRequest): Credential | null
  /** Every credential in the place, those that do not count included. */
  findAll(request: ClientRequest): readonly Credential[]
}

export interface Found {
  readonly credential: Credential
  readonly spot: Spot
}

type Names = Readonly<Record<HeaderNameKey, string>>
type Reader = (text: string) => Credential | null

/** Names of places unless the settings give others. `scheme`: that of `Authorization`, which is a place too then. */
interface Usual {
  readonly scheme: string
  readonly header: string
  readonly query: string
  readonly cookie: string
  readonly path: string
}

/** Every spot, in the order in which they are asked. Throws when a header name is no name. */
export function credentialSpots(settings: ExtractorsSettings, names: Names): readonly Spot[] {
  const { basic, custom_headers: pair, client_id: id, jwt, oto_bearer: bearer } = settings
  const simple = names.simpleApiClientId
  const usual: Readonly<Record<'id' | 'jwt' | 'basic' | 'bearer', Usual>> = {
    id: { scheme: '', header: simple, query: 'x-api-key', cookie: 'x-api-key', path: 'apikey_simple_id' },
    jwt: {
      scheme: 'Bearer',
      header: names.bearer,
      query: 'bearer_auth',
      cookie: 'access_token',
      path: 'apikey_jwt',
    },
    basic: {
      scheme: 'Basic',
      header: names.authorization,
      query: 'basic_auth',
      cookie: 'basic_auth',
      path: 'apikey_basic',
    },
    bearer: {
      scheme: 'Bearer',
      header: names.bearer,
      query: 'bearer_auth',
      cookie: 'bearer',
      path: 'apikey_bearer',
    },
  }
  const spots: Spot[] = []
  const add = (enabled: boolean, read: Reader, places: readonly Place[]): void => {
    if (enabled) for (const place of places) spots.push(spot(place, read))
  }
  add(id.enabled, readClientId, placesOf(id, usual.id))
  if (pair.enabled) spots.push(headerPair(...pairNames(settings, names)))
  add(jwt.enabled, readToken, placesOf(jwt, usual.jwt))
  add(basic.enabled, readBasic, placesOf(basic, usual.basic))
  add(bearer.enabled, readBearer, placesOf(bearer, usual.bearer))
  // A bearer may also stand where ids stand.
  add(bearer.enabled, readBearer, [
    queryPlace(given(bearer.query_name) ?? 'x-api-key'),
    header(given(bearer.header_name) ?? simple, 'Bearer'),
  ])
  return spots
}

/** Names of the headers that hold id and secret. */
export function pairNames({ custom_headers: pair }: ExtractorsSettings, names: Names): [string, string] {
  return [
    given(pair.client_id_header_name) ?? names.clientId,
    given(pair.client_secret_header_name) ?? names.clientSecret,
  ]
}

/** The credential of a request, or null. */
export function findCredential(spots: readonly Spot[], request: ClientRequest): Found | null {
  for (const spot of spots) {
    const credential = spot.find(request)
    if (credential !== null) return { credential, spot }
  }
  return null
}

function placesOf(settings: PlacesSettings, usual: Usual): Place[] {
  const { scheme } = usual
  return [
    header(given(settings.header_name) ?? usual.header, scheme),
    ...(scheme === '' ? [] : [headerPlace('Authorization', scheme, true)]),
    queryPlace(given(settings.query_name) ?? usual.query),
    cookiePlace(given(settings.cookie_name) ?? usual.cookie),
    pathPlace(given(settings.path_name) ?? usual.path),
  ]
}

function header(name: string, scheme: string): Place {
  checkField(name, '')
  return headerPlace(name, scheme, false)
}

function spot(place: Place, read: Reader): Spot {
  return {
    place,
    find(request) {
      const text = place.read(request)
      return text === null ? null : read(text)
    },
    findAll(request) {
      const texts = place.readAll(request)
      return texts.length === 0 ? NOTHING : texts.map(read).filter(credential => credential !== null)
    },
  }
}

const NOTHING: readonly Credential[] = []

function headerPair(idName: string, secretName: string): Spot {
  const id = header(idName, '')
  const secret = header(secretName, '')
  return {
    place: {
      read: id.read,
      readAll: id.readAll,
      wipe(upstream) {
        id.wipe(upstream)
        secret.wipe(upstream)
      },
    },
    find(request) {
      const clientId = id.read(request)
      if (clientId === null) return null
      const given = secret.read(request)
      return given === null ? null : { form: 'secret', clientId, secret: given }
    },
    findAll(request) {
      const [given] = secret.readAll(request)
      if (given === undefined) return NOTHING
      return id.readAll(request).map(clientId => ({ form: 'secret', clientId, secret: given }))
    },
  }
}

/** A blank name stands for the usual one. */
function given(name: string | null): string | null {
  const trimmed = name?.trim() ?? ''
  return trimmed === '' ? null : trimmed
}
