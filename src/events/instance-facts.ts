/** What every event is told about the instance it comes from. */
export interface InstanceFacts {
  readonly number: number
  readonly name: string
  readonly zone: string
  readonly region: string
  readonly dc: string
  readonly provider: string
  readonly rack: string
}

/** Adds upstream's enrichment. Keys of the event itself stay, except those that enrichment owns. */
export function enrich(
  event: Readonly<Record<string, unknown>>,
  facts: InstanceFacts,
): Record<string, unknown> {
  return {
    ...event,
    'user-agent-details': event['userAgentInfo'] ?? null,
    'origin-details': event['geolocationInfo'] ?? null,
    'instance-number': facts.number,
    'instance-name': facts.name,
    'instance-zone': facts.zone,
    'instance-region': facts.region,
    'instance-dc': facts.dc,
    'instance-provider': facts.provider,
    'instance-rack': facts.rack,
    'cluster-mode': 'Off',
    'cluster-name': 'none',
  }
}
