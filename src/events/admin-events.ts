/** Events of calls of the admin API, in upstream's shape: the audit event, and the alert about it. */
import { maskSecrets } from './mask-secrets.ts'

/** What is told of one call of the admin API. */
export interface AdminCallFacts {
  /** Unique. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly env: string
  /** The user the call acted for, or null. */
  readonly user: unknown
  /** The API key of the call, or null. Its secrets are masked here. */
  readonly apikey: unknown
  /** Such as `CREATE_ROUTE`. */
  readonly action: string
  readonly from: string
  readonly message: string
  /** Of what was written; secrets are masked here. */
  readonly metadata: unknown
}

type Event = Readonly<Record<string, unknown>>

/**
 * Which fields an alert has: `generic` the user and the audit event; `identity` the same, and the user under that name too;
 * `config` both global configurations besides; `user` the user only; `event` the user, and the audit event under that name.
 */
export type AlertShape = 'generic' | 'identity' | 'config' | 'user' | 'event'

/** Builds the audit event. */
export function buildAdminApiEvent(facts: AdminCallFacts): Event {
  return {
    ...envelope('AuditEvent', facts.id, facts.at, facts.env),
    audit: 'AdminApiEvent',
    user: facts.user,
    apiKey: maskSecrets(facts.apikey),
    action: facts.action,
    from: facts.from,
    message: facts.message,
    metadata: maskSecrets(facts.metadata),
  }
}

/** Builds the alert `alert` about an audit event. `configs`: for the shape `config`; secrets are masked here. */
export function buildAdminAlert(
  { alert, shape }: { readonly alert: string; readonly shape: AlertShape },
  id: string,
  audit: Event,
  configs: { readonly old: unknown; readonly new: unknown } | null = null,
): Event {
  const user = audit['user'] ?? audit['apiKey']
  return {
    ...envelope('AlertEvent', id, Number(audit['@timestamp']), String(audit['@env'])),
    alert,
    ...fieldsOf(shape, user, audit),
    ...(configs !== null && { oldConfig: maskSecrets(configs.old), newConfig: maskSecrets(configs.new) }),
  }
}

function fieldsOf(shape: AlertShape, user: unknown, audit: Event): Event {
  switch (shape) {
    case 'user':
      return { user }
    case 'event':
      return { user, event: audit }
    case 'identity':
      return { adminApiAlert: true, user, identity: user, audit_payload: audit }
    default:
      return { adminApiAlert: true, user, audit_payload: audit }
  }
}

function envelope(type: string, id: string, at: number, env: string): Event {
  return {
    '@id': id,
    '@timestamp': at,
    '@type': type,
    '@product': 'otoroshi',
    '@serviceId': '--',
    '@service': 'Otoroshi',
    '@env': env,
  }
}
