/** How long it is remembered who changed what. */
import { setting } from '../setting.ts'
import { flag, whole } from '../value-types.ts'

export const history = {
  enabled: setting({
    key: 'otoroshi.history.enabled',
    env: ['OTOROSHI_HISTORY_ENABLED'],
    type: flag,
    default: true,
    about: 'keep a version of an entity with every change of it: who, when, from where, before and after',
  }),
  versions: setting({
    key: 'otoroshi.history.versions',
    env: ['OTOROSHI_HISTORY_VERSIONS'],
    type: whole(0, 1_000_000),
    default: 100,
    about:
      'versions kept of each entity, 0 for all of them; a tenth more may be there until the next cleaning up of an entity that is written',
  }),
  total: setting({
    key: 'otoroshi.history.total',
    env: ['OTOROSHI_HISTORY_TOTAL'],
    type: whole(0, 100_000_000),
    default: 500_000,
    about:
      'changes kept in all, whatever entities they are of, 0 for all of them; an import is one; a fifth more may be there until the next cleaning up. One takes the size of its entity and about 1 KB in the store',
  }),
  days: setting({
    key: 'otoroshi.history.days',
    env: ['OTOROSHI_HISTORY_DAYS'],
    type: whole(0, 36_500),
    default: 90,
    about: 'days a version is kept, 0 for ever; looked at once an hour',
  }),
}
