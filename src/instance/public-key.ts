/** Whether the store still has a key of the admin API that everybody knows: settings tell of a first start only. */
import { PUBLIC_KEY, publicSecret, type Settings } from '../config/index.ts'
import type { ControlPlane } from '../control/control-plane.ts'
import { apikey } from '../model/kinds/apikey.ts'

/** A sentence when a stored key has the public secret and the settings, which draw their own, have another; else null. */
export async function storedPublicKey(control: ControlPlane, { adminApi }: Settings): Promise<string | null> {
  if (adminApi.clientSecret === PUBLIC_KEY.secret) return null
  for (const id of new Set([adminApi.clientId, PUBLIC_KEY.clientId])) {
    await control.fetch(apikey.kind, id)
    const key = control.get(apikey, id)?.view()
    if (key === undefined || key['enabled'] === false) continue
    const { clientSecret, rotation } = key
    const next = typeof rotation === 'object' && rotation !== null && 'nextSecret' in rotation
    const secrets = [clientSecret, next ? rotation.nextSecret : null]
    // The setting does not change a key that is there.
    if (secrets.includes(PUBLIC_KEY.secret))
      return publicSecret(`the client secret of the stored API key ${id}`, undefined)
  }
  return null
}
