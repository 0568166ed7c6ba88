/**
 * Settings of the process, from one table of declarations.
 *
 * Guarantees: the same settings whatever source they come from; the result is valid as a whole, or every fault is named
 * at once; secrets are never printed. Does not check what only the running process can know: whether a port is free, a
 * directory writable, a certificate sound.
 */
export { describeSettings, startHelp } from './describe.ts'
export { type LoadedSettings, loadSettings, type SettingsSources } from './load.ts'
export { type PostgresTarget, postgresTarget } from './postgres/target.ts'
export { PUBLIC_KEY, publicSecret } from './public-secrets.ts'
export { type ReadableSettings, readableSettings, secretVariables } from './readable.ts'
export { isRedisKind, limiterTarget, type RedisTarget, redisTarget } from './redis/target.ts'
export { settingsReference } from './reference.ts'
export { SettingsError } from './settings-error.ts'
export type { HttpLimitSettings, PoolSettings, Settings } from './shape.ts'
export type { LogLevel } from './table/monitoring.ts'
