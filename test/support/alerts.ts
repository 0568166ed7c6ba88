/** Alerts of a gateway, as a data exporter writes them to a file. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import type { TestGateway } from './gateway.ts'
import { until } from './wait.ts'

export type Alert = Readonly<Record<string, unknown>>

export class Alerts {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Lets the gateway write its alerts to a file that is not there yet. */
  static async of(gateway: TestGateway, path: string): Promise<Alerts> {
    const created = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
      id: 'alerts-to-file',
      name: 'alerts-to-file',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      config: { path, maxFileSize: 10_000_000 },
      filtering: { include: [{ '@type': 'AlertEvent' }], exclude: [] },
    })
    assert.equal(created.status, 201, created.text)
    return new Alerts(path)
  }

  all(): Alert[] {
    if (!existsSync(this.#path)) return []
    // The last line may not be whole yet.
    return readFileSync(this.#path, 'utf8')
      .split('\r\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Alert)
  }

  /** The first alert that fits, once it is written; `provoke` is called until then, as threads may not know yet who listens. */
  first(fits: (alert: Alert) => boolean, provoke: () => unknown = () => {}): Promise<Alert> {
    return until('the alert is written', async () => {
      await provoke()
      return this.all().find(fits)
    })
  }
}
