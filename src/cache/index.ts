/**
 * A shared HTTP cache (RFC 9111): what may be kept and given out, and the memory that all threads of an instance keep it in.
 * Knows messages by their fields only; asking the backend is the business of whoever uses it.
 */
export { AnswerStore, type Found, type Outcome, type Place } from './answer-store.ts'
export { type Directives, readDirectives } from './cache-control.ts'
export { type CacheReport, cacheStatus, type Forwarded } from './cache-status.ts'
export { CONDITIONS, partWanted, unchanged, validators } from './conditions.ts'
export { type Field, type Fields, members } from './fields.ts'
export type { Filling } from './filling.ts'
export { type Life, lifeOf } from './freshness.ts'
export { type CacheMemory, createCacheMemory, LEAST_MEMORY, MOST_MEMORY } from './layout.ts'
export type { PinnedAnswer } from './pinned-answer.ts'
export { bury, type CacheFigures, figuresOf, purge, type PurgeOrder, urlText } from './purge.ts'
export { type ByteRange, readContentRange, readRange } from './ranges.ts'
export { freshFor, mayStandIn, type ReusePolicy, reuse } from './reuse.ts'
export { keptFields, mayStore, type SilentAnswers } from './storable.ts'
export { confirmed, type HeadFacts, StoredHead } from './stored-head.ts'
export { tagsOf } from './tags.ts'
export { selectedBy, selects } from './vary.ts'
