/** The control plane itself as a way to write: what the admin API does, without its process. */
import type { ControlPlane } from '../../../src/control/control-plane.ts'
import type { Decision } from '../../../src/control/change.ts'
import { ownOrigin } from '../../../src/control/history/change-record.ts'
import type { IndexedEntity } from '../../../src/control/indexed-entity.ts'
import type { IncomingEntity } from '../../../src/control/replacement.ts'
import { apikey, route } from '../../../src/control/testing/entities.ts'
import { readEntity } from '../../../src/model/read.ts'
import { storageKeyOf } from '../../../src/model/storage-key.ts'
import type { Door } from './clients.ts'
import { entityOf, isKey, type Line } from './operations.ts'

export function planeDoor(control: ControlPlane): Door {
  const change = async (
    id: string,
    decide: (current: IndexedEntity | null) => Decision,
  ): Promise<boolean> => {
    const definition = isKey(id) ? apikey : route
    const { changed } = await control.change({ definition, id, origin: ownOrigin, transition: decide })
    return changed
  }
  const put = (line: Line): Promise<boolean> => {
    const entity = entityOf(line)
    return change(line.id, () => ({ action: 'write', entity }))
  }
  return {
    put,
    patch: ({ id, mark }) =>
      change(id, current =>
        current === null
          ? { action: 'keep' }
          : { action: 'write', entity: { ...current.view(), metadata: { mark } } },
      ),
    remove: id => change(id, current => (current === null ? { action: 'keep' } : { action: 'remove' })),
    async bulk(lines, done) {
      // Asked for in one turn, as the lines of a body that arrive together are.
      await Promise.all(lines.map((line, i) => put(line).then(() => done(i))))
    },
    async import(lines) {
      const entities = new Map(lines.map(line => incoming(line)).map(one => [one.key, one]))
      await control.replaceAll({
        entities,
        stays: entity => !/^k?crash-/.test(entity.id),
        changes: [],
        origin: ownOrigin,
      })
      return true
    },
  }
}

function incoming(line: Line): IncomingEntity {
  const definition = isKey(line.id) ? apikey : route
  const read = readEntity(definition, entityOf(line))
  if (!read.ok) throw new Error(JSON.stringify(read.faults))
  const key = storageKeyOf('otoroshi', definition, line.id)
  return { definition, id: line.id, key, json: JSON.stringify(read.value), expiresAt: 0 }
}
