/** Data exporters: from entities to the events thread, and faults back to their status. */
import type { ControlPlane } from '../control/control-plane.ts'
import type { EventsHub, ExporterConfig, ExporterStatus } from '../events/index.ts'
import { dataExporter as kind } from '../model/kinds/data-exporter.ts'
import { readEntityText } from '../model/read.ts'
import type { Delta } from '../revision/delta.ts'

export class Exporters {
  readonly #control: ControlPlane
  readonly #hub: EventsHub
  #last: Delta | null = null

  constructor(control: ControlPlane, hub: EventsHub) {
    this.#control = control
    this.#hub = hub
  }

  /** Configures what the delta names. */
  follow(delta: Delta): void {
    for (const { kind: named, id } of delta.removals) if (named === kind.kind) this.#hub.configure(id, null)
    for (const { kind: named, id, json } of delta.writes) {
      if (named !== kind.kind || json === null) continue
      this.#last = delta
      const parsed = readEntityText(kind, json)
      this.#hub.configure(id, parsed.ok ? configOf(parsed.value) : null)
    }
  }

  /** What the events thread says of the exporters it runs. */
  report(statuses: readonly ExporterStatus[]): void {
    const delta = this.#last
    if (delta === null) return
    const faults = statuses.flatMap(({ id, fault }) =>
      fault === null ? [] : [{ kind: kind.kind, id, reason: 'exporter.invalid', message: fault }],
    )
    if (faults.length > 0) this.#control.acknowledge(delta, { revision: delta.revision, faults })
  }
}

function configOf(entity: ExporterConfig): ExporterConfig {
  const { id, type, enabled, bufferSize, sendWorkers, groupSize, groupDuration } = entity
  const { filtering, projection, customFilter, customTransform, config } = entity
  return {
    id,
    type,
    enabled,
    bufferSize,
    sendWorkers,
    groupSize,
    groupDuration,
    filtering,
    projection,
    customFilter,
    customTransform,
    config,
  }
}
