/** Secrets of API keys that rotate: the job of this instance, its alerts and what the threads are told. */
import { randomUUID } from 'node:crypto'
import type { ControlPlane } from '../control/control-plane.ts'
import { SecretRotation } from '../control/rotation/secret-rotation.ts'
import type { DataPlane } from '../data-plane/data-plane.ts'
import { buildAlert, type EventPort, maskSecrets } from '../events/index.ts'
import type { Log } from './log.ts'

const nowhere = { id: '', name: '' }

/** The job; `start` it once the store is loaded. */
export function secretRotation(
  control: ControlPlane,
  dataPlane: Pick<DataPlane, 'setRotations'>,
  alerts: EventPort,
  env: string,
  log: Log,
): SecretRotation {
  const alert = (name: string, fields: () => Readonly<Record<string, unknown>>): void => {
    if (alerts.wanted) alerts.emit(buildAlert(name, randomUUID(), Date.now(), env, nowhere, fields()))
  }
  return new SecretRotation({
    control,
    onAnnounced: key =>
      alert('ApiKeySecretWillRotate', () => ({
        inHoursOrLess: key.rotation.gracePeriod,
        apikey: maskSecrets(key),
      })),
    onExchanged: (before, after) =>
      alert('ApiKeySecretHasRotated', () => ({ oldApikey: maskSecrets(before), apikey: maskSecrets(after) })),
    onTimes: times => dataPlane.setRotations(times),
    onFailure: error =>
      log('warn', `rotation of secrets: ${error instanceof Error ? error.message : String(error)}`),
  })
}
