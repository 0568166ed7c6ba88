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

/** The fields of an instance, as upstream's enrichment names them: the same for every event. */
export class InstanceFields {
  readonly fields: Readonly<Record<string, unknown>>
  /** The fields as JSON, without the braces. */
  readonly text: string

  constructor(facts: InstanceFacts) {
    this.fields = {
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
    this.text = JSON.stringify(this.fields).slice(1, -1)
  }

  /** The event with upstream's enrichment. Keys of the event itself stay, except those that enrichment owns. */
  enrich(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return {
      ...event,
      'user-agent-details': event['userAgentInfo'] ?? null,
      'origin-details': event['geolocationInfo'] ?? null,
      ...this.fields,
    }
  }
}
