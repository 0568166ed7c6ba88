/** Whose calls are counted, and under which keys of the store: upstream's. */
import { createHash } from 'node:crypto'

/**
 * What is counted. `node` is for what one instance counts for itself; all others are shared by the instances on one store.
 */
export type Family =
  | 'apikey'
  | 'route'
  | 'custom-quotas'
  | 'custom-throttling'
  | 'limiter'
  | 'lua-limiter'
  | 'address'
  | 'global'
  | 'node'

/** Plain data: it travels to the main thread. */
export interface Subject {
  readonly family: Family
  /** Only counters of the `custom` families have one; empty otherwise. */
  readonly group: string
  readonly id: string
}

/** Keys below the root of the store; null for what the family does not count. */
export interface CounterKeys {
  readonly window: string | null
  readonly daily: string | null
  readonly monthly: string | null
  /** Everything there ever was. Written for whoever reads it, never asked. */
  readonly total: string | null
}

/** Families with quotas of a day and a month: what was counted is asked of the store before the first call passes. */
const kept = new Set<Family>(['apikey', 'route', 'custom-quotas', 'limiter', 'lua-limiter'])

export function isKept(family: Family): boolean {
  return kept.has(family)
}

/** Families that are counted in a Redis of their own where the settings name one. */
export function isApart(family: Family): boolean {
  return family === 'limiter' || family === 'lua-limiter'
}

/** Longer ids, which come from expressions over requests, are counted under their digest. */
const LONGEST = 512

/** A subject; ids of any length and content are made ones that a store takes. */
export function subjectOf(family: Family, id: string, group = ''): Subject {
  return { family, group: storable(group), id: storable(id) }
}

function storable(text: string): string {
  const clean = text.length <= LONGEST && !text.includes('\0') && text.isWellFormed()
  return clean ? text : `sha256-${createHash('sha256').update(text.toWellFormed()).digest('hex')}`
}

/** A text that no other subject has. */
export function nameOf({ family, group, id }: Subject): string {
  return `${family} ${group.length} ${group} ${id}`
}

export function counterKeys(root: string, { family, group, id }: Subject): CounterKeys {
  const four = (prefix: string, window: string, behind: string): CounterKeys => ({
    window: `${root}:${prefix}${window}${behind}`,
    daily: `${root}:${prefix}daily${behind}`,
    monthly: `${root}:${prefix}monthly${behind}`,
    total: `${root}:${prefix}global${behind}`,
  })
  const none = { window: null, daily: null, monthly: null, total: null }
  switch (family) {
    case 'apikey':
      return four('apikey:quotas:', 'second', `:${id}`)
    case 'route':
      return four('plugins:services-public-quotas:', 'second', `:${id}`)
    case 'limiter':
      return four('ratelimiter:quotas:', 'window', `:${id}`)
    case 'lua-limiter':
      return four(`ratelimiter:lua:{${id}}:`, 'window', '')
    case 'custom-quotas':
      return {
        ...none,
        daily: `${root}:plugins:custom-quotas:${group}:daily:${id}`,
        monthly: `${root}:plugins:custom-quotas:${group}:monthly:${id}`,
      }
    case 'custom-throttling':
      return { ...none, window: `${root}:plugins:custom-throttling:${group}:second:${id}` }
    case 'address':
      return { ...none, window: `${root}:throttling:perip:${id}` }
    case 'global':
      return { ...none, window: `${root}:throttling:global` }
    case 'node':
      return none
  }
}
