/** What the profile of a provider makes of a user or an administrator (reference: auth modules, 6.3). */
import { claimOf, textClaim } from '../../../identity/jwt/jws.ts'
import { isUnverified, type OAuthModule } from '../../../identity/oauth-module.ts'
import { isObject } from '../../../model/types/shape.ts'
import type { Identity, LoginSide } from '../../contract.ts'
import type { Json } from './provider-calls.ts'

const NO_EMAIL = 'no.name@oto.tools'
/** Rights a profile may bring. */
const MOST_RIGHTS = 200

export function identityOf(settings: OAuthModule, side: LoginSide, profile: Json, token: Json): Identity {
  const { nameField, emailField, adminEntityValidatorsOverride: validators } = settings
  const email = textClaim(profile, emailField) ?? NO_EMAIL
  // Whoever writes any address into his profile must not get what was meant for its owner.
  const own = isUnverified(profile) ? '' : email
  // What keeps somebody out holds for the address he says is his, verified or not.
  const judges = claimOf(validators, email)
  return {
    name: textClaim(profile, nameField) ?? textClaim(profile, 'sub') ?? 'No Name',
    email,
    profile,
    token,
    otoroshiData: dataOf(settings, profile, own),
    tags: [],
    metadata: {},
    rights: side === 'admin' ? rightsOf(settings, profile, own) : null,
    adminEntityValidators: isObject(judges) ? judges : {},
  }
}

function dataOf(settings: OAuthModule, profile: Json, email: string): Json {
  const { extraMetadata, dataOverride, otoroshiDataField } = settings
  const override = claimOf(dataOverride, email)
  const told = isObject(override) ? override : parsed(fieldAt(profile, otoroshiDataField))
  return { ...extraMetadata, ...(isObject(told) && told) }
}

/** `app_metadata | otoroshi_data`: names inside each other. */
function fieldAt(profile: Json, path: string): unknown {
  let value: unknown = profile
  for (const name of path.split('|').map(part => part.trim()))
    value = isObject(value) ? claimOf(value, name) : undefined
  return value
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

function rightsOf(settings: OAuthModule, profile: Json, email: string): unknown {
  if (settings.superAdmins) return [{ tenant: '*:rw', teams: ['*:rw'] }]
  const override = claimOf(settings.rightsOverride, email)
  if (override !== undefined) return override
  const told = toldRights(claimOf(profile, settings.otoroshiRightsField))
  if (told.length > 0) return told
  const { tenant, teams } = settings._loc
  return [{ tenant, teams }]
}

/**
 * One right, a list of them, or lists of lists. Rights stay side by side: what one organization is given for one team does not
 * widen what it is given for another. One that cannot be read makes all of them worthless (`Rights.read`).
 */
function toldRights(value: unknown): readonly unknown[] {
  const read = parsed(value)
  if (read === undefined || read === null) return []
  const rights = [read].flat(2)
  return rights.length > MOST_RIGHTS ? ['too many'] : rights
}
