/** Where calls are counted durably: in the store of the entities, and in a Redis apart where the settings name one. */
import type { QuotaBook } from '../admin-api/quotas-api.ts'
import { limiterTarget, type Settings } from '../config/index.ts'
import type { ThreadSettings } from '../data-plane/thread-settings.ts'
import { DurableCounts } from '../limits/durable-counts.ts'
import { isApart, type Subject } from '../limits/subject.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/contract.ts'
import { StartFailure } from './failure.ts'
import { keyQuotas } from './key-quotas.ts'
import type { Log } from './log.ts'

export interface CallCounts {
  /** Keeps account of a subject; answers whether its store could be asked. */
  settle(subject: Subject): Promise<boolean>
  readonly quotas: QuotaBook
  /** Tells the stores what is left. */
  close(): Promise<void>
}

/** Nobody else writes entities there: there is nothing to look for. */
const NEVER_LOOKS = 2_147_483_647

/** Rejects with `StartFailure` or `StoreUnavailable` when the Redis apart cannot be used. */
export async function openCallCounts(
  settings: Settings,
  store: Store,
  { memory, apart, zone, windowMs }: ThreadSettings['counts'],
  log: Log,
): Promise<CallCounts> {
  const shared = { root: settings.storage.root, zone, every: settings.limits.every }
  const away = (place: string) => (error: unknown) =>
    log('warn', `calls cannot be told to ${place}: ${error instanceof Error ? error.message : String(error)}`)
  const own = new DurableCounts({ ...shared, memory, store, onFailure: away('the store') })
  const redis = apart === null ? null : await openApart(settings)
  const others =
    apart === null || redis === null
      ? null
      : new DurableCounts({ ...shared, memory: apart, store: redis, onFailure: away('the Redis of limits') })
  const countsOf = ({ family }: Subject): DurableCounts => (others !== null && isApart(family) ? others : own)
  return {
    settle: subject => countsOf(subject).settle(subject),
    quotas: keyQuotas(countsOf, windowMs, others !== null),
    async close() {
      await own.close()
      await others?.close()
      await redis?.close()
    },
  }
}

async function openApart(settings: Settings): Promise<Store> {
  const target = limiterTarget(settings.limits.redis, settings.redis)
  if (typeof target === 'string') throw new StartFailure(target)
  const { dataDir, root } = settings.storage
  return openStore({ storage: 'redis', dataDir, root, redis: target, lookEvery: NEVER_LOOKS })
}
