/** What an info token tells of the caller. */
import { X509Certificate } from 'node:crypto'
import { distinguishedName } from '../../expression/index.ts'
import type { ApikeyView } from '../../identity/apikey.ts'
import type { UserView } from '../../identity/user.ts'
import type { Exchange } from '../../plugin/index.ts'

/** Who calls; null for what is not there. */
export interface Caller {
  readonly apikey: ApikeyView | null
  readonly user: UserView | null
}

/** The private claims of a token, and its subject. */
export interface InfoClaims {
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
}

type Claims = Record<string, unknown>

/** Version `Latest`: key and user as objects. */
export function latestClaims({ apikey, user }: Caller): InfoClaims {
  const claims: Claims = { access_type: accessType(apikey !== null, user !== null) }
  if (user !== null) claims['user'] = user.light()
  if (apikey !== null) claims['apikey'] = apikey.light()
  return { subject: user?.email ?? apikey?.clientName ?? 'public', claims }
}

function accessType(apikey: boolean, user: boolean): string {
  if (apikey && user) return 'both'
  return user ? 'user' : apikey ? 'apikey' : 'public'
}

/** Fields of a user's profile that stand in the token under their own name. */
const OF_PROFILE = ['picture', 'given_name', 'family_name', 'gender', 'locale', 'nickname']

/** Version `Legacy`: everything flat, objects as JSON texts. */
export function legacyClaims({ apikey, user }: Caller, exchange: Exchange): InfoClaims {
  const claims: Claims = {}
  const put = (name: string, value: unknown): void => {
    if (value !== undefined && value !== null) claims[name] = value
  }
  const profile = user?.profile ?? {}
  const inProfile = (name: string): string | undefined => {
    const value = Object.hasOwn(profile, name) ? profile[name] : undefined
    return typeof value === 'string' ? value : undefined
  }
  put('email', user?.email)
  put('name', user?.name ?? apikey?.clientName)
  put('user_id', inProfile('user_id') ?? inProfile('sub') ?? apikey?.clientId)
  for (const name of OF_PROFILE) put(name, inProfile(name))
  const metadata = user?.metadata ?? apikey?.metadata
  if (typeof metadata === 'object' && metadata !== null) {
    for (const [name, value] of Object.entries(metadata)) if (name !== '__proto__') put(name, value)
    claims['metadata'] = JSON.stringify(metadata)
  }
  const chain = exchange.request.connection.tls?.clientChain() ?? []
  if (chain.length > 0) claims['clientCertChain'] = chain.map(certificateFacts)
  if (apikey !== null) claims['tags'] = JSON.stringify(apikey.tags)
  if (user !== null) claims['user'] = JSON.stringify(user.light())
  if (apikey !== null) claims['apikey'] = JSON.stringify(apikey.light())
  const subject = user === null ? (apikey === null ? '--' : `apikey:${apikey.clientId}`) : `pa:${user.email}`
  return { subject, claims }
}

function certificateFacts(der: Uint8Array): Readonly<Record<string, unknown>> {
  const { subject, issuer, validFromDate, validToDate, serialNumber } = new X509Certificate(der)
  return {
    subjectDN: distinguishedName(subject),
    issuerDN: distinguishedName(issuer),
    notAfter: validToDate.getTime(),
    notBefore: validFromDate.getTime(),
    serialNumber: serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    subjectCN: commonName(subject),
    issuerCN: commonName(issuer),
  }
}

function commonName(lines: string): string {
  return (
    lines
      .split('\n')
      .find(line => line.startsWith('CN='))
      ?.slice(3) ?? '--'
  )
}
