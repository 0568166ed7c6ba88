/** Header fields and targets of requests as events show them. */

/** A header field of an event. */
export interface EventField {
  readonly key: string
  readonly value: string
}

/** What becomes of the value of a field. */
type Treatment = 'hide' | 'target'

/** Names of fields whose values are credentials, or addresses that may hold some, in lower case. */
const FIELDS = new Map<string, Treatment>([
  ...[
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'otoroshi-client-secret',
    'otoroshi-authorization',
    'otoroshi-token',
    'otoroshi-claim',
    'otoroshi-private-token',
    'x-api-key',
    'x-oidc-id-token',
    'x-oidc-access-token',
  ].map(name => [name, 'hide'] as const),
  ...['referer', 'location', 'content-location'].map(name => [name, 'target'] as const),
])

/** By length, the first letters that occur: most names that clients write are told from these by them. */
const BEGINNINGS: string[] = []
for (const name of FIELDS.keys()) note(name)

function note(name: string): void {
  while (BEGINNINGS.length <= name.length) BEGINNINGS.push('')
  BEGINNINGS[name.length] += name[0]! + name[0]!.toUpperCase()
}

/** Fields with names of the settings are masked, too, in this thread from now on. */
export function maskFieldsNamed(names: readonly string[]): void {
  for (const name of names.map(text => text.toLowerCase())) {
    if (name === '' || FIELDS.has(name)) continue
    FIELDS.set(name, 'hide')
    note(name)
  }
}

/** Header fields that can be visited one by one. */
export interface VisitedFields {
  visit(each: (name: string, value: string) => void): void
}

/** The fields as events show them: values that are credentials masked. */
export function maskedFields(from: Iterable<readonly [string, string]> | VisitedFields): EventField[] {
  const list: EventField[] = []
  const add = (key: string, value: string): void => {
    const treatment = treatmentOf(key)
    if (treatment !== undefined) value = treatment === 'hide' ? '***' : maskedTarget(value)
    list.push({ key, value })
  }
  if ('visit' in from) from.visit(add)
  else for (const [key, value] of from) add(key, value)
  return list
}

/** Query parameters in which this gateway takes or gives credentials, by the names they usually have, in lower case. */
const SECRET_PARAMETERS = [
  'pappstoken',
  'bearer_auth',
  'basic_auth',
  'access_token',
  'x-api-key',
  'sessionid',
  'id_token_hint',
  'client_secret',
]
const SECRET_PARAMETER = new RegExp(`([?&](?:${SECRET_PARAMETERS.join('|')})=)[^&#]+`, 'gi')

/** The target of a request, or an address, as events show it: values of parameters that are credentials masked. */
export function maskedTarget(target: string): string {
  if (!target.includes('?')) return target
  const masked = target.replace(SECRET_PARAMETER, '$1***')
  const question = masked.indexOf('?')
  if (!masked.includes('%', question)) return masked
  // A name with an escape in it may be one of them, too.
  const hash = masked.indexOf('#', question)
  const end = hash < 0 ? masked.length : hash
  const pairs = masked.slice(question + 1, end).split('&')
  const shown = pairs.map(pair => {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, equals))
    const secret = name.includes('%') && SECRET_PARAMETERS.includes(decoded(name).toLowerCase())
    return secret ? `${name}=***` : pair
  })
  return masked.slice(0, question + 1) + shown.join('&') + masked.slice(end)
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function treatmentOf(name: string): Treatment | undefined {
  return BEGINNINGS[name.length]?.includes(name[0]!) === true ? FIELDS.get(name.toLowerCase()) : undefined
}
