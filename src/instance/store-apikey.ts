/** Stores API keys that plugins of the data plane make. */
import type { ControlPlane } from '../control/control-plane.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { apikey } from '../model/kinds/apikey.ts'

/** Stores the key unless one of its id is there; answers why it could not, or null. Never rejects. */
export async function storeApikey(
  control: ControlPlane,
  key: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const id = key['clientId']
  if (typeof id !== 'string' || id === '') return 'the key has no id'
  try {
    await control.change({
      definition: apikey as EntityDefinition,
      id,
      transition: current => (current === null ? { action: 'write', entity: key } : { action: 'keep' }),
    })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
