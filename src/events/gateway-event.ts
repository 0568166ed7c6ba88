/**
 * The event of one request, in upstream's shape. Made only when somebody listens (law 9), and of its fields only those that are
 * read: a filter that looks at the status does not pay for four lists of header fields.
 *
 * Values of fields that carry credentials are masked: events are shipped to places that must not be able to log in.
 */
import type { EventIdentity, EventParent, EventRoute, GatewayEventFacts } from './gateway-event-facts.ts'
import type { InstanceFields } from './instance-facts.ts'
import { withFields } from './json-text.ts'
import { LazyEvent } from './lazy-event.ts'
import { type EventField, maskedFields } from './masked-fields.ts'
import { maskSecrets } from './mask-secrets.ts'
import { shownEntity, shownText } from './shown-entity.ts'

const NO_QUOTAS = {
  authorizedCallsPerWindow: -1,
  throttlingCallsPerWindow: -1,
  remainingCallsPerWindow: -1,
  authorizedCallsPerDay: -1,
  currentCallsPerDay: -1,
  remainingCallsPerDay: -1,
  authorizedCallsPerMonth: -1,
  currentCallsPerMonth: -1,
  remainingCallsPerMonth: -1,
}

type Read = (facts: GatewayEventFacts) => unknown

/** Each field of the event, in upstream's order, but for the route. */
const readers = {
  '@type': () => 'GatewayEvent',
  '@id': facts => facts.id,
  '@timestamp': facts => facts.endedAt,
  '@callAt': facts => facts.receivedAt,
  reqId: facts => facts.requestId,
  parentReqId: facts => facts.parent?.request ?? null,
  protocol: facts => facts.protocol,
  to: facts => ({ host: facts.host, scheme: facts.scheme, uri: facts.uri }),
} satisfies Record<string, Read>
void readers
