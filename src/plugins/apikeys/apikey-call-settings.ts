/** Settings of the plugins that ask for an API key. */
import { schema as v } from '../../plugin/index.ts'
import { flag, setting, text, textMap, texts } from '../settings.ts'

const name = (what: string) =>
  setting(v.nullable(text), null, `Name of the ${what}, in place of the usual one`)

const places = {
  enabled: setting(flag, true, 'Look for credentials of this form'),
  header_name: name('header'),
  query_name: name('query parameter'),
  cookie_name: name('cookie'),
  path_name: name('path parameter'),
}

export const placesSettings = v.looseObject(places)
export type PlacesSettings = v.InferOutput<typeof placesSettings>

export const tokenSettings = v.looseObject({
  ...places,
  secret_signed: setting(flag, true, 'Accept tokens signed with the secret of the key (HS256, HS384, HS512)'),
  keypair_signed: setting(flag, true, 'Accept tokens signed with a key pair (RS* and ES*)'),
  include_request_attrs: setting(flag, false, 'The token names path, method and host of the request'),
  max_jwt_lifespan_sec: setting(
    v.nullable(v.pipe(v.number(), v.integer())),
    null,
    'Longest time between issue and end of a token, seconds; negative for none',
  ),
})
export type TokenSettings = v.InferOutput<typeof tokenSettings>

export const extractorsSettings = v.looseObject({
  basic: setting(placesSettings, () => ({}), 'Id and secret as HTTP basic credentials'),
  custom_headers: setting(
    v.looseObject({
      enabled: places.enabled,
      client_id_header_name: name('header with the id'),
      client_secret_header_name: name('header with the secret'),
    }),
    () => ({}),
    'Id and secret in two headers',
  ),
  client_id: setting(placesSettings, () => ({}), 'The id alone, for keys that allow it'),
  jwt: setting(tokenSettings, () => ({}), 'A JWT that names the key'),
  oto_bearer: setting(placesSettings, () => ({}), 'A bearer made from id and secret (otoapk_…)'),
})
export type ExtractorsSettings = v.InferOutput<typeof extractorsSettings>

// No defaults: constraints that are not given are not there.
const tags = (what: string) => v.pipe(v.nullish(texts), v.description(what))
const pairs = (what: string) => v.pipe(v.nullish(textMap), v.description(what))

export const constraintsSettings = v.looseObject({
  none_tag_in: tags('Keys with one of these tags do not fit'),
  one_tag_in: tags('Keys with one of these tags fit'),
  all_tags_in: tags('Keys with all these tags fit'),
  none_meta_in: pairs('Keys with one of these metadata do not fit'),
  one_meta_in: pairs('Keys with one of these metadata fit'),
  all_meta_in: pairs('Keys with all these metadata fit'),
  none_meta_keys_in: tags('Keys with metadata of one of these names do not fit'),
  one_meta_key_in: tags('Keys with metadata of one of these names fit'),
  all_meta_keys_in: tags('Keys with metadata of all these names fit'),
})
export type ConstraintsSettings = v.InferOutput<typeof constraintsSettings>

export const apikeyCallSettings = v.looseObject({
  extractors: setting(extractorsSettings, () => ({}), 'Where credentials are looked for'),
  routing: setting(
    v.looseObject({
      enabled: setting(flag, false, 'Only keys that fit the constraints lead to the route'),
      ...constraintsSettings.entries,
    }),
    () => ({}),
    'Constraints on the key',
  ),
  validate: setting(flag, true, 'Refuse calls whose key is not good'),
  mandatory: setting(flag, true, 'Refuse calls without a key'),
  pass_with_user: setting(flag, false, 'A logged-in user needs no key'),
  wipe_backend_request: setting(flag, true, 'Keep credentials of keys from the backend'),
  update_quotas: setting(
    flag,
    true,
    'Calls count for the quotas of the key; otherwise it only has to have a call left',
  ),
  shadow_quotas: setting(
    flag,
    false,
    'Tell of calls beyond the limits of the key in events, and let them pass',
  ),
})
export type ApikeyCallSettings = v.InferOutput<typeof apikeyCallSettings>
