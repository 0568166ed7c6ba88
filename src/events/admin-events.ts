/** Events of writes over the admin API, in upstream's shape: the audit event, and the alert that carries it. */
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

/** Builds the alert `alert` about an audit event; `more`: fields of this alert, secrets are masked here. */
export function buildAdminAlert(
  alert: string,
  id: string,
  audit: Event,
  more: Readonly<Record<string, unknown>> = {},
): Event {
  return {
    ...envelope('AlertEvent', id, Number(audit['@timestamp']), String(audit['@env'])),
    alert,
    adminApiAlert: true,
    user: audit['user'] ?? audit['apiKey'],
    audit_payload: audit,
    ...(maskSecrets(more) as Event),
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
