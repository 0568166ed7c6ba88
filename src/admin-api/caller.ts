/**
 * Who is calling, and with which rights (reference, 2): those of the user the call acts for, else those the key is limited to,
 * else all.
 *
 * Guarantees: whatever names a user or limits a key and cannot be read leaves no rights at all (law 1).
 */
import { secretsOf } from '../identity/proofs.ts'
import { viewApikey } from '../identity/apikey.ts'
import { claimOf, readJws } from '../identity/jwt/jws.ts'
import { secretSigned } from '../identity/jwt/signature.ts'
import { timeFault } from '../identity/jwt/times.ts'
import { Rights } from '../identity/rights.ts'
import type { ChangeOrigin, ChangeTrace } from '../control/history/change-record.ts'
import type { HeaderBlock } from '../http/headers.ts'
import type { AdminSession } from '../model/kinds/admin-session.ts'
import type { Apikey } from '../model/kinds/apikey.ts'
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError } from './api-error.ts'
import type { AdminApiServices } from './services.ts'

/** The user a call acts for. */
export interface ActingUser {
  readonly name: string
  readonly email: string
}

export interface Caller {
  /** Client id of the API key, null when the gateway named none. */
  readonly clientId: string | null
  /** Current organization. */
  readonly tenant: string
  readonly rights: Rights
  /** Null when the call acts for nobody in particular. */
  readonly user: ActingUser | null
  /** Null when neither a user nor limits of the key are named: no validators are asked. */
  readonly acting: Acting | null
  /** Address of the client, null when the gateway named none. */
  readonly from: string | null
}

/** What a token says about the validators of its user. */
export interface Acting {
  /** Validators of entities by kind, as they were sent. */
  readonly validators: unknown
  /** Id of the auth module he came through, or null. */
  readonly module: string | null
}

/** Key metadata that limits what a key may do: a list of rights as JSON text. */
export const ACCESS_RIGHTS = 'otoroshi-access-rights'

/** Milliseconds of difference clocks may have. */
const LEEWAY = 10_000

/** Longest address that is kept: what a trusted proxy names may be anything. */
const LONGEST_ADDRESS = 100
/** Longest name or address of a user that the history keeps. */
const LONGEST_NAME = 320

/** The caller by the headers of the request. `peer`: address of the other end of the connection. */
export function callerOf(headers: HeaderBlock, services: AdminApiServices, peer: string | null): Caller {
  const header = services.callerHeader?.toLowerCase()
  const clientId = header === undefined ? null : (headers.get(header) ?? null)
  const tenant = headers.get('otoroshi-tenant') ?? 'default'
  const from = addressOf(headers, services, peer)
  const caller = { clientId, tenant, user: null, acting: null, from }
  // Without a gateway in front that names callers, whoever holds the token of the listener may do everything.
  if (header === undefined && !headers.has('otoroshi-backoffice-user'))
    return { ...caller, rights: Rights.all }
  const key = clientId === null ? null : storedKey(clientId, services)
  // A gateway that names callers names all of them: nobody, or a key that is gone, is no super admin.
  if (key === null) return { ...caller, rights: Rights.none }
  const token = headers.get('otoroshi-backoffice-user')
  if (token !== undefined) {
    const acting = actingUser(token, key)
    return acting === null ? { ...caller, rights: Rights.none } : { ...caller, ...acting }
  }
  const limits = Object.hasOwn(key.metadata, ACCESS_RIGHTS) ? key.metadata[ACCESS_RIGHTS] : undefined
  if (limits === undefined) return { ...caller, rights: Rights.all }
  return { ...caller, rights: Rights.read(limits), acting: { validators: undefined, module: null } }
}

/** An administrator who is logged in: his rights are those of his session. */
export function administratorAs(headers: HeaderBlock, admin: AdminSession, from: string): Caller {
  const { name, email, rights, adminEntityValidators, authConfigId, simpleLogin } = admin
  return {
    clientId: null,
    tenant: headers.get('otoroshi-tenant') ?? 'default',
    rights: Rights.read(rights),
    user: { name: name ?? '', email: email ?? '' },
    acting: { validators: adminEntityValidators, module: simpleLogin ? null : authConfigId },
    from: from.slice(0, LONGEST_ADDRESS).toWellFormed(),
  }
}

/** What the history keeps of the caller. */
export function originOf({ clientId, user, from }: Caller, trace: ChangeTrace = {}): ChangeOrigin {
  return { clientId, user: user === null ? null : shortened(user), from, ...trace }
}

// It is kept with every change, and a token may hold anything.
function shortened({ name, email }: ActingUser): ActingUser {
  const short = (text: string) => text.slice(0, LONGEST_NAME).toWellFormed()
  return { name: short(name), email: short(email) }
}

function addressOf(headers: HeaderBlock, { clientHeader }: AdminApiServices, peer: string | null) {
  if (clientHeader === undefined) return peer
  return headers.get(clientHeader.toLowerCase())?.slice(0, LONGEST_ADDRESS).toWellFormed() ?? null
}

/** The API key with this client id as it is stored, or null. */
export function storedKey(clientId: string, services: AdminApiServices): Apikey | null {
  const definition = definitionOf('Apikey')
  const stored = definition === null ? null : services.control.get(definition, clientId)
  const read = stored?.read()
  return read?.ok === true ? (read.value as Apikey) : null
}

/** The user in a token that is signed (HS512) with a secret of the key; null when it is not to be believed. */
function actingUser(token: string, key: Apikey): Pick<Caller, 'user' | 'rights' | 'acting'> | null {
  const jws = readJws(token)
  if (jws === null || jws.alg !== 'HS512') return null
  if (!secretsOf(viewApikey(key)).some(secret => secretSigned(jws, secret))) return null
  if (timeFault(jws.claims, Date.now() / 1000, LEEWAY / 1000) !== null) return null
  const user = userOf(claimOf(jws.claims, 'user'))
  if (user === null) return null
  const { name, email, rights, adminEntityValidators, authConfigId } = user
  return {
    user: { name: typeof name === 'string' ? name : '', email: typeof email === 'string' ? email : '' },
    rights: Rights.read(rights),
    acting: {
      validators: adminEntityValidators,
      module: typeof authConfigId === 'string' ? authConfigId : null,
    },
  }
}

function userOf(claim: unknown): Record<string, unknown> | null {
  if (typeof claim !== 'string') return isObject(claim) ? claim : null
  try {
    const user: unknown = JSON.parse(claim)
    return isObject(user) ? user : null
  } catch {
    return null
  }
}

/** Refuses whoever is no super admin: for what belongs to the whole instance. */
export function requireSuper(caller: Caller): void {
  if (!caller.rights.isSuper) throw notAllowedHere()
}

/** What endpoints that are not about one entity answer when rights are missing. */
export function notAllowedHere(): ApiError {
  return new ApiError(
    403,
    'admin.unauthorized',
    "You're not authorized here !",
    'the caller has no right to this',
  )
}
