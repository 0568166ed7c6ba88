/** Where the built-in plugins differ from upstream's on purpose. The reasons stand in `docs/differences.md`. */

/** Ids of plugins upstream does not have. */
export const ownPlugins: ReadonlySet<string> = new Set([
  'cp:otoroshi.next.plugins.DnsSrvTarget',
  'cp:otoroshi.next.plugins.ZstdResponseCompressor',
])

/** Plugin → its family here. */
export const differentFamilies: Readonly<Record<string, string>> = {}

/** Plugin → its steps here. */
export const differentSteps: Readonly<Record<string, readonly string[]>> = {
  'cp:otoroshi.next.plugins.ApikeyAuthModule': ['PreRoute', 'TransformRequest'],
  'cp:otoroshi.next.plugins.LimitHeaderOutTooLong': ['TransformResponse'],
  'cp:otoroshi.next.plugins.RejectHeaderOutTooLong': ['TransformResponse'],
}

/** Plugin → setting → default here. `undefined`: the setting has none. */
export const differentDefaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'cp:otoroshi.next.plugins.LocalTokenBucket': { bucketKey: null },
  'cp:otoroshi.next.plugins.TimeControlledCanaryMode': { start: null, stop: null },
}
